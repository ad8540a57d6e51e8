#include "csi_driver/services.h"

namespace plinth::csi_driver {

GrpcStatus get_plugin_info(Context& context, const wire::GetPluginInfoRequest&, wire::GetPluginInfoResponse& out) {
  out.set_name(std::string(kDriverName));
  out.set_vendor_version(context.options.version);
  return {};
}

GrpcStatus get_plugin_capabilities(Context&, const wire::GetPluginCapabilitiesRequest&,
                                   wire::GetPluginCapabilitiesResponse& out) {
  for (const int service : {1 /* CONTROLLER_SERVICE */, 2 /* VOLUME_ACCESSIBILITY_CONSTRAINTS */})
    out.add_capabilities()->mutable_service()->set_type(service);
  out.add_capabilities()->mutable_volume_expansion()->set_type(1 /* ONLINE */);
  return {};
}

GrpcStatus probe(Context&, const wire::ProbeRequest&, wire::ProbeResponse& out) {
  out.mutable_ready()->set_value(true);
  return {};
}

}  // namespace plinth::csi_driver
