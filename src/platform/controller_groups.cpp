#include "platform/controller_groups.h"

#include "compose/controllers/controllers.h"
#include "compose/kinds/crds.h"

namespace plinth::platform {
namespace {

std::vector<std::unique_ptr<client::Controller>> make_compose(const ControllerParts& parts) {
  compose::CompositionOptions options;
  options.install_kinds = parts.install == InstallKinds::kYes;
  options.entropy = std::shared_ptr<Entropy>(std::shared_ptr<void>(), parts.entropy);
  options.definitions = parts.definitions;
  if (parts.compose.allow_crd_deletion) options.definition.crd_deletion = compose::CrdDeletion::kYes;
  options.definition.revisions_kept = parts.compose.graph_revisions;
  return compose::make_composition_controllers(std::move(options));
}

constexpr ControllerGroup kGroups[] = {{"compose", "plinth-compose", make_compose, compose::composition_crds}};

}  // namespace

std::span<const ControllerGroup> controller_groups() { return kGroups; }

}  // namespace plinth::platform
