// What a cluster needs so that the controllers can run attached to it: CRDs, an account, its rights.
#pragma once

#include <string>
#include <vector>

#include "base/value.h"
#include "platform/controller_groups.h"

namespace plinth::platform {

inline constexpr std::string_view kAttachAccount = "plinth-attach";

// In the order in which they are to be applied. What is allowed to be deleted decides which rights are needed.
std::vector<Document> attach_manifests(const std::string& name_space, const ComposeChoices& choices);

}  // namespace plinth::platform
