#include "workloads/snapshots/snapshot_objects.h"

namespace plinth::workloads {

client::Resource snapshots_resource() { return {std::string(kSnapshotGroup), "v1", "volumesnapshots", "VolumeSnapshot", true}; }
client::Resource contents_resource() {
  return {std::string(kSnapshotGroup), "v1", "volumesnapshotcontents", "VolumeSnapshotContent", false};
}
client::Resource snapshot_classes_resource() {
  return {std::string(kSnapshotGroup), "v1", "volumesnapshotclasses", "VolumeSnapshotClass", false};
}

std::string content_name(const client::Object& snapshot) {
  const std::string_view named = snapshot["spec"]["source"]["volumeSnapshotContentName"].as_string();
  return named.empty() ? "snapcontent-" + snapshot.uid : std::string(named);
}

bool means(const client::Object& content, const client::Object& snapshot) {
  const Value reference = content["spec"]["volumeSnapshotRef"];
  const std::string_view uid = reference["uid"].as_string();
  return reference["name"].as_string() == snapshot.name && reference["namespace"].as_string() == snapshot.name_space &&
         (uid.empty() || uid == snapshot.uid);
}

}  // namespace plinth::workloads
