#include <cerrno>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "csi_driver/device_use.h"
#include "csi_driver/image.h"
#include "csi_driver/services.h"
#include "world_real/posix_error.h"

namespace plinth::csi_driver {
namespace {

using world_real::posix_error;

// A directory, or for a device a file, that something is mounted on. One that is there already is no error.
Result<void> make_target(const std::string& path, bool file) {
  if (!file) {
    if (mkdir(path.c_str(), 0750) != 0 && errno != EEXIST) return posix_error("make " + path, errno);
    return {};
  }
  const world_real::UniqueFd fd(::open(path.c_str(), O_CREAT | O_RDONLY | O_CLOEXEC, 0660));
  if (!fd.valid()) return posix_error("make " + path, errno);
  return {};
}

Result<void> remove_target(const std::string& path) {
  const std::string known = kernel_path(path);
  if (unlink(known.c_str()) == 0 || errno == ENOENT || errno == ENOTDIR) return {};
  if ((errno == EISDIR || errno == EPERM) && (rmdir(known.c_str()) == 0 || errno == ENOENT)) return {};
  return posix_error("remove " + known, errno);
}

// The volume of a call that says how it is used.
GrpcStatus find_volume(Context& context, const std::string& id, bool has_capability, const wire::VolumeCapability& capability,
                       Access& access, VolumeRecord& record) {
  if (!has_capability) return invalid("volume_capability: missing");
  REQUIRE_OK(read_access(capability, access));
  const auto found = context.book.volume(id);
  if (!found) return not_found("volume_id: no volume " + id);
  record = *found;
  if (access.block != record.block())
    return invalid(record.block() ? "volume_capability: the volume is a raw device"
                                  : "volume_capability: the volume has a filesystem");
  if (!access.fs_type.empty() && access.fs_type != record.fs_type)
    return invalid("volume_capability.mount.fs_type: the volume's is " + record.fs_type);
  return {};
}

MountOptions mount_options(const VolumeRecord& record, const Access& access) {
  std::vector<std::string> all = {"discard"};               // what is deleted goes back to the pool
  if (record.fs_type == "xfs") all.emplace_back("nouuid");  // a copy has its source's
  all.insert(all.end(), access.mount_flags.begin(), access.mount_flags.end());
  return parse_mount_options(all);
}

// The filesystem follows the image's size: ext4 before it is mounted, xfs after.
Result<void> mount_volume(Context& context, const VolumeRecord& record, const Access& access, const std::string& target) {
  const std::string image = context.book.volume_image(record.id);
  const bool grow = TRY(filesystem_bytes(image, record.fs_type)) + kMiB <= record.bytes;
  if (grow) TRY(grow_unmounted(context.run, image, record.fs_type));
  const AttachedLoop loop = TRY(attach_loop(image, LoopLife::kUntilUnused));
  TRY(mount_filesystem(loop.device.path(), target, record.fs_type, mount_options(record, access)));
  if (grow && record.fs_type == "xfs") return grow_mounted(context.run, target, record.fs_type, record.bytes);
  return {};
}

// Whether a publish or stage that is there already is the one that is asked for.
bool same_options(const MountEntry& entry, bool read_only) { return entry.read_only == read_only; }

}  // namespace

GrpcStatus stage_volume(Context& context, const wire::NodeStageVolumeRequest& request, wire::NodeStageVolumeResponse&) {
  const std::string &id = request.volume_id(), &target = request.staging_target_path();
  if (id.empty()) return invalid("volume_id: missing");
  if (target.empty()) return invalid("staging_target_path: missing");
  const auto held = context.locks.take({id});
  if (!held) return busy("volume " + id);
  Access access;
  VolumeRecord record;
  REQUIRE_OK(find_volume(context, id, request.has_volume_capability(), request.volume_capability(), access, record));
  const DeviceUse use = TRY_CALL(use_of_image(context.book.volume_image(id)));
  if (record.block()) {
    if (!use.device)
      TRY_CALL(attach_loop(context.book.volume_image(id), LoopLife::kUntilDetached));
    else
      TRY_CALL(refresh_loop_size(*use.device));
    return {};
  }
  if (const MountEntry* entry = use.at(target)) {
    const bool read_only = (mount_options(record, access).flags & MS_RDONLY) != 0;
    if (same_options(*entry, read_only)) return {};
    return {GrpcCode::kAlreadyExists, "staging_target_path: staged with other options"};
  }
  if (use.mounted()) return {GrpcCode::kFailedPrecondition, "volume " + id + " is staged on " + use.mounts.front().path};
  TRY_CALL(make_target(target, false));
  TRY_CALL(mount_volume(context, record, access, target));
  return {};
}

GrpcStatus unstage_volume(Context& context, const wire::NodeUnstageVolumeRequest& request, wire::NodeUnstageVolumeResponse&) {
  const std::string &id = request.volume_id(), &target = request.staging_target_path();
  if (id.empty()) return invalid("volume_id: missing");
  if (target.empty()) return invalid("staging_target_path: missing");
  const auto held = context.locks.take({id});
  if (!held) return busy("volume " + id);
  TRY_CALL(unmount_all(target));
  const auto record = context.book.volume(id);
  if (!record || !record->block()) return {};
  const DeviceUse use = TRY_CALL(use_of_image(context.book.volume_image(id)));
  if (use.mounted())
    return {GrpcCode::kFailedPrecondition, "volume " + id + " is still published on " + use.mounts.front().path};
  if (use.device) TRY_CALL(detach_loop(*use.device));
  return {};
}

GrpcStatus publish_volume(Context& context, const wire::NodePublishVolumeRequest& request, wire::NodePublishVolumeResponse&) {
  const std::string &id = request.volume_id(), &target = request.target_path(), &staging = request.staging_target_path();
  if (id.empty()) return invalid("volume_id: missing");
  if (target.empty()) return invalid("target_path: missing");
  const auto held = context.locks.take({id});
  if (!held) return busy("volume " + id);
  Access access;
  VolumeRecord record;
  REQUIRE_OK(find_volume(context, id, request.has_volume_capability(), request.volume_capability(), access, record));
  if (staging.empty()) return {GrpcCode::kFailedPrecondition, "staging_target_path: not set; a volume is staged first"};
  const bool read_only = request.readonly() || access.read_only();
  if (record.block() && read_only) return invalid("readonly: a raw device is published for writing only");
  const DeviceUse use = TRY_CALL(use_of_image(context.book.volume_image(id)));
  const bool staged = record.block() ? use.device.has_value() : use.at(staging) != nullptr;
  if (!staged) return {GrpcCode::kFailedPrecondition, "volume " + id + " is not staged on " + staging};
  if (const MountEntry* entry = use.at(target)) {
    if (record.block() || same_options(*entry, read_only)) return {};
    return {GrpcCode::kAlreadyExists, "target_path: published with other options"};
  }
  const std::size_t published = use.mounts.size() - (record.block() ? 0 : 1);
  if (access.single_publish() && published > 0)
    return {GrpcCode::kFailedPrecondition, "volume " + id + " is published elsewhere, and this use wants it alone"};
  TRY_CALL(make_target(target, record.block()));
  TRY_CALL(bind_mount(record.block() ? use.device->path() : staging, target, read_only ? MS_RDONLY : 0));
  return {};
}

GrpcStatus unpublish_volume(Context& context, const wire::NodeUnpublishVolumeRequest& request,
                            wire::NodeUnpublishVolumeResponse&) {
  const std::string &id = request.volume_id(), &target = request.target_path();
  if (id.empty()) return invalid("volume_id: missing");
  if (target.empty()) return invalid("target_path: missing");
  const auto held = context.locks.take({id});
  if (!held) return busy("volume " + id);
  TRY_CALL(unmount_all(target));
  TRY_CALL(remove_target(target));
  return {};
}

GrpcStatus volume_stats(Context& context, const wire::NodeGetVolumeStatsRequest& request,
                        wire::NodeGetVolumeStatsResponse& out) {
  const std::string &id = request.volume_id(), &path = request.volume_path();
  if (id.empty()) return invalid("volume_id: missing");
  if (path.empty()) return invalid("volume_path: missing");
  const auto record = context.book.volume(id);
  if (!record) return not_found("volume_id: no volume " + id);
  const DeviceUse use = TRY_CALL(use_of_image(context.book.volume_image(id)));
  if (use.at(path) == nullptr) return not_found("volume_path: volume " + id + " is not mounted on " + path);
  wire::VolumeUsage& bytes = *out.add_usage();
  bytes.set_unit(1);
  if (record->block()) {
    bytes.set_total(record->bytes);
    return {};
  }
  struct statvfs stats {};
  if (statvfs(path.c_str(), &stats) != 0) return to_status(posix_error("statfs " + path, errno));
  const auto size = static_cast<std::int64_t>(stats.f_frsize);
  bytes.set_total(static_cast<std::int64_t>(stats.f_blocks) * size);
  bytes.set_available(static_cast<std::int64_t>(stats.f_bavail) * size);
  bytes.set_used(static_cast<std::int64_t>(stats.f_blocks - stats.f_bfree) * size);
  wire::VolumeUsage& inodes = *out.add_usage();
  inodes.set_unit(2);
  inodes.set_total(static_cast<std::int64_t>(stats.f_files));
  inodes.set_available(static_cast<std::int64_t>(stats.f_ffree));
  inodes.set_used(static_cast<std::int64_t>(stats.f_files - stats.f_ffree));
  return {};
}

GrpcStatus expand_on_node(Context& context, const wire::NodeExpandVolumeRequest& request, wire::NodeExpandVolumeResponse& out) {
  const std::string &id = request.volume_id(), &path = request.volume_path();
  if (id.empty()) return invalid("volume_id: missing");
  if (path.empty()) return invalid("volume_path: missing");
  const auto held = context.locks.take({id});
  if (!held) return busy("volume " + id);
  const auto record = context.book.volume(id);
  if (!record) return not_found("volume_id: no volume " + id);
  if (request.capacity_range().required_bytes() > record->bytes)
    return {
        GrpcCode::kOutOfRange,
        fmt::format("capacity_range.required_bytes: the volume has {} bytes; the controller grows it first", record->bytes)};
  const DeviceUse use = TRY_CALL(use_of_image(context.book.volume_image(id)));
  if (use.at(path) == nullptr && !(record->block() && use.device))
    return not_found("volume_path: volume " + id + " is not mounted on " + path);
  TRY_CALL(refresh_loop_size(*use.device));
  out.set_capacity_bytes(record->bytes);
  if (record->block()) return {};
  TRY_CALL(flush_loop(*use.device));  // the superblock is read from the image
  if (TRY_CALL(filesystem_bytes(context.book.volume_image(id), record->fs_type)) + kMiB > record->bytes) return {};
  const auto grown = grow_mounted(context.run, path, record->fs_type, record->bytes);
  if (!grown.ok() && grown.error().reason() == Reason::kForbidden)
    return {GrpcCode::kFailedPrecondition,
            "volume " + id + " is in use, and growing ext4 then takes CAP_SYS_RESOURCE: it grows when it is staged next"};
  if (!grown.ok()) return to_status(grown.error());
  return {};
}

GrpcStatus node_capabilities(Context&, const wire::NodeGetCapabilitiesRequest&, wire::NodeGetCapabilitiesResponse& out) {
  // STAGE_UNSTAGE, GET_VOLUME_STATS, EXPAND_VOLUME, SINGLE_NODE_MULTI_WRITER
  for (const int type : {1, 2, 3, 5}) out.add_capabilities()->mutable_rpc()->set_type(type);
  return {};
}

GrpcStatus node_info(Context& context, const wire::NodeGetInfoRequest&, wire::NodeGetInfoResponse& out) {
  out.set_node_id(context.options.node_id);
  (*out.mutable_accessible_topology()->mutable_segments())[std::string(kTopologyKey)] = context.options.node_id;
  return {};
}

}  // namespace plinth::csi_driver
