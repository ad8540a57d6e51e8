// The parameters of a VolumeSnapshotClass: the driver's own, and the secrets of who takes snapshots.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "workloads/csi/class_parameters.h"

namespace plinth::workloads {

struct SnapshotParameters {
  std::map<std::string, std::string> driver;  // without csi.storage.k8s.io/...
  std::optional<SecretReference> secrets;
};
// Templates: ${volumesnapshotcontent.name}, ${volumesnapshot.namespace}; in names also ${volumesnapshot.name}. An error names
// the parameter.
Result<SnapshotParameters> read_snapshot_parameters(const Value& parameters, const client::Object& content);
Result<SnapshotParameters> read_snapshot_parameters(const Value& parameters, const std::string& content,
                                                    const std::string& snapshot, const std::string& name_space);

}  // namespace plinth::workloads
