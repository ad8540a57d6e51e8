// Which call is which function.
#include <map>

#include <fmt/core.h>

#include "csi_driver/server.h"
#include "csi_driver/services.h"

namespace plinth::csi_driver {
namespace {

using Method = CallReply (*)(Context&, const std::string&);

template <typename Request, typename Response, GrpcStatus (*Run)(Context&, const Request&, Response&)>
CallReply run(Context& context, const std::string& message) {
  Request request;
  if (!request.ParseFromString(message)) return {static_cast<int>(GrpcCode::kInvalidArgument), "the request is damaged", ""};
  Response response;
  GrpcStatus status = Run(context, request, response);
  CallReply out;
  out.code = static_cast<int>(status.code);
  out.error = std::move(status.message);
  if (out.code == 0) out.message = response.SerializeAsString();
  return out;
}

#define METHOD(service, name, function) \
  { "/csi.v1." #service "/" #name, run<wire::name##Request, wire::name##Response, function> }

const std::map<std::string, Method>& methods() {
  static const std::map<std::string, Method> all = {
      METHOD(Identity, GetPluginInfo, get_plugin_info),
      METHOD(Identity, GetPluginCapabilities, get_plugin_capabilities),
      METHOD(Identity, Probe, probe),
      METHOD(Controller, CreateVolume, create_volume),
      METHOD(Controller, DeleteVolume, delete_volume),
      METHOD(Controller, ControllerExpandVolume, expand_volume),
      METHOD(Controller, ValidateVolumeCapabilities, validate_capabilities),
      METHOD(Controller, ListVolumes, list_volumes),
      METHOD(Controller, GetCapacity, get_capacity),
      METHOD(Controller, ControllerGetCapabilities, controller_capabilities),
      METHOD(Controller, CreateSnapshot, create_snapshot),
      METHOD(Controller, DeleteSnapshot, delete_snapshot),
      METHOD(Controller, ListSnapshots, list_snapshots),
      METHOD(Node, NodeStageVolume, stage_volume),
      METHOD(Node, NodeUnstageVolume, unstage_volume),
      METHOD(Node, NodePublishVolume, publish_volume),
      METHOD(Node, NodeUnpublishVolume, unpublish_volume),
      METHOD(Node, NodeGetVolumeStats, volume_stats),
      METHOD(Node, NodeExpandVolume, expand_on_node),
      METHOD(Node, NodeGetCapabilities, node_capabilities),
      METHOD(Node, NodeGetInfo, node_info),
  };
  return all;
}

}  // namespace

CallReply answer(Context& context, const std::string& path, const std::string& message) {
  const auto it = methods().find(path);
  if (it == methods().end()) return {static_cast<int>(GrpcCode::kUnimplemented), "the driver has no method " + path, ""};
  return it->second(context, message);
}

}  // namespace plinth::csi_driver
