#include "platform/controller_groups.h"

#include "compose/controllers/controllers.h"
#include "compose/kinds/crds.h"

namespace plinth::platform {
namespace {

std::vector<std::unique_ptr<client::Controller>> make_compose(InstallKinds install) {
  return compose::make_composition_controllers(install == InstallKinds::kYes);
}

constexpr ControllerGroup kGroups[] = {{"compose", "plinth-compose", make_compose, compose::composition_crds}};

}  // namespace

std::span<const ControllerGroup> controller_groups() { return kGroups; }

}  // namespace plinth::platform
