#include "csi/csi_client.h"

#include "csi.pb.h"
#include "csi/wire_calls.h"

namespace plinth::csi {
namespace {

namespace wire = ::csi::v1;

// What staging and publishing ask for alike.
template <typename Request>
Request node_request(const NodeCall& from) {
  Request out;
  out.set_volume_id(from.volume_id);
  out.set_staging_target_path(from.staging_path);
  fill_capability(*out.mutable_volume_capability(), from.capability);
  if (!from.mount_group.empty()) out.mutable_volume_capability()->mutable_mount()->set_volume_mount_group(from.mount_group);
  fill(*out.mutable_publish_context(), from.publish_context);
  fill(*out.mutable_secrets(), from.secrets);
  fill(*out.mutable_volume_context(), from.volume_context);
  return out;
}

}  // namespace

void CsiClient::stage(const NodeCall& given, Done<Nothing> done) {
  call<wire::NodeStageVolumeResponse>(*channel_, "/csi.v1.Node/NodeStageVolume",
                                      node_request<wire::NodeStageVolumeRequest>(given), kCallTimeout, std::move(done));
}

void CsiClient::publish(const NodeCall& given, Done<Nothing> done) {
  auto request = node_request<wire::NodePublishVolumeRequest>(given);
  request.set_target_path(given.target_path);
  request.set_readonly(given.read_only);
  call<wire::NodePublishVolumeResponse>(*channel_, "/csi.v1.Node/NodePublishVolume", request, kCallTimeout, std::move(done));
}

void CsiClient::unpublish(const std::string& id, const std::string& target, Done<Nothing> done) {
  wire::NodeUnpublishVolumeRequest request;
  request.set_volume_id(id);
  request.set_target_path(target);
  call<wire::NodeUnpublishVolumeResponse>(*channel_, "/csi.v1.Node/NodeUnpublishVolume", request, kCallTimeout,
                                          std::move(done));
}

void CsiClient::unstage(const std::string& id, const std::string& staging, Done<Nothing> done) {
  wire::NodeUnstageVolumeRequest request;
  request.set_volume_id(id);
  request.set_staging_target_path(staging);
  call<wire::NodeUnstageVolumeResponse>(*channel_, "/csi.v1.Node/NodeUnstageVolume", request, kCallTimeout, std::move(done));
}

void CsiClient::expand_on_node(const NodeExpandCall& given, Done<Nothing> done) {
  wire::NodeExpandVolumeRequest request;
  request.set_volume_id(given.volume_id);
  request.set_volume_path(given.volume_path);
  request.set_staging_target_path(given.staging_path);
  request.mutable_capacity_range()->set_required_bytes(given.required_bytes);
  fill_capability(*request.mutable_volume_capability(), given.capability);
  fill(*request.mutable_secrets(), given.secrets);
  call<wire::NodeExpandVolumeResponse>(*channel_, "/csi.v1.Node/NodeExpandVolume", request, kCallTimeout, std::move(done));
}

void CsiClient::volume_stats(const std::string& id, const std::string& path, Done<VolumeStats> done) {
  wire::NodeGetVolumeStatsRequest request;
  request.set_volume_id(id);
  request.set_volume_path(path);
  call<wire::NodeGetVolumeStatsResponse, VolumeStats>(*channel_, "/csi.v1.Node/NodeGetVolumeStats", request, kStatsTimeout,
                                                      std::move(done),
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
