#include "compose/controllers/controllers.h"

#include "client/kind_keeper.h"
#include "compose/controllers/definition_controller.h"
#include "compose/controllers/definition_installer.h"
#include "compose/controllers/instance_controller.h"
#include "compose/controllers/rollout_controller.h"
#include "compose/definition/generated_crd.h"
#include "compose/kinds/crds.h"

namespace plinth::compose {

std::vector<std::unique_ptr<client::Controller>> make_composition_controllers(CompositionOptions options) {
  auto definitions = std::make_shared<Definitions>(
      options.entropy == nullptr ? definition_environment() : definition_environment(std::move(options.entropy)));
  std::vector<std::unique_ptr<client::Controller>> out;
  if (options.install_kinds) out.push_back(client::make_kind_keeper("composition-kinds", composition_crds(), crd_patch));
  out.push_back(make_definition_controller(definitions, options.definition));
  out.push_back(make_instance_controller(definitions));
  out.push_back(make_rollout_controller(definitions));
  if (!options.definitions.empty()) out.push_back(make_definition_installer(std::move(options.definitions)));
  return out;
}

}  // namespace plinth::compose
