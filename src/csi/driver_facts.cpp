// What a driver says of itself.
#include "csi.pb.h"
#include "csi/wire_calls.h"

namespace plinth::csi {
namespace {

namespace wire = ::csi::v1;

// The calls of facts(), one after the other.
struct Asking {
  net::GrpcChannel& channel;
  DriverFacts facts;
  Done<DriverFacts> done;
};

template <typename Response, typename Request, typename Take>
void ask(std::shared_ptr<Asking> asking, const char* path, const Request& request, Take take,
         std::function<void()> otherwise = nullptr) {
  net::GrpcChannel& channel = asking->channel;
  call<Response, Nothing>(channel, path, request, CsiClient::kControllerTimeout,
                          Done<Nothing>([asking, otherwise](Reply<Nothing> reply) {
                            if (reply.status.code == net::GrpcCode::kUnimplemented && otherwise) return otherwise();
                            if (!reply.status.ok()) asking->done({std::move(reply.status), {}});
                          }),
                          [asking, take](const Response& response, Nothing&) { take(response); });
}

// A driver that is a controller only has no node service.
void ask_node(std::shared_ptr<Asking> asking) {
  if (!asking->facts.on_node) return asking->done({{}, std::move(asking->facts)});
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
    case 1:
      facts.stages = true;
      break;
    case 2:
      facts.node_stats = true;
      break;
    case 3:
      facts.node_expands = facts.info.expands_on_node = true;
      break;
    case 5:
      facts.node_multi_writer_modes = true;
      break;
    case 6:
      facts.mount_group = true;
      break;
    default:
      break;
  }
}

void ask_node_capabilities(std::shared_ptr<Asking> asking) {
  ask<wire::NodeGetCapabilitiesResponse>(
      asking, "/csi.v1.Node/NodeGetCapabilities", wire::NodeGetCapabilitiesRequest(),
      [asking](const wire::NodeGetCapabilitiesResponse& response) {
        for (const auto& capability : response.capabilities()) take_node(asking->facts, capability.rpc().type());
        ask_node(asking);
      },
      [asking] {
        asking->facts.on_node = false;
        ask_node(asking);
      });
}

void take_controller(workloads::CsiDriverInfo& info, int type) {
  switch (type) {
    case 1:
      info.creates_volumes = true;
      break;
    case 2:
      info.publishes = true;
      break;
    case 4:
      info.tells_capacity = true;
      break;
    case 5:
      info.snapshots = true;
      break;
    case 6:
      info.lists_snapshots = true;
      break;
    case 7:
      info.clones = true;
      break;
    case 9:
      info.expands = true;
      break;
    case 13:
      info.multi_writer_modes = true;
      break;
    default:
      break;
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
  ask<wire::GetPluginCapabilitiesResponse>(
      asking, "/csi.v1.Identity/GetPluginCapabilities", wire::GetPluginCapabilitiesRequest(),
      [asking](const wire::GetPluginCapabilitiesResponse& response) {
        bool controller = false;
        for (const auto& capability : response.capabilities()) {
          controller = controller || capability.service().type() == 1;
          asking->facts.info.topology = asking->facts.info.topology || capability.service().type() == 2;
        }
        if (controller)
          ask_controller(asking);
        else
          ask_node_capabilities(asking);
      });
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

void CsiClient::probe(Done<Nothing> done) {
  call<wire::ProbeResponse>(*channel_, "/csi.v1.Identity/Probe", wire::ProbeRequest(), kProbeTimeout, std::move(done));
}

}  // namespace plinth::csi
