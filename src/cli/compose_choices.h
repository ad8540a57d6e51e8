// What `up` and `attach` let their user choose of composition.
#pragma once

#include "base/result.h"
#include "cli/command.h"
#include "platform/controller_groups.h"

namespace plinth::cli {

inline constexpr OptionSpec kAllowCrdDeletionOption = {
    "--allow-crd-deletion", "",
    "deleting a ResourceGraphDefinition or ResourceGroup deletes its CRD, and with it all instances", "", false};
inline constexpr OptionSpec kGraphRevisionsOption = {
    "--graph-revisions", "N", "revisions of a definition that are kept, beside those that a rollout needs", "5", false};

Result<platform::ComposeChoices> compose_choices(const Arguments& arguments);

}  // namespace plinth::cli
