#include "api/cel/environments.h"

#include "api/cel/libraries.h"
#include "cel/lib/libraries.h"

namespace plinth::api {
namespace {

using MakeLibrary = cel::Library (*)();

cel::Environment with(std::initializer_list<MakeLibrary> libraries) {
  cel::Environment environment;
  for (MakeLibrary library : libraries) environment.add(library());
  return environment;
}

cel::Environment make_rules_environment() {
  cel::Environment environment =
      with({cel::optionals_library, cel::strings_library, cel::lists_library, cel::sets_library, cel::network_library,
            cel::comprehensions_library, cel::kubernetes_regex_library, cel::kubernetes_lists_library, cel::urls_library,
            cel::semver_library, quantities_library, formats_library});
  environment.settings().homogeneous_literals = true;
  environment.settings().validate_constants = true;
  return environment;
}

cel::Environment make_composition_environment() {
  return with({cel::optionals_library, cel::strings_library, cel::lists_library, cel::sets_library, cel::math_library,
               cel::encoders_library, cel::regex_library, cel::network_library, cel::bindings_library,
               cel::comprehensions_library, cel::kubernetes_regex_library, cel::kubernetes_lists_library, cel::urls_library,
               cel::semver_library, cel::kro_library, quantities_library, formats_library});
}

}  // namespace

cel::Environment rules_environment() {
  static const cel::Environment made = make_rules_environment();  // copies share its functions
  return made;
}

cel::Environment composition_environment(std::shared_ptr<const cel::TimeZones> zones) {
  static const cel::Environment made = make_composition_environment();
  cel::Environment environment = made;
  environment.settings().zones = std::move(zones);
  return environment;
}

}  // namespace plinth::api
