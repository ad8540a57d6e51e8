// Definitions become APIs: the CRD, the revisions, and what the definition says about itself.
#pragma once

#include <cstdint>
#include <memory>

#include "client/controller.h"
#include "compose/controllers/definitions.h"

namespace plinth::compose {

// Whether the CRD of a definition, and with it every instance, goes with the definition. kro's flag -allow-crd-deletion.
enum class CrdDeletion : bool { kNo, kYes };

// What kro has as flags.
struct DefinitionOptions {
  CrdDeletion crd_deletion = CrdDeletion::kNo;
  std::int64_t revisions_kept = 5;  // of a definition, at least; -rgd-max-graph-revisions
};

std::unique_ptr<client::Controller> make_definition_controller(std::shared_ptr<Definitions> definitions,
                                                               DefinitionOptions options);

}  // namespace plinth::compose
