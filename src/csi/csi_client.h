// A storage driver as the platform calls it: typed calls over one gRPC channel. On one loop.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "net/grpc/grpc.h"
#include "node/volumes/volume_usage.h"
#include "workloads/csi/csi_calls.h"

namespace plinth::csi {

using StringMap = std::map<std::string, std::string>;

template <typename T>
struct Reply {
  net::GrpcStatus status;
  T value;  // when the status is OK
};
struct Nothing {};
template <typename T>
using Done = UniqueFunction<void(Reply<T>)>;

// What a driver says of itself, and of the node it runs on.
struct DriverFacts {
  workloads::CsiDriverInfo info;
  bool stages = false;                   // STAGE_UNSTAGE
  bool node_multi_writer_modes = false;  // SINGLE_NODE_MULTI_WRITER
  bool node_expands = false;             // EXPAND_VOLUME
  bool node_stats = false;               // GET_VOLUME_STATS
  bool mount_group = false;              // VOLUME_MOUNT_GROUP
  std::string node_id;
  std::int64_t volumes_max = 0;  // 0: no limit
  StringMap topology;
  bool on_node = true;  // it has a node service
};

// Of NodeStageVolume and NodePublishVolume.
struct NodeCall {
  std::string volume_id, staging_path, target_path;
  workloads::CsiCapability capability;
  bool read_only = false;
  std::string mount_group;  // fsGroup, of drivers that give a volume to it themselves
  StringMap volume_context, publish_context, secrets;
};

// Of NodeExpandVolume.
struct NodeExpandCall {
  std::string volume_id, volume_path, staging_path;
  workloads::CsiCapability capability;
  std::int64_t required_bytes = 0;
  StringMap secrets;
};

using VolumeStats = node::VolumeUsage;  // what NodeGetVolumeStats says

struct ExpandAnswer {
  std::int64_t capacity_bytes = 0;
  bool node_expansion_required = false;
};
struct SnapshotAnswer {
  std::string id, source_volume;
  std::int64_t size_bytes = 0, created_ns = 0;
  bool ready = false;
};
struct CapacityAnswer {
  std::int64_t available = 0, volume_max = 0;  // bytes; volume_max 0: not said
};

class CsiClient {
 public:
  // Long enough for a driver that copies a volume; a call that ended is made again, and goes on where it was.
  static constexpr Duration kCallTimeout = std::chrono::minutes(2);
  // Of calls to the controller's part: what hangs is said soon, and made again.
  static constexpr Duration kControllerTimeout = std::chrono::seconds(15);
  static constexpr Duration kSnapshotTimeout = std::chrono::minutes(1);  // data may be copied meanwhile
  explicit CsiClient(std::unique_ptr<net::GrpcChannel> channel) : channel_(std::move(channel)) {}

  static constexpr Duration kStatsTimeout = std::chrono::seconds(10);  // who asks does not wait long
  static constexpr Duration kProbeTimeout = std::chrono::seconds(10);
  void facts(Done<DriverFacts> done);
  // Whether it answers at all.
  void probe(Done<Nothing> done);
  void create_volume(const workloads::CreateVolumeCall& call, const StringMap& secrets,
                     Done<workloads::CreateVolumeAnswer> done);
  void delete_volume(const std::string& id, const StringMap& secrets, Done<Nothing> done);
  // The answer is the attachment's publish context.
  void controller_publish(const workloads::PublishCall& call, const StringMap& secrets, Done<StringMap> done);
  void controller_unpublish(const workloads::UnpublishCall& call, const StringMap& secrets, Done<Nothing> done);
  void controller_expand(const workloads::ExpandCall& call, const StringMap& secrets, Done<ExpandAnswer> done);
  void create_snapshot(const workloads::CreateSnapshotCall& call, const StringMap& secrets, Done<SnapshotAnswer> done);
  void delete_snapshot(const std::string& id, const StringMap& secrets, Done<Nothing> done);
  // One that the driver does not know is NOT_FOUND.
  void find_snapshot(const std::string& id, const StringMap& secrets, Done<SnapshotAnswer> done);
  void capacity(const workloads::CapacityCall& call, Done<CapacityAnswer> done);
  void stage(const NodeCall& call, Done<Nothing> done);
  void publish(const NodeCall& call, Done<Nothing> done);
  void unpublish(const std::string& id, const std::string& target, Done<Nothing> done);
  void unstage(const std::string& id, const std::string& staging, Done<Nothing> done);
  void expand_on_node(const NodeExpandCall& call, Done<Nothing> done);
  void volume_stats(const std::string& id, const std::string& path, Done<VolumeStats> done);

 private:
  std::unique_ptr<net::GrpcChannel> channel_;
};

}  // namespace plinth::csi
