// VolumeSnapshots get their contents, and contents are given back. Taking and deleting snapshots is the drivers' part.
#pragma once

#include <memory>

#include "client/controller.h"
#include "client/events.h"

namespace plinth::workloads {

inline constexpr std::string_view kSnapshotController = "snapshot-controller";

std::unique_ptr<client::Controller> make_snapshot_controller();

// One look at each. Each look writes one thing at most; what follows from it comes with the next.
void snapshot_step(const client::View& view, const client::Object& snapshot, client::EventRecorder& events,
                   std::int64_t wall_ns, client::Plan& plan);
void content_step(const client::View& view, const client::Object& content, client::Plan& plan);
// The mark of a claim that snapshots are taken of.
void snapshot_source_step(const client::View& view, const client::Object& claim, client::Plan& plan);

}  // namespace plinth::workloads
