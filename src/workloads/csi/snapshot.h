// The decisions of csi-snapshotter, without the calls: what a VolumeSnapshotContent asks of its driver, and what is written
// when the driver has answered.
#pragma once

#include <string>
#include <variant>

#include "client/controller.h"
#include "workloads/csi/csi_calls.h"
#include "workloads/csi/provision.h"

namespace plinth::workloads {

struct SnapshotState {
  std::string handle;
  std::int64_t created_ns = 0, size_bytes = 0;
  bool ready = false;
};

// A snapshot that is there already is looked up; one that is to be taken is asked for until it can be used.
struct TakeSnapshot {
  CreateSnapshotCall call;
  client::Plan marks;  // before the call: it may have been taken whatever the answer is
};
struct FindSnapshot {
  std::string handle;
  bool listed = true;  // else the driver cannot say, and it counts as there
  std::optional<SecretReference> secrets;
};
struct DeleteSnapshot {
  std::string handle;
  std::optional<SecretReference> secrets;
};
using SnapshotDecision = std::variant<NoDecision, Refusal, client::Plan, TakeSnapshot, FindSnapshot, DeleteSnapshot>;
SnapshotDecision decide_snapshot(const client::View& view, const client::Object& content, const CsiDriverInfo& driver,
                                 std::string_view manager);

client::Plan snapshot_taken_plan(const client::Object& content, const SnapshotState& state, std::string_view manager);
// `final`: nothing was made, the mark comes off.
client::Plan snapshot_failed_plan(const client::Object& content, std::string_view message, bool final, std::int64_t wall_ns,
                                  std::string_view manager);
client::Plan snapshot_deleted_plan(const client::Object& content, std::string_view manager);

}  // namespace plinth::workloads
