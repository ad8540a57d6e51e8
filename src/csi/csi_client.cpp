#include "csi/csi_client.h"

#include "csi.pb.h"

namespace plinth::csi {
namespace {

namespace wire = ::csi::v1;

template <typename Response, typename T, typename Convert>
void call(net::GrpcChannel& channel, const char* path, const google::protobuf::MessageLite& request, Done<T> done, Convert convert) {
  net::GrpcCallOptions options;
  options.timeout = CsiClient::kCallTimeout;
  channel.unary(path, request.SerializeAsString(), std::move(options),
                [done = std::move(done), convert = std::move(convert)](net::GrpcReply reply) mutable {
                  Reply<T> out{std::move(reply.status), T()};
                  Response response;
                  if (out.status.ok() && !response.ParseFromString(reply.message))
                    out.status = {net::GrpcCode::kInternal, "the driver's answer is damaged"};
                  if (out.status.ok()) convert(response, out.value);
                  done(std::move(out));
                });
}

template <typename Response>
void call(net::GrpcChannel& channel, const char* path, const google::protobuf::MessageLite& request, Done<Nothing> done) {
  call<Response, Nothing>(channel, path, request, std::move(done), [](const Response&, Nothing&) {});
}

template <typename Map>
void fill(Map& to, const StringMap& from) {
  for (const auto& [key, value] : from) to[key] = value;
}

void fill(wire::VolumeCapability& to, const workloads::CsiCapability& from) {
  to.mutable_access_mode()->set_mode(static_cast<int>(from.mode));
  if (from.block) {
    to.mutable_block();
    return;
  }
  to.mutable_mount()->set_fs_type(from.fs_type);
  for (const std::string& flag : from.mount_flags) to.mutable_mount()->add_mount_flags(flag);
}

// The calls of facts(), one after the other.
struct Asking {
  net::GrpcChannel& channel;
  DriverFacts facts;
  Done<DriverFacts> done;
};

template <typename Response, typename Request, typename Take>
void ask(std::shared_ptr<Asking> asking, const char* path, const Request& request, Take take) {
  net::GrpcChannel& channel = asking->channel;
  call<Response, Nothing>(
      channel, path, request,
      Done<Nothing>([asking](Reply<Nothing> reply) {
        if (!reply.status.ok()) asking->done({std::move(reply.status), {}});
      }),
      [asking, take](const Response& response, Nothing&) { take(response); });
}

void ask_node(std::shared_ptr<Asking> asking) {
  ask<wire::NodeGetInfoResponse>(asking, "/csi.v1.Node/NodeGetInfo", wire::NodeGetInfoRequest(),
                                 [asking](const wire::NodeGetInfoResponse& response) {
                                   asking->facts.node_id = response.node_id();
                                   asking->facts.volumes_max = response.max_volumes_per_node();
                                   for (const auto& [key, value] : response.accessible_topology().segments())
                                     asking->facts.topology[key] = value;
                                   asking->done({{}, std::move(asking->facts)});
                                 });
}

void take_node(DriverFacts& facts, int type) {
  switch (type) {
    case 1: facts.stages = true; break;
    case 2: facts.node_stats = true; break;
    case 3: facts.node_expands = true; break;
    case 5: facts.node_multi_writer_modes = true; break;
    case 6: facts.mount_group = true; break;
    default: break;
  }
}

void ask_node_capabilities(std::shared_ptr<Asking> asking) {
  ask<wire::NodeGetCapabilitiesResponse>(asking, "/csi.v1.Node/NodeGetCapabilities", wire::NodeGetCapabilitiesRequest(),
                                         [asking](const wire::NodeGetCapabilitiesResponse& response) {
                                           for (const auto& capability : response.capabilities()) {
                                             take_node(asking->facts, capability.rpc().type());
                                           }
                                           ask_node(asking);
                                         });
}

void take_controller(workloads::CsiDriverInfo& info, int type) {
  switch (type) {
    case 1: info.creates_volumes = true; break;
    case 2: info.publishes = true; break;
    case 5: info.snapshots = true; break;
    case 7: info.clones = true; break;
    case 13: info.multi_writer_modes = true; break;
    default: break;
  }
}

void ask_controller(std::shared_ptr<Asking> asking) {
  ask<wire::ControllerGetCapabilitiesResponse>(asking, "/csi.v1.Controller/ControllerGetCapabilities",
                                               wire::ControllerGetCapabilitiesRequest(),
                                               [asking](const wire::ControllerGetCapabilitiesResponse& response) {
                                                 for (const auto& capability : response.capabilities())
                                                   take_controller(asking->facts.info, capability.rpc().type());
                                                 ask_node_capabilities(asking);
                                               });
}

void ask_plugin(std::shared_ptr<Asking> asking) {
  ask<wire::GetPluginCapabilitiesResponse>(asking, "/csi.v1.Identity/GetPluginCapabilities", wire::GetPluginCapabilitiesRequest(),
                                           [asking](const wire::GetPluginCapabilitiesResponse& response) {
                                             bool controller = false;
                                             for (const auto& capability : response.capabilities()) {
                                               controller = controller || capability.service().type() == 1;
                                               asking->facts.info.topology =
                                                   asking->facts.info.topology || capability.service().type() == 2;
                                             }
                                             if (controller) ask_controller(asking);
                                             else ask_node_capabilities(asking);
                                           });
}

// What staging and publishing ask for alike.
template <typename Request>
Request node_request(const NodeCall& from) {
  Request out;
  out.set_volume_id(from.volume_id);
  out.set_staging_target_path(from.staging_path);
  fill(*out.mutable_volume_capability(), from.capability);
  if (!from.mount_group.empty()) out.mutable_volume_capability()->mutable_mount()->set_volume_mount_group(from.mount_group);
  fill(*out.mutable_publish_context(), from.publish_context);
  fill(*out.mutable_secrets(), from.secrets);
  fill(*out.mutable_volume_context(), from.volume_context);
  return out;
}

wire::CreateVolumeRequest create_request(const workloads::CreateVolumeCall& from, const StringMap& secrets) {
  wire::CreateVolumeRequest out;
  out.set_name(from.name);
  out.mutable_capacity_range()->set_required_bytes(from.required_bytes);
  for (const workloads::CsiCapability& capability : from.capabilities) fill(*out.add_volume_capabilities(), capability);
  fill(*out.mutable_parameters(), from.parameters);
  fill(*out.mutable_secrets(), secrets);
  if (!from.source_snapshot.empty())
    out.mutable_volume_content_source()->mutable_snapshot()->set_snapshot_id(from.source_snapshot);
  if (!from.source_volume.empty()) out.mutable_volume_content_source()->mutable_volume()->set_volume_id(from.source_volume);
  for (const workloads::CsiTopology& topology : from.requisite)
    fill(*out.mutable_accessibility_requirements()->add_requisite()->mutable_segments(), topology);
  for (const workloads::CsiTopology& topology : from.preferred)
    fill(*out.mutable_accessibility_requirements()->add_preferred()->mutable_segments(), topology);
  return out;
}

}  // namespace

void CsiClient::facts(Done<DriverFacts> done) {
  auto asking = std::make_shared<Asking>(Asking{*channel_, {}, std::move(done)});
  asking->facts.info.creates_volumes = false;
  ask<wire::GetPluginInfoResponse>(asking, "/csi.v1.Identity/GetPluginInfo", wire::GetPluginInfoRequest(),
                                   [asking](const wire::GetPluginInfoResponse& response) {
                                     asking->facts.info.name = response.name();
                                     ask_plugin(asking);
                                   });
}

void CsiClient::create_volume(const workloads::CreateVolumeCall& given, const StringMap& secrets,
                              Done<workloads::CreateVolumeAnswer> done) {
  call<wire::CreateVolumeResponse, workloads::CreateVolumeAnswer>(
      *channel_, "/csi.v1.Controller/CreateVolume", create_request(given, secrets), std::move(done),
      [](const wire::CreateVolumeResponse& response, workloads::CreateVolumeAnswer& out) {
        const wire::Volume& volume = response.volume();
        out.volume_id = volume.volume_id();
        out.capacity_bytes = volume.capacity_bytes();
        out.has_source = volume.has_content_source();
        for (const auto& [key, value] : volume.volume_context()) out.volume_context[key] = value;
        for (const wire::Topology& topology : volume.accessible_topology())
          out.topology.emplace_back(topology.segments().begin(), topology.segments().end());
      });
}

void CsiClient::delete_volume(const std::string& id, const StringMap& secrets, Done<Nothing> done) {
  wire::DeleteVolumeRequest request;
  request.set_volume_id(id);
  fill(*request.mutable_secrets(), secrets);
  call<wire::DeleteVolumeResponse>(*channel_, "/csi.v1.Controller/DeleteVolume", request, std::move(done));
}

void CsiClient::stage(const NodeCall& given, Done<Nothing> done) {
  call<wire::NodeStageVolumeResponse>(*channel_, "/csi.v1.Node/NodeStageVolume",
                                      node_request<wire::NodeStageVolumeRequest>(given), std::move(done));
}

void CsiClient::publish(const NodeCall& given, Done<Nothing> done) {
  auto request = node_request<wire::NodePublishVolumeRequest>(given);
  request.set_target_path(given.target_path);
  request.set_readonly(given.read_only);
  call<wire::NodePublishVolumeResponse>(*channel_, "/csi.v1.Node/NodePublishVolume", request, std::move(done));
}

void CsiClient::unpublish(const std::string& id, const std::string& target, Done<Nothing> done) {
  wire::NodeUnpublishVolumeRequest request;
  request.set_volume_id(id);
  request.set_target_path(target);
  call<wire::NodeUnpublishVolumeResponse>(*channel_, "/csi.v1.Node/NodeUnpublishVolume", request, std::move(done));
}

void CsiClient::unstage(const std::string& id, const std::string& staging, Done<Nothing> done) {
  wire::NodeUnstageVolumeRequest request;
  request.set_volume_id(id);
  request.set_staging_target_path(staging);
  call<wire::NodeUnstageVolumeResponse>(*channel_, "/csi.v1.Node/NodeUnstageVolume", request, std::move(done));
}

void CsiClient::expand_on_node(const NodeExpandCall& given, Done<Nothing> done) {
  wire::NodeExpandVolumeRequest request;
  request.set_volume_id(given.volume_id);
  request.set_volume_path(given.volume_path);
  request.set_staging_target_path(given.staging_path);
  request.mutable_capacity_range()->set_required_bytes(given.required_bytes);
  fill(*request.mutable_volume_capability(), given.capability);
  fill(*request.mutable_secrets(), given.secrets);
  call<wire::NodeExpandVolumeResponse>(*channel_, "/csi.v1.Node/NodeExpandVolume", request, std::move(done));
}

void CsiClient::volume_stats(const std::string& id, const std::string& path, Done<VolumeStats> done) {
  wire::NodeGetVolumeStatsRequest request;
  request.set_volume_id(id);
  request.set_volume_path(path);
  call<wire::NodeGetVolumeStatsResponse, VolumeStats>(
      *channel_, "/csi.v1.Node/NodeGetVolumeStats", request, std::move(done),
      [](const wire::NodeGetVolumeStatsResponse& response, VolumeStats& out) {
        constexpr int kBytes = 1, kInodes = 2;
        for (const wire::VolumeUsage& usage : response.usage()) {
          if (usage.unit() == kBytes) {
            out.bytes_total = usage.total();
            out.bytes_used = usage.used();
            out.bytes_available = usage.available();
          } else if (usage.unit() == kInodes) {
            out.inodes_total = usage.total();
            out.inodes_used = usage.used();
            out.inodes_free = usage.available();
          }
        }
      });
}

}  // namespace plinth::csi
