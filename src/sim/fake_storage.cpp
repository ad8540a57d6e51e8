#include "sim/fake_storage.h"

#include "csi.pb.h"

namespace plinth::sim {
namespace {

namespace wire = ::csi::v1;
using net::GrpcCode;
using net::GrpcStatus;

template <typename Message>
Message parsed(const std::string& text) {
  Message out;
  out.ParseFromString(text);
  return out;
}

}  // namespace

FakeStorage::FakeStorage(world_sim::SimWorld& world) : loop_(world.new_loop("storage")) {
  server_ = net::make_grpc_server(
      loop_, world.clock(),
      [this](net::GrpcRequest request, std::shared_ptr<net::GrpcResponder> to) { serve(std::move(request), std::move(to)); });
  listener_ =
      world.network()
          .listen(loop_, kAddress, nullptr, [this](std::unique_ptr<Stream> stream) { server_->serve(std::move(stream)); })
          .value();
}

FakeStorage::~FakeStorage() {
  hanging_.clear();
  listener_.reset();
  server_.reset();
}

void FakeStorage::serve(net::GrpcRequest request, std::shared_ptr<net::GrpcResponder> to) {
  const std::string method = request.path.substr(request.path.rfind('/') + 1);
  ++calls[method];
  const bool describing = method.starts_with("Get") || method.ends_with("GetCapabilities") || method == "NodeGetInfo";
  const Fault what = fault && !describing ? fault(count++, method) : Fault::kNone;
  if (what == Fault::kBefore) return to->finish({GrpcCode::kInternal, "broken"});
  if (what == Fault::kHang) {
    hanging_.push_back(std::move(to));
    return;
  }
  std::string answer;
  const GrpcStatus status = act(method, request.message, answer);
  if (what == Fault::kAfter) return to->finish({GrpcCode::kAborted, "an operation is pending"});
  if (what == Fault::kLost) return to->finish({GrpcCode::kUnavailable, "the answer is lost"});
  if (status.ok()) to->send(std::move(answer));
  to->finish(status);
}

GrpcStatus FakeStorage::act(const std::string& method, const std::string& message, std::string& answer) {
  if (method == "CreateVolume") return create_volume(message, answer);
  if (method == "DeleteVolume") return delete_volume(message);
  if (method == "ControllerPublishVolume") return attach(message, answer);
  if (method == "ControllerUnpublishVolume") {
    const auto in = parsed<wire::ControllerUnpublishVolumeRequest>(message);
    attached.erase({in.volume_id(), in.node_id()});
    return {};
  }
  if (method == "ControllerExpandVolume") return expand(message, answer);
  if (method == "CreateSnapshot") return create_snapshot(message, answer);
  if (method == "DeleteSnapshot") {
    snapshots.erase(parsed<wire::DeleteSnapshotRequest>(message).snapshot_id());
    return {};
  }
  if (method == "ListSnapshots") {
    const auto in = parsed<wire::ListSnapshotsRequest>(message);
    wire::ListSnapshotsResponse out;
    if (const auto found = snapshots.find(in.snapshot_id()); found != snapshots.end()) {
      wire::Snapshot& one = *out.add_entries()->mutable_snapshot();
      one.set_snapshot_id(found->first);
      one.set_source_volume_id(found->second.source);
      one.set_ready_to_use(true);
    }
    answer = out.SerializeAsString();
    return {};
  }
  return describe(method, answer);
}

GrpcStatus FakeStorage::describe(const std::string& method, std::string& answer) {
  if (method == "GetPluginInfo") {
    wire::GetPluginInfoResponse out;
    out.set_name(kName);
    answer = out.SerializeAsString();
  } else if (method == "GetPluginCapabilities") {
    wire::GetPluginCapabilitiesResponse out;
    out.add_capabilities()->mutable_service()->set_type(1);
    answer = out.SerializeAsString();
  } else if (method == "ControllerGetCapabilities") {
    wire::ControllerGetCapabilitiesResponse out;
    for (const int type : {1, 2, 5, 6, 7, 9}) out.add_capabilities()->mutable_rpc()->set_type(type);
    answer = out.SerializeAsString();
  } else if (method == "NodeGetCapabilities") {
    wire::NodeGetCapabilitiesResponse out;
    answer = out.SerializeAsString();
  } else if (method == "NodeGetInfo") {
    wire::NodeGetInfoResponse out;
    out.set_node_id("id-n1");
    answer = out.SerializeAsString();
  } else {
    return net::unimplemented(method);
  }
  return {};
}

GrpcStatus FakeStorage::create_volume(const std::string& message, std::string& answer) {
  const auto in = parsed<wire::CreateVolumeRequest>(message);
  const std::int64_t bytes = in.capacity_range().required_bytes();
  const auto& source = in.volume_content_source();
  const std::string from = source.has_snapshot() ? source.snapshot().snapshot_id()
                           : source.has_volume() ? source.volume().volume_id()
                                                 : "";
  std::string id;
  for (const auto& [known, volume] : volumes) {
    if (volume.name == in.name()) id = known;
  }
  if (id.empty()) {
    if (bytes > kSizeMax) return {GrpcCode::kOutOfRange, "too large"};
    if (source.has_snapshot() && snapshots.count(from) == 0) return {GrpcCode::kNotFound, "no such snapshot"};
    if (source.has_volume() && volumes.count(from) == 0) return {GrpcCode::kNotFound, "no such volume"};
    id = "volume-" + std::to_string(++made_);
    volumes[id] = {in.name(), bytes, from};
  } else if (volumes[id].bytes < bytes || volumes[id].source != from) {
    return {GrpcCode::kAlreadyExists, "there with other properties"};
  }
  wire::CreateVolumeResponse out;
  out.mutable_volume()->set_volume_id(id);
  out.mutable_volume()->set_capacity_bytes(volumes[id].bytes);
  if (!from.empty()) *out.mutable_volume()->mutable_content_source() = source;
  answer = out.SerializeAsString();
  return {};
}

GrpcStatus FakeStorage::delete_volume(const std::string& message) {
  const std::string id = parsed<wire::DeleteVolumeRequest>(message).volume_id();
  for (const auto& [volume, node] : attached) {
    if (volume == id) wrongs.push_back("DeleteVolume of " + id + ", which is attached to " + node);
  }
  volumes.erase(id);
  return {};
}

GrpcStatus FakeStorage::attach(const std::string& message, std::string& answer) {
  const auto in = parsed<wire::ControllerPublishVolumeRequest>(message);
  if (volumes.count(in.volume_id()) == 0) return {GrpcCode::kNotFound, "no such volume"};
  for (const auto& [volume, node] : attached) {
    if (volume == in.volume_id() && node != in.node_id()) {
      wrongs.push_back("ControllerPublishVolume of " + volume + " to " + in.node_id() + " while it is attached to " + node);
      return {GrpcCode::kFailedPrecondition, "attached elsewhere"};
    }
  }
  attached.insert({in.volume_id(), in.node_id()});
  wire::ControllerPublishVolumeResponse out;
  (*out.mutable_publish_context())["path"] = "/dev/" + in.volume_id();
  answer = out.SerializeAsString();
  return {};
}

GrpcStatus FakeStorage::expand(const std::string& message, std::string& answer) {
  const auto in = parsed<wire::ControllerExpandVolumeRequest>(message);
  const auto found = volumes.find(in.volume_id());
  if (found == volumes.end()) return {GrpcCode::kNotFound, "no such volume"};
  if (in.capacity_range().required_bytes() > kSizeMax) return {GrpcCode::kOutOfRange, "too large"};
  found->second.bytes = std::max<std::int64_t>(found->second.bytes, in.capacity_range().required_bytes());
  wire::ControllerExpandVolumeResponse out;
  out.set_capacity_bytes(found->second.bytes);
  answer = out.SerializeAsString();
  return {};
}

GrpcStatus FakeStorage::create_snapshot(const std::string& message, std::string& answer) {
  const auto in = parsed<wire::CreateSnapshotRequest>(message);
  std::string id;
  for (const auto& [known, snapshot] : snapshots) {
    if (snapshot.name == in.name()) id = known;
  }
  if (id.empty()) {
    if (volumes.count(in.source_volume_id()) == 0) return {GrpcCode::kNotFound, "no such volume"};
    id = "snapshot-" + std::to_string(++made_);
    snapshots[id] = {in.name(), in.source_volume_id(), 0};
  }
  wire::CreateSnapshotResponse out;
  wire::Snapshot& one = *out.mutable_snapshot();
  one.set_snapshot_id(id);
  one.set_source_volume_id(snapshots[id].source);
  one.set_size_bytes(volumes.count(in.source_volume_id()) > 0 ? volumes[in.source_volume_id()].bytes : 0);
  one.mutable_creation_time()->set_seconds(1'790'000'000);
  one.set_ready_to_use(++snapshots[id].asked > 1 || !delayed_snapshots);
  answer = out.SerializeAsString();
  return {};
}

}  // namespace plinth::sim
