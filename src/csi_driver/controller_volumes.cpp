#include <fmt/core.h>

#include "csi_driver/device_use.h"
#include "csi_driver/image.h"
#include "csi_driver/services.h"

namespace plinth::csi_driver {
namespace {

constexpr std::size_t kNameMax = 128;
constexpr std::string_view kVolumePrefix = "vol-";

// What CreateVolume was asked for, once it is understood.
struct Wanted {
  std::string fs_type;  // "": a raw device
  std::string source_volume, source_snapshot;
  std::int64_t least = kMiB;  // that the filesystem or the source allows
  std::int64_t source_bytes = 0;
};

GrpcStatus read_kind(const wire::CreateVolumeRequest& request, Wanted& out) {
  if (request.volume_capabilities().empty()) return invalid("volume_capabilities: missing");
  std::string parameter;
  for (const auto& [key, value] : request.parameters()) {
    if (key != kFsParameter) return invalid("parameters: \"" + key + "\" is not known; there is " + std::string(kFsParameter));
    if (find_fs(value) == nullptr) return invalid("parameters[fsType]: \"" + value + "\" is not supported; use ext4 or xfs");
    parameter = value;
  }
  if (!request.mutable_parameters().empty()) return invalid("mutable_parameters: volumes of this driver have none");
  bool block = false, mount = false;
  for (const wire::VolumeCapability& capability : request.volume_capabilities()) {
    Access access;
    REQUIRE_OK(read_access(capability, access));
    (access.block ? block : mount) = true;
    if (access.fs_type.empty()) continue;
    if (!out.fs_type.empty() && out.fs_type != access.fs_type) return invalid("volume_capabilities: two different fs_type");
    out.fs_type = access.fs_type;
  }
  if (block && mount) return invalid("volume_capabilities: a volume is a raw device or has a filesystem, not both");
  if (mount && out.fs_type.empty()) out.fs_type = parameter.empty() ? "ext4" : parameter;
  if (mount) out.least = find_fs(out.fs_type)->bytes_min;
  return {};
}

GrpcStatus read_source(Context& context, const wire::CreateVolumeRequest& request, Wanted& out) {
  if (!request.has_volume_content_source()) return {};
  const wire::VolumeContentSource& source = request.volume_content_source();
  std::string fs_type;
  if (source.has_snapshot()) {
    out.source_snapshot = source.snapshot().snapshot_id();
    if (out.source_snapshot.empty()) return invalid("volume_content_source.snapshot.snapshot_id: missing");
    const auto record = context.book.snapshot(out.source_snapshot);
    if (!record) return not_found("volume_content_source: no snapshot " + out.source_snapshot);
    out.source_bytes = record->bytes;
    fs_type = record->fs_type;
  } else if (source.has_volume()) {
    out.source_volume = source.volume().volume_id();
    if (out.source_volume.empty()) return invalid("volume_content_source.volume.volume_id: missing");
    const auto record = context.book.volume(out.source_volume);
    if (!record) return not_found("volume_content_source: no volume " + out.source_volume);
    out.source_bytes = record->bytes;
    fs_type = record->fs_type;
  } else {
    return invalid("volume_content_source: neither snapshot nor volume is set");
  }
  // Of what was a raw device nobody knows what is in it.
  if (!out.fs_type.empty() && fs_type.empty())
    return invalid("volume_content_source: is a raw device; the volume has to be one as well");
  if (!out.fs_type.empty()) out.fs_type = fs_type;  // a copy has the filesystem of its source
  out.least = std::max(out.least, out.source_bytes);
  return {};
}

GrpcStatus check_topology(const Context& context, const wire::TopologyRequirement& requirement) {
  const auto here = [&](const wire::Topology& topology) {
    const auto it = topology.segments().find(std::string(kTopologyKey));
    return it != topology.segments().end() && it->second == context.options.node_id;
  };
  for (const wire::Topology& topology : requirement.requisite()) {
    if (here(topology)) return {};
  }
  if (requirement.requisite().empty()) return {};
  return {GrpcCode::kResourceExhausted,
          "accessibility_requirements: this driver makes volumes on node " + context.options.node_id};
}

void describe(const Context& context, const VolumeRecord& record, wire::Volume& out) {
  out.set_volume_id(record.id);
  out.set_capacity_bytes(record.bytes);
  (*out.add_accessible_topology()->mutable_segments())[std::string(kTopologyKey)] = context.options.node_id;
  if (!record.source_volume.empty()) out.mutable_content_source()->mutable_volume()->set_volume_id(record.source_volume);
  if (!record.source_snapshot.empty())
    out.mutable_content_source()->mutable_snapshot()->set_snapshot_id(record.source_snapshot);
}

bool fits(const VolumeRecord& record, const wire::CapacityRange& range, const Wanted& wanted) {
  return record.bytes >= range.required_bytes() && (range.limit_bytes() == 0 || record.bytes <= range.limit_bytes()) &&
         record.fs_type == wanted.fs_type && record.source_volume == wanted.source_volume &&
         record.source_snapshot == wanted.source_snapshot;
}

// The image in a directory that is not an entry yet.
Result<void> make_image(Context& context, const std::string& image, const VolumeRecord& record, std::int64_t source_bytes) {
  if (record.source_volume.empty() && record.source_snapshot.empty()) {
    TRY(create_sparse(image, record.bytes));
    if (!record.block()) TRY(make_filesystem(context.run, image, record.fs_type));
    return grow_image(image, record.bytes);  // syncs
  }
  if (!record.source_volume.empty())
    TRY(copy_volume(context, record.source_volume, image));
  else
    TRY(copy_image(context.book.snapshot_image(record.source_snapshot), image));
  if (record.bytes <= source_bytes) return {};
  TRY(grow_image(image, record.bytes));
  return record.block() ? Result<void>() : grow_unmounted(context.run, image, record.fs_type);
}

Result<void> make_volume(Context& context, const VolumeRecord& record, std::int64_t source_bytes) {
  const std::string directory = TRY(context.book.prepare(record.id));
  auto made = make_image(context, directory + "/image", record, source_bytes);
  if (made.ok()) made = context.book.keep(record);
  if (!made.ok()) context.book.drop(record.id);
  return made;
}

}  // namespace

GrpcStatus create_volume(Context& context, const wire::CreateVolumeRequest& request, wire::CreateVolumeResponse& out) {
  if (request.name().empty()) return invalid("name: missing");
  if (request.name().size() > kNameMax) return invalid(fmt::format("name: longer than {} bytes", kNameMax));
  Wanted wanted;
  REQUIRE_OK(read_kind(request, wanted));
  const auto held = context.locks.take({"name/" + request.name(), request.volume_content_source().volume().volume_id(),
                                        request.volume_content_source().snapshot().snapshot_id()});
  if (!held) return busy("volume \"" + request.name() + "\" or its source");
  REQUIRE_OK(read_source(context, request, wanted));
  REQUIRE_OK(check_topology(context, request.accessibility_requirements()));
  if (const auto record = context.book.volume_named(request.name())) {
    if (!fits(*record, request.capacity_range(), wanted))
      return {GrpcCode::kAlreadyExists, "name: there is a volume \"" + request.name() + "\" of another size or kind"};
    describe(context, *record, *out.mutable_volume());
    return {};
  }
  VolumeRecord record;
  const std::int64_t preferred = wanted.source_bytes != 0 ? wanted.source_bytes : kVolumeBytesDefault;
  REQUIRE_OK(choose_size(request.capacity_range(), preferred, wanted.least, record.bytes));
  const auto space = reserve(context, record.bytes);
  if (!space.ok()) return to_status(space.error());
  record.id = new_id(context.entropy, kVolumePrefix);
  record.name = request.name();
  record.fs_type = wanted.fs_type;
  record.source_volume = wanted.source_volume;
  record.source_snapshot = wanted.source_snapshot;
  TRY_CALL(make_volume(context, record, wanted.source_bytes));
  describe(context, record, *out.mutable_volume());
  return {};
}

GrpcStatus delete_volume(Context& context, const wire::DeleteVolumeRequest& request, wire::DeleteVolumeResponse&) {
  const std::string& id = request.volume_id();
  if (id.empty()) return invalid("volume_id: missing");
  const auto held = context.locks.take({id});
  if (!held) return busy("volume " + id);
  if (!context.book.volume(id)) return {};
  const DeviceUse use = TRY_CALL(use_of_image(context.book.volume_image(id)));
  if (use.mounted())
    return {GrpcCode::kFailedPrecondition, "volume " + id + " is in use: it is mounted on " + use.mounts.front().path};
  if (use.device) TRY_CALL(detach_loop(*use.device));
  TRY_CALL(context.book.remove_volume(id));
  return {};
}

GrpcStatus expand_volume(Context& context, const wire::ControllerExpandVolumeRequest& request,
                         wire::ControllerExpandVolumeResponse& out) {
  const std::string& id = request.volume_id();
  if (id.empty()) return invalid("volume_id: missing");
  if (!request.has_capacity_range()) return invalid("capacity_range: missing");
  const auto held = context.locks.take({id});
  if (!held) return busy("volume " + id);
  const auto record = context.book.volume(id);
  if (!record) return not_found("volume_id: no volume " + id);
  std::int64_t bytes = 0;
  REQUIRE_OK(choose_size(request.capacity_range(), record->bytes, record->bytes, bytes));
  if (bytes > record->bytes) {
    const auto space = reserve(context, bytes - record->bytes);
    if (!space.ok()) return {GrpcCode::kOutOfRange, space.error().message()};
    TRY_CALL(grow_image(context.book.volume_image(id), bytes));
    TRY_CALL(context.book.resize(id, bytes));
  }
  out.set_capacity_bytes(bytes);
  out.set_node_expansion_required(true);  // the device, and what is on it, follow on the node
  return {};
}

GrpcStatus validate_capabilities(Context& context, const wire::ValidateVolumeCapabilitiesRequest& request,
                                 wire::ValidateVolumeCapabilitiesResponse& out) {
  if (request.volume_id().empty()) return invalid("volume_id: missing");
  if (request.volume_capabilities().empty()) return invalid("volume_capabilities: missing");
  const auto record = context.book.volume(request.volume_id());
  if (!record) return not_found("volume_id: no volume " + request.volume_id());
  for (const wire::VolumeCapability& capability : request.volume_capabilities()) {
    Access access;
    if (const GrpcStatus status = read_access(capability, access); !status.ok()) {
      out.set_message(status.message);
      return {};
    }
    if (access.block != record->block() || (!access.fs_type.empty() && access.fs_type != record->fs_type)) {
      out.set_message(record->block() ? "the volume is a raw device"
                                      : "the volume has a filesystem of type " + record->fs_type);
      return {};
    }
  }
  auto& confirmed = *out.mutable_confirmed();
  *confirmed.mutable_volume_context() = request.volume_context();
  *confirmed.mutable_volume_capabilities() = request.volume_capabilities();
  *confirmed.mutable_parameters() = request.parameters();
  return {};
}

GrpcStatus list_volumes(Context& context, const wire::ListVolumesRequest& request, wire::ListVolumesResponse& out) {
  return page(context.book.volumes(), request.max_entries(), request.starting_token(), kVolumePrefix, *out.mutable_next_token(),
              [&](const VolumeRecord& record) { describe(context, record, *out.add_entries()->mutable_volume()); });
}

GrpcStatus get_capacity(Context& context, const wire::GetCapacityRequest& request, wire::GetCapacityResponse& out) {
  std::int64_t least = kMiB;
  if (const auto it = request.parameters().find(std::string(kFsParameter)); it != request.parameters().end()) {
    const FsKind* kind = find_fs(it->second);
    if (kind == nullptr) return invalid("parameters[fsType]: \"" + it->second + "\" is not supported; use ext4 or xfs");
    least = kind->bytes_min;
  }
  out.mutable_minimum_volume_size()->set_value(least);
  if (request.has_accessible_topology()) {
    wire::TopologyRequirement requirement;
    *requirement.add_requisite() = request.accessible_topology();
    if (!check_topology(context, requirement).ok()) return {};  // nothing is available there
  }
  const std::int64_t available = TRY_CALL(available_bytes(context));
  out.set_available_capacity(available);
  out.mutable_maximum_volume_size()->set_value(std::min(available, kVolumeBytesMax));
  return {};
}

GrpcStatus controller_capabilities(Context&, const wire::ControllerGetCapabilitiesRequest&,
                                   wire::ControllerGetCapabilitiesResponse& out) {
  // CREATE_DELETE_VOLUME, LIST_VOLUMES, GET_CAPACITY, CREATE_DELETE_SNAPSHOT, LIST_SNAPSHOTS, CLONE_VOLUME, EXPAND_VOLUME,
  // SINGLE_NODE_MULTI_WRITER
  for (const int type : {1, 3, 4, 5, 6, 7, 9, 13}) out.add_capabilities()->mutable_rpc()->set_type(type);
  return {};
}

}  // namespace plinth::csi_driver
