// What several calls have in common: statuses, capabilities, sizes, space.
#include <array>

#include <fmt/core.h>

#include "base/hex.h"
#include "csi_driver/image.h"
#include "csi_driver/services.h"

namespace plinth::csi_driver {

GrpcStatus to_status(const Error& error) {
  const bool full = error.reason() == Reason::kInsufficientStorage;
  return {full ? GrpcCode::kResourceExhausted : GrpcCode::kInternal, error.message()};
}
GrpcStatus invalid(std::string message) { return {GrpcCode::kInvalidArgument, std::move(message)}; }
GrpcStatus not_found(std::string message) { return {GrpcCode::kNotFound, std::move(message)}; }
GrpcStatus busy(const std::string& what) {
  return {GrpcCode::kAborted, "another call for " + what + " is under way: call again later"};
}

GrpcStatus read_access(const wire::VolumeCapability& capability, Access& out) {
  out.mode = capability.access_mode().mode();
  if (out.mode == 0) return invalid("volume_capability.access_mode: missing");
  if (out.mode >= 3 && out.mode <= 5)
    return invalid(fmt::format("volume_capability.access_mode: {} is for several nodes; these volumes are on one", out.mode));
  if (out.mode > 7) return invalid(fmt::format("volume_capability.access_mode: {} is not known", out.mode));
  out.block = capability.has_block();
  if (!out.block && !capability.has_mount()) return invalid("volume_capability.access_type: neither block nor mount is set");
  if (out.block) return {};
  out.fs_type = capability.mount().fs_type();
  if (!out.fs_type.empty() && find_fs(out.fs_type) == nullptr)
    return invalid("volume_capability.mount.fs_type: \"" + out.fs_type + "\" is not supported; use ext4 or xfs");
  if (!capability.mount().volume_mount_group().empty())
    return invalid("volume_capability.mount.volume_mount_group: not supported");
  out.mount_flags = {capability.mount().mount_flags().begin(), capability.mount().mount_flags().end()};
  return {};
}

GrpcStatus choose_size(const wire::CapacityRange& range, std::int64_t preferred, std::int64_t least, std::int64_t& bytes) {
  const std::int64_t required = range.required_bytes(), limit = range.limit_bytes();
  if (required < 0 || limit < 0) return {GrpcCode::kOutOfRange, "capacity_range: a size is negative"};
  if (limit != 0 && limit < required)
    return {GrpcCode::kOutOfRange,
            fmt::format("capacity_range: limit_bytes {} is less than required_bytes {}", limit, required)};
  if (required > kVolumeBytesMax)
    return {GrpcCode::kOutOfRange, fmt::format("capacity_range.required_bytes: {} is more than {}", required, kVolumeBytesMax)};
  bytes = required != 0 ? required : limit != 0 ? std::min(preferred, limit) : preferred;
  bytes = std::max(bytes, least);
  if (required != 0 || limit == 0)
    bytes = (bytes + kSizeStep - 1) / kSizeStep * kSizeStep;
  else
    bytes = bytes / kSizeStep * kSizeStep;
  if ((limit != 0 && bytes > limit) || bytes < least)
    return {GrpcCode::kOutOfRange, fmt::format("capacity_range.limit_bytes: {} is too small; the least is {}", limit, least)};
  return {};
}

namespace {

Result<std::int64_t> unreserved_bytes(const Context& context) {
  std::int64_t promised = context.reserved;
  for (const VolumeRecord& record : context.book.volumes()) {
    const std::int64_t taken = allocated_bytes(context.book.volume_image(record.id));
    promised += std::max<std::int64_t>(record.bytes - taken, 0);
  }
  const double free = static_cast<double>(TRY(context.disk.free_bytes(context.book.directory()))) * context.options.overcommit;
  return std::max<std::int64_t>(static_cast<std::int64_t>(free) - promised, 0) / kSizeStep * kSizeStep;
}

}  // namespace

Result<std::int64_t> available_bytes(Context& context) {
  const std::lock_guard lock(context.space);
  return unreserved_bytes(context);
}

Result<Reservation> reserve(Context& context, std::int64_t bytes) {
  const std::lock_guard lock(context.space);
  const std::int64_t available = TRY(unreserved_bytes(context));
  if (bytes > available)
    return Error(Reason::kInsufficientStorage,
                 fmt::format("capacity_range: {} bytes are asked for, {} can be promised", bytes, available));
  context.reserved += bytes;
  return Reservation(context, bytes);
}

Reservation::~Reservation() {
  if (context_ == nullptr) return;
  const std::lock_guard lock(context_->space);
  context_->reserved -= bytes_;
}

std::string new_id(Entropy& entropy, std::string_view prefix) {
  std::array<unsigned char, 16> bytes{};
  entropy.fill(bytes);
  return std::string(prefix) + hex_encode({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

}  // namespace plinth::csi_driver
