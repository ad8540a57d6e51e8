// A storage driver as the platform calls it: typed calls over one gRPC channel. On one loop.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "net/grpc/grpc.h"
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
  std::string node_id;
  std::int64_t volumes_max = 0;  // 0: no limit
  StringMap topology;
};

// Of NodeStageVolume and NodePublishVolume.
struct NodeCall {
  std::string volume_id, staging_path, target_path;
  workloads::CsiCapability capability;
  bool read_only = false;
  StringMap volume_context, secrets;
};

class CsiClient {
 public:
  // Long enough for a driver that copies a volume; a call that ended is made again, and goes on where it was.
  static constexpr Duration kCallTimeout = std::chrono::minutes(2);
  explicit CsiClient(std::unique_ptr<net::GrpcChannel> channel) : channel_(std::move(channel)) {}

  void facts(Done<DriverFacts> done);
  void create_volume(const workloads::CreateVolumeCall& call, const StringMap& secrets, Done<workloads::CreateVolumeAnswer> done);
  void delete_volume(const std::string& id, const StringMap& secrets, Done<Nothing> done);
  void stage(const NodeCall& call, Done<Nothing> done);
  void publish(const NodeCall& call, Done<Nothing> done);
  void unpublish(const std::string& id, const std::string& target, Done<Nothing> done);
  void unstage(const std::string& id, const std::string& staging, Done<Nothing> done);

 private:
  std::unique_ptr<net::GrpcChannel> channel_;
};

}  // namespace plinth::csi
