#include "server/admission/plugins.h"

namespace plinth::server {

std::vector<std::unique_ptr<AdmissionPlugin>> default_admission_plugins() {
  std::vector<std::unique_ptr<AdmissionPlugin>> plugins;
  plugins.push_back(make_namespace_lifecycle());
  plugins.push_back(make_definition_names());
  plugins.push_back(make_rbac_escalation());
  plugins.push_back(make_limit_ranger());
  plugins.push_back(make_service_account());
  plugins.push_back(make_node_restriction());
  plugins.push_back(make_node_taint());
  plugins.push_back(make_pod_topology_labels());
  plugins.push_back(make_pod_security());
  plugins.push_back(make_priority());
  plugins.push_back(make_default_toleration_seconds());
  plugins.push_back(make_default_storage_class());
  plugins.push_back(make_storage_in_use_protection());
  plugins.push_back(make_claim_resize());
  plugins.push_back(make_runtime_class());
  plugins.push_back(make_certificate_requests());
  plugins.push_back(make_default_ingress_class());
  plugins.push_back(make_policy_type_checking());
  return plugins;
}

}  // namespace plinth::server
