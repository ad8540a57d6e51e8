// VolumeSnapshot, VolumeSnapshotContent and VolumeSnapshotClass (snapshot.storage.k8s.io/v1): custom resources everywhere, so
// here too; with the fields, columns and rules of external-snapshotter's own definitions.
#pragma once

#include <memory>
#include <vector>

#include "client/controller.h"

namespace plinth::workloads {

std::vector<Document> snapshot_definitions();
// Makes the definitions that are missing. Those that are there stay as they are: another release's, or an administrator's.
std::unique_ptr<client::Controller> make_snapshot_kinds();

}  // namespace plinth::workloads
