#include "server/admission/admission.h"

#include "server/status.h"

namespace plinth::server {

std::string_view operation_name(Operation operation) {
  switch (operation) {
    case Operation::kCreate:
      return "CREATE";
    case Operation::kUpdate:
      return "UPDATE";
    case Operation::kDelete:
      return "DELETE";
    case Operation::kConnect:
      return "CONNECT";
  }
  return "";
}

Result<void> AdmissionPlugin::mutate(ServerContext&, AdmissionRequest&) const { return {}; }
Result<void> AdmissionPlugin::prepare(ServerContext&, AdmissionRequest&) const { return {}; }
Result<void> AdmissionPlugin::validate(ServerContext&, AdmissionRequest&) const { return {}; }

Result<void> AdmissionChain::mutate(ServerContext& context, AdmissionRequest& request) const {
  for (const auto& plugin : plugins_) TRY(plugin->mutate(context, request));
  return {};
}

Result<void> AdmissionChain::prepare(ServerContext& context, AdmissionRequest& request) const {
  for (const auto& plugin : plugins_) TRY(plugin->prepare(context, request));
  return {};
}

Result<void> AdmissionChain::validate(ServerContext& context, AdmissionRequest& request) const {
  for (const auto& plugin : plugins_) TRY(plugin->validate(context, request));
  return {};
}

Error admission_forbidden(const AdmissionRequest& request, std::string_view why) {
  std::string_view name = request.name;
  // A name is generated after mutating admission only.
  if (name.empty() && request.object != nullptr) name = request.object->root()["metadata"]["generateName"].as_string();
  if (name.empty()) name = "Unknown";
  return forbidden(request.group(), request.resource(), name, why);
}

}  // namespace plinth::server
