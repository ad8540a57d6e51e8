#include "server/admission/plugins.h"

namespace plinth::server {

std::vector<std::unique_ptr<AdmissionPlugin>> default_admission_plugins() {
  std::vector<std::unique_ptr<AdmissionPlugin>> plugins;
  plugins.push_back(make_namespace_lifecycle());
  plugins.push_back(make_definition_names());
  plugins.push_back(make_rbac_escalation());
  return plugins;
}

}  // namespace plinth::server
