// Calls to the controller part of a CSI driver, as decisions make them and answers come back. Who makes them (gRPC, a test)
// fills in the secrets' contents.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "workloads/csi/class_parameters.h"

namespace plinth::workloads {

// The numbers of VolumeCapability.AccessMode.Mode.
enum class CsiAccessMode : std::uint8_t {
  kSingleNodeWriter = 1,
  kMultiNodeReaderOnly = 3,
  kMultiNodeMultiWriter = 5,
  kSingleNodeSingleWriter = 6,
  kSingleNodeMultiWriter = 7,
};

struct CsiCapability {
  bool block = false;
  std::string fs_type;  // of mounts
  std::vector<std::string> mount_flags;
  CsiAccessMode mode = CsiAccessMode::kSingleNodeWriter;
};

using CsiTopology = std::map<std::string, std::string>;

// What the driver says of itself (GetPluginInfo, GetPluginCapabilities, ControllerGetCapabilities).
struct CsiDriverInfo {
  std::string name;
  bool topology = false;            // VOLUME_ACCESSIBILITY_CONSTRAINTS
  bool creates_volumes = true;      // CREATE_DELETE_VOLUME
  bool clones = false;              // CLONE_VOLUME
  bool snapshots = false;           // CREATE_DELETE_SNAPSHOT
  bool publishes = false;           // PUBLISH_UNPUBLISH_VOLUME
  bool multi_writer_modes = false;  // SINGLE_NODE_MULTI_WRITER
  bool lists_snapshots = false;     // LIST_SNAPSHOTS
  bool expands = false;             // EXPAND_VOLUME
  bool expands_on_node = false;     // the node's EXPAND_VOLUME
  bool tells_capacity = false;      // GET_CAPACITY
};

struct CreateVolumeCall {
  std::string name;
  std::int64_t required_bytes = 0;
  std::vector<CsiCapability> capabilities;
  std::map<std::string, std::string> parameters;
  std::optional<SecretReference> secrets;
  std::string source_snapshot, source_volume;  // handles; at most one
  std::vector<CsiTopology> requisite, preferred;
  // Nobody wants it any more, but an earlier call may have made it: what comes of it is deleted.
  bool abandoned = false;
};
struct CreateVolumeAnswer {
  std::string volume_id;
  std::int64_t capacity_bytes = 0;  // 0: as asked
  std::map<std::string, std::string> volume_context;
  std::vector<CsiTopology> topology;
  bool has_source = false;  // content_source was given back
};

struct DeleteVolumeCall {
  std::string volume_id;
  std::optional<SecretReference> secrets;
};

struct PublishCall {
  std::string volume_id, node_id;
  CsiCapability capability;
  bool read_only = false;
  std::optional<SecretReference> secrets;
  std::map<std::string, std::string> volume_context;
};
struct UnpublishCall {
  std::string volume_id, node_id;
  std::optional<SecretReference> secrets;
};

struct ExpandCall {
  std::string volume_id;
  std::int64_t required_bytes = 0;
  CsiCapability capability;
  std::optional<SecretReference> secrets;
};

struct CreateSnapshotCall {
  std::string name, source_volume;
  std::map<std::string, std::string> parameters;
  std::optional<SecretReference> secrets;
};

struct CapacityCall {
  std::vector<CsiCapability> capabilities;
  std::map<std::string, std::string> parameters;
  CsiTopology topology;
};

}  // namespace plinth::workloads
