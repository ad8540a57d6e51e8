#include "server/admission/admission.h"

#include "server/status.h"

namespace plinth::server {

std::string_view operation_name(Operation operation) {
  switch (operation) {
    case Operation::kCreate: return "CREATE";
    case Operation::kUpdate: return "UPDATE";
    case Operation::kDelete: return "DELETE";
    case Operation::kConnect: return "CONNECT";
  }
  return "";
}

Result<void> AdmissionPlugin::mutate(ServerContext&, AdmissionRequest&) const { return {}; }
Result<void> AdmissionPlugin::validate(ServerContext&, AdmissionRequest&) const { return {}; }

Result<void> AdmissionChain::mutate(ServerContext& context, AdmissionRequest& request) const {
  for (const auto& plugin : plugins_) TRY(plugin->mutate(context, request));
  return {};
}

Result<void> AdmissionChain::validate(ServerContext& context, AdmissionRequest& request) const {
  for (const auto& plugin : plugins_) TRY(plugin->validate(context, request));
  return {};
}

Error admission_forbidden(const AdmissionRequest& request, std::string_view why) {
  return forbidden(request.group(), request.resource(), request.name, why);
}

}  // namespace plinth::server
