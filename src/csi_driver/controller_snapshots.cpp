#include <optional>

#include <fmt/core.h>

#include "csi_driver/device_use.h"
#include "csi_driver/image.h"
#include "csi_driver/services.h"

namespace plinth::csi_driver {
namespace {

constexpr std::size_t kNameMax = 128;
constexpr std::string_view kSnapshotPrefix = "snap-";
constexpr std::int64_t kNsPerSecond = 1'000'000'000;

void describe(const SnapshotRecord& record, wire::Snapshot& out) {
  out.set_snapshot_id(record.id);
  out.set_source_volume_id(record.source_volume);
  out.set_size_bytes(record.bytes);
  out.set_ready_to_use(true);
  out.mutable_creation_time()->set_seconds(record.created_ns / kNsPerSecond);
  out.mutable_creation_time()->set_nanos(static_cast<std::int32_t>(record.created_ns % kNsPerSecond));
}

Result<void> make_snapshot(Context& context, const SnapshotRecord& record) {
  const std::string directory = TRY(context.book.prepare(record.id));
  auto made = copy_volume(context, record.source_volume, directory + "/image");
  if (made.ok()) made = context.book.keep(record);
  if (!made.ok()) context.book.drop(record.id);
  return made;
}

}  // namespace

Result<void> copy_volume(Context& context, const std::string& id, const std::string& to) {
  const std::string image = context.book.volume_image(id);
  const auto record = context.book.volume(id);
  if (!record) return Error(Reason::kNotFound, "no volume " + id);
  const DeviceUse use = TRY(use_of_image(image));
  std::optional<Frozen> frozen;
  if (use.device) {
    // A filesystem is frozen with all that was written; a raw device only flushed: what writes to it is not known here.
    if (!record->block() && use.mounted()) frozen.emplace(TRY(Frozen::freeze(use.mounts.front().path)));
    TRY(flush_loop(*use.device));
  }
  return copy_image(image, to);
}

GrpcStatus create_snapshot(Context& context, const wire::CreateSnapshotRequest& request, wire::CreateSnapshotResponse& out) {
  const std::string& source = request.source_volume_id();
  if (request.name().empty()) return invalid("name: missing");
  if (request.name().size() > kNameMax) return invalid(fmt::format("name: longer than {} bytes", kNameMax));
  if (source.empty()) return invalid("source_volume_id: missing");
  if (!request.parameters().empty())
    return invalid("parameters: \"" + request.parameters().begin()->first + "\" is not known; snapshots have none");
  const auto held = context.locks.take({"snapshot-name/" + request.name(), source});
  if (!held) return busy("snapshot \"" + request.name() + "\" or volume " + source);
  if (const auto record = context.book.snapshot_named(request.name())) {
    if (record->source_volume != source)
      return {GrpcCode::kAlreadyExists,
              "name: there is a snapshot \"" + request.name() + "\" of volume " + record->source_volume};
    describe(*record, *out.mutable_snapshot());
    return {};
  }
  const auto volume = context.book.volume(source);
  if (!volume) return not_found("source_volume_id: no volume " + source);
  SnapshotRecord record;
  record.id = new_id(context.entropy, kSnapshotPrefix);
  record.name = request.name();
  record.source_volume = source;
  record.bytes = volume->bytes;
  record.fs_type = volume->fs_type;
  record.created_ns = context.clock.wall_ns();
  TRY_CALL(make_snapshot(context, record));
  describe(record, *out.mutable_snapshot());
  return {};
}

GrpcStatus delete_snapshot(Context& context, const wire::DeleteSnapshotRequest& request, wire::DeleteSnapshotResponse&) {
  const std::string& id = request.snapshot_id();
  if (id.empty()) return invalid("snapshot_id: missing");
  const auto held = context.locks.take({id});
  if (!held) return busy("snapshot " + id);
  if (!context.book.snapshot(id)) return {};
  TRY_CALL(context.book.remove_snapshot(id));
  return {};
}

GrpcStatus list_snapshots(Context& context, const wire::ListSnapshotsRequest& request, wire::ListSnapshotsResponse& out) {
  std::vector<SnapshotRecord> matching;
  for (SnapshotRecord& record : context.book.snapshots()) {
    const bool wanted = (request.snapshot_id().empty() || record.id == request.snapshot_id()) &&
                        (request.source_volume_id().empty() || record.source_volume == request.source_volume_id());
    if (wanted) matching.push_back(std::move(record));
  }
  return page(matching, request.max_entries(), request.starting_token(), kSnapshotPrefix, *out.mutable_next_token(),
              [&](const SnapshotRecord& record) { describe(record, *out.add_entries()->mutable_snapshot()); });
}

}  // namespace plinth::csi_driver
