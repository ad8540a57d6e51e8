#include "platform/controller_groups.h"

#include "compose/controllers/controllers.h"
#include "compose/kinds/crds.h"

namespace plinth::platform {
namespace {

std::vector<std::unique_ptr<client::Controller>> make_compose(const ControllerParts& parts) {
  return compose::make_composition_controllers({parts.install == InstallKinds::kYes,
                                                std::shared_ptr<Entropy>(std::shared_ptr<void>(), parts.entropy),
                                                parts.definitions});
}

constexpr ControllerGroup kGroups[] = {{"compose", "plinth-compose", make_compose, compose::composition_crds}};

}  // namespace

std::span<const ControllerGroup> controller_groups() { return kGroups; }

}  // namespace plinth::platform
