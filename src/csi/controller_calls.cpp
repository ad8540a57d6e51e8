// Calls to the controller's part of a driver.
#include "csi.pb.h"
#include "csi/wire_calls.h"

namespace plinth::csi {
namespace {

namespace wire = ::csi::v1;

wire::CreateVolumeRequest create_request(const workloads::CreateVolumeCall& from, const StringMap& secrets) {
  wire::CreateVolumeRequest out;
  out.set_name(from.name);
  out.mutable_capacity_range()->set_required_bytes(from.required_bytes);
  for (const workloads::CsiCapability& capability : from.capabilities)
    fill_capability(*out.add_volume_capabilities(), capability);
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

void take(const wire::Snapshot& from, SnapshotAnswer& to) {
  constexpr std::int64_t kNsPerSecond = 1'000'000'000;
  to.id = from.snapshot_id();
  to.source_volume = from.source_volume_id();
  to.size_bytes = from.size_bytes();
  to.created_ns = from.creation_time().seconds() * kNsPerSecond + from.creation_time().nanos();
  to.ready = from.ready_to_use();
}

}  // namespace

void CsiClient::create_volume(const workloads::CreateVolumeCall& given, const StringMap& secrets,
                              Done<workloads::CreateVolumeAnswer> done) {
  call<wire::CreateVolumeResponse, workloads::CreateVolumeAnswer>(
      *channel_, "/csi.v1.Controller/CreateVolume", create_request(given, secrets), kControllerTimeout, std::move(done),
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
  call<wire::DeleteVolumeResponse>(*channel_, "/csi.v1.Controller/DeleteVolume", request, kControllerTimeout, std::move(done));
}

void CsiClient::controller_publish(const workloads::PublishCall& given, const StringMap& secrets, Done<StringMap> done) {
  wire::ControllerPublishVolumeRequest request;
  request.set_volume_id(given.volume_id);
  request.set_node_id(given.node_id);
  request.set_readonly(given.read_only);
  fill_capability(*request.mutable_volume_capability(), given.capability);
  fill(*request.mutable_secrets(), secrets);
  fill(*request.mutable_volume_context(), given.volume_context);
  call<wire::ControllerPublishVolumeResponse, StringMap>(
      *channel_, "/csi.v1.Controller/ControllerPublishVolume", request, kControllerTimeout, std::move(done),
      [](const wire::ControllerPublishVolumeResponse& response, StringMap& out) {
        out = StringMap(response.publish_context().begin(), response.publish_context().end());
      });
}

void CsiClient::controller_unpublish(const workloads::UnpublishCall& given, const StringMap& secrets, Done<Nothing> done) {
  wire::ControllerUnpublishVolumeRequest request;
  request.set_volume_id(given.volume_id);
  request.set_node_id(given.node_id);
  fill(*request.mutable_secrets(), secrets);
  call<wire::ControllerUnpublishVolumeResponse>(*channel_, "/csi.v1.Controller/ControllerUnpublishVolume", request,
                                                kControllerTimeout, std::move(done));
}

void CsiClient::controller_expand(const workloads::ExpandCall& given, const StringMap& secrets, Done<ExpandAnswer> done) {
  wire::ControllerExpandVolumeRequest request;
  request.set_volume_id(given.volume_id);
  request.mutable_capacity_range()->set_required_bytes(given.required_bytes);
  fill_capability(*request.mutable_volume_capability(), given.capability);
  fill(*request.mutable_secrets(), secrets);
  call<wire::ControllerExpandVolumeResponse, ExpandAnswer>(
      *channel_, "/csi.v1.Controller/ControllerExpandVolume", request, kControllerTimeout, std::move(done),
      [](const wire::ControllerExpandVolumeResponse& response, ExpandAnswer& out) {
        out = {response.capacity_bytes(), response.node_expansion_required()};
      });
}

void CsiClient::create_snapshot(const workloads::CreateSnapshotCall& given, const StringMap& secrets,
                                Done<SnapshotAnswer> done) {
  wire::CreateSnapshotRequest request;
  request.set_source_volume_id(given.source_volume);
  request.set_name(given.name);
  fill(*request.mutable_parameters(), given.parameters);
  fill(*request.mutable_secrets(), secrets);
  call<wire::CreateSnapshotResponse, SnapshotAnswer>(
      *channel_, "/csi.v1.Controller/CreateSnapshot", request, kSnapshotTimeout, std::move(done),
      [](const wire::CreateSnapshotResponse& response, SnapshotAnswer& out) { take(response.snapshot(), out); });
}

void CsiClient::delete_snapshot(const std::string& id, const StringMap& secrets, Done<Nothing> done) {
  wire::DeleteSnapshotRequest request;
  request.set_snapshot_id(id);
  fill(*request.mutable_secrets(), secrets);
  call<wire::DeleteSnapshotResponse>(*channel_, "/csi.v1.Controller/DeleteSnapshot", request, kControllerTimeout,
                                     std::move(done));
}

void CsiClient::find_snapshot(const std::string& id, const StringMap& secrets, Done<SnapshotAnswer> done) {
  wire::ListSnapshotsRequest request;
  request.set_snapshot_id(id);
  fill(*request.mutable_secrets(), secrets);
  // What the driver does not know is no entry.
  Done<SnapshotAnswer> checked([id, done = std::move(done)](Reply<SnapshotAnswer> reply) mutable {
    if (reply.status.ok() && reply.value.id.empty())
      reply.status = {net::GrpcCode::kNotFound, "snapshot " + id + " is not there"};
    done(std::move(reply));
  });
  call<wire::ListSnapshotsResponse, SnapshotAnswer>(*channel_, "/csi.v1.Controller/ListSnapshots", request, kControllerTimeout,
                                                    std::move(checked),
                                                    [](const wire::ListSnapshotsResponse& response, SnapshotAnswer& out) {
                                                      if (response.entries_size() > 0)
                                                        take(response.entries(0).snapshot(), out);
                                                    });
}

void CsiClient::capacity(const workloads::CapacityCall& given, Done<CapacityAnswer> done) {
  wire::GetCapacityRequest request;
  fill(*request.mutable_parameters(), given.parameters);
  for (const workloads::CsiCapability& capability : given.capabilities)
    fill_capability(*request.add_volume_capabilities(), capability);
  if (!given.topology.empty()) fill(*request.mutable_accessible_topology()->mutable_segments(), given.topology);
  call<wire::GetCapacityResponse, CapacityAnswer>(
      *channel_, "/csi.v1.Controller/GetCapacity", request, kControllerTimeout, std::move(done),
      [](const wire::GetCapacityResponse& response, CapacityAnswer& out) {
        out = {response.available_capacity(), response.maximum_volume_size().value()};
      });
}

}  // namespace plinth::csi
