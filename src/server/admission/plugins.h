// The built-in admission plugins, one file each; default_admission_plugins() has their order.
#pragma once

#include <memory>

#include "server/admission/admission.h"

namespace plinth::server {

std::unique_ptr<AdmissionPlugin> make_namespace_lifecycle();
std::unique_ptr<AdmissionPlugin> make_rbac_escalation();
std::unique_ptr<AdmissionPlugin> make_definition_names();
std::unique_ptr<AdmissionPlugin> make_limit_ranger();
std::unique_ptr<AdmissionPlugin> make_service_account();
std::unique_ptr<AdmissionPlugin> make_priority();
std::unique_ptr<AdmissionPlugin> make_default_toleration_seconds();
std::unique_ptr<AdmissionPlugin> make_default_storage_class();
std::unique_ptr<AdmissionPlugin> make_default_ingress_class();
std::unique_ptr<AdmissionPlugin> make_node_taint();
std::unique_ptr<AdmissionPlugin> make_storage_in_use_protection();
std::unique_ptr<AdmissionPlugin> make_claim_resize();
std::unique_ptr<AdmissionPlugin> make_runtime_class();
std::unique_ptr<AdmissionPlugin> make_certificate_requests();
std::unique_ptr<AdmissionPlugin> make_pod_security();
std::unique_ptr<AdmissionPlugin> make_policy_type_checking();
std::unique_ptr<AdmissionPlugin> make_node_restriction();
std::unique_ptr<AdmissionPlugin> make_pod_topology_labels();

}  // namespace plinth::server
