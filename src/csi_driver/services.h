// The driver's calls: from request to answer, any thread that may wait. For .cpp files of csi_driver only: the generated header
// is heavy.
#pragma once

#include "csi.pb.h"
#include "csi_driver/context.h"
#include "net/grpc/grpc_status.h"

namespace plinth::csi_driver {

namespace wire = ::csi::v1;
using net::GrpcCode;
using net::GrpcStatus;

// A full pool is RESOURCE_EXHAUSTED, all else INTERNAL.
GrpcStatus to_status(const Error& error);
GrpcStatus invalid(std::string message);    // INVALID_ARGUMENT
GrpcStatus not_found(std::string message);  // NOT_FOUND
GrpcStatus busy(const std::string& what);   // ABORTED

// Passes a failure of a Result on as a status, or yields the value.
#define TRY_CALL(expression)                                      \
  ({                                                              \
    auto try_result_ = (expression);                              \
    if (!try_result_.ok()) return to_status(try_result_.error()); \
    std::move(try_result_).value();                               \
  })
#define REQUIRE_OK(expression)                                                       \
  do {                                                                               \
    if (net::GrpcStatus required_ = (expression); !required_.ok()) return required_; \
  } while (false)

// What one capability asks for. INVALID_ARGUMENT names the field that is missing or not supported.
struct Access {
  bool block = false;
  std::string fs_type;  // "": the volume's own
  std::vector<std::string> mount_flags;
  int mode = 0;
  bool read_only() const { return mode == 2; }       // SINGLE_NODE_READER_ONLY
  bool single_publish() const { return mode == 6; }  // SINGLE_NODE_SINGLE_WRITER
};
GrpcStatus read_access(const wire::VolumeCapability& capability, Access& out);

// The size that a range asks for: `required`, else `preferred` within the limit; a whole number of kSizeStep. OUT_OF_RANGE.
constexpr std::int64_t kSizeStep = 4096;
constexpr std::int64_t kVolumeBytesMax = std::int64_t{1} << 44;  // 16 TiB, the longest file of ext4
constexpr std::int64_t kVolumeBytesDefault = std::int64_t{1} << 30;
GrpcStatus choose_size(const wire::CapacityRange& range, std::int64_t preferred, std::int64_t least, std::int64_t& bytes);

// What can still be promised: free bytes of the pool times the factor, less what volumes were promised and do not take yet.
Result<std::int64_t> available_bytes(Context& context);
// Until the volume counts, or is not made after all.
class Reservation {
 public:
  Reservation(Context& context, std::int64_t bytes) : context_(&context), bytes_(bytes) {}
  Reservation(Reservation&& other) noexcept : context_(std::exchange(other.context_, nullptr)), bytes_(other.bytes_) {}
  Reservation& operator=(Reservation&&) = delete;
  ~Reservation();

 private:
  Context* context_;
  std::int64_t bytes_;
};
// InsufficientStorage when that much cannot be promised.
Result<Reservation> reserve(Context& context, std::int64_t bytes);
std::string new_id(Entropy& entropy, std::string_view prefix);

GrpcStatus get_plugin_info(Context&, const wire::GetPluginInfoRequest&, wire::GetPluginInfoResponse&);
GrpcStatus get_plugin_capabilities(Context&, const wire::GetPluginCapabilitiesRequest&, wire::GetPluginCapabilitiesResponse&);
GrpcStatus probe(Context&, const wire::ProbeRequest&, wire::ProbeResponse&);

GrpcStatus create_volume(Context&, const wire::CreateVolumeRequest&, wire::CreateVolumeResponse&);
GrpcStatus delete_volume(Context&, const wire::DeleteVolumeRequest&, wire::DeleteVolumeResponse&);
GrpcStatus expand_volume(Context&, const wire::ControllerExpandVolumeRequest&, wire::ControllerExpandVolumeResponse&);
GrpcStatus validate_capabilities(Context&, const wire::ValidateVolumeCapabilitiesRequest&,
                                 wire::ValidateVolumeCapabilitiesResponse&);
GrpcStatus list_volumes(Context&, const wire::ListVolumesRequest&, wire::ListVolumesResponse&);
GrpcStatus get_capacity(Context&, const wire::GetCapacityRequest&, wire::GetCapacityResponse&);
GrpcStatus controller_capabilities(Context&, const wire::ControllerGetCapabilitiesRequest&,
                                   wire::ControllerGetCapabilitiesResponse&);

GrpcStatus create_snapshot(Context&, const wire::CreateSnapshotRequest&, wire::CreateSnapshotResponse&);
GrpcStatus delete_snapshot(Context&, const wire::DeleteSnapshotRequest&, wire::DeleteSnapshotResponse&);
GrpcStatus list_snapshots(Context&, const wire::ListSnapshotsRequest&, wire::ListSnapshotsResponse&);
// A copy of a volume at one instant: frozen where it is mounted.
Result<void> copy_volume(Context&, const std::string& id, const std::string& to);

GrpcStatus stage_volume(Context&, const wire::NodeStageVolumeRequest&, wire::NodeStageVolumeResponse&);
GrpcStatus unstage_volume(Context&, const wire::NodeUnstageVolumeRequest&, wire::NodeUnstageVolumeResponse&);
GrpcStatus publish_volume(Context&, const wire::NodePublishVolumeRequest&, wire::NodePublishVolumeResponse&);
GrpcStatus unpublish_volume(Context&, const wire::NodeUnpublishVolumeRequest&, wire::NodeUnpublishVolumeResponse&);
GrpcStatus volume_stats(Context&, const wire::NodeGetVolumeStatsRequest&, wire::NodeGetVolumeStatsResponse&);
GrpcStatus expand_on_node(Context&, const wire::NodeExpandVolumeRequest&, wire::NodeExpandVolumeResponse&);
GrpcStatus node_capabilities(Context&, const wire::NodeGetCapabilitiesRequest&, wire::NodeGetCapabilitiesResponse&);
GrpcStatus node_info(Context&, const wire::NodeGetInfoRequest&, wire::NodeGetInfoResponse&);

// One page of sorted entries: tokens are the last entry's id. ABORTED for a token that this never gave.
template <typename Record, typename Add>
GrpcStatus page(const std::vector<Record>& records, std::int32_t max_entries, const std::string& token,
                std::string_view id_prefix, std::string& next_token, Add add) {
  if (max_entries < 0) return invalid("max_entries is negative");
  if (!token.empty() && !token.starts_with(id_prefix))
    return {GrpcCode::kAborted, "starting_token was not given by this driver: list from the beginning"};
  std::int32_t count = 0;
  const std::string* last = nullptr;
  for (const Record& record : records) {
    if (!token.empty() && record.id <= token) continue;
    if (max_entries > 0 && count == max_entries) {
      next_token = *last;
      break;
    }
    add(record);
    last = &record.id;
    ++count;
  }
  return {};
}

}  // namespace plinth::csi_driver
