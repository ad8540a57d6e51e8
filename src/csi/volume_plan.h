// What one pod's volume takes to be ready, from the objects alone: its claim, its volume, its driver's CSIDriver.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "csi/node_driver.h"
#include "csi/volume_data.h"
#include "node/volumes/payload.h"
#include "node/volumes/volume_plugin.h"

namespace plinth::csi {

// The volume has more than its claim was told of: the node's part of an expansion.
struct Growth {
  client::Object claim;
  std::string capacity;  // of the volume, as its object has it
  std::int64_t bytes = 0;
  StringMap secrets;
};

struct VolumePlan {
  std::string path;  // a volume that is a path of the node (local, hostPath): nothing else is to be done
  NodeDriver driver;
  VolumeData data;
  std::string directory;                // of the pod's volume; its record is there
  NodeCall call;                        // with the secrets of a stage
  StringMap publish_secrets, pod_info;  // of a publish
  std::vector<node::TokenWish> tokens;  // of the pod's service account, which a publish brings (CSIDriver.tokenRequests)
  bool read_only = false;               // in the pod, whatever it asks for
  bool exclusive = false;               // ReadWriteOncePod: of no other pod
  bool claim_is_going = false;          // no pod starts with it any more
  bool republish = false;               // again at each refresh (CSIDriver.requiresRepublish)
  std::optional<std::int64_t> group;    // fsGroup, where the node gives it
  bool group_if_needed = false;
  std::optional<Growth> growth;
};

// Errors are for the pod's FailedMount. Not ready yet (a claim that is not bound, a volume that is not attached, a driver that
// is not there) is ServiceUnavailable.
Result<VolumePlan> plan_volume(const node::VolumeRequest& request, const FindDriver& find_driver, const std::string& root);

// Whether a changed object may make the pod's volume ready, or other than it is.
bool concerns_volume(const node::Pod& pod, const Value& volume, const client::Object& changed);

}  // namespace plinth::csi
