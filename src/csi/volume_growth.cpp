#include "csi/volume_growth.h"

#include "client/events.h"

namespace plinth::csi {
namespace {

constexpr std::string_view kManager = "kubelet";

}  // namespace

bool is_infeasible(net::GrpcCode code) {
  using net::GrpcCode;
  return code == GrpcCode::kInvalidArgument || code == GrpcCode::kOutOfRange || code == GrpcCode::kNotFound;
}

client::Plan grown_plan(const client::View& view, const Growth& growth, const VolumeData& data, std::int64_t wall_ns) {
  client::Plan plan;
  Draft patch;
  patch.member_path(patch.root(), {"status", "capacity", "storage"}) = patch.text(growth.capacity);
  patch.member_path(patch.root(), {"status", "allocatedResourceStatuses"}) = Value();
  Value left = patch.array();
  for (const Value& condition : growth.claim["status"]["conditions"].items()) {
    const std::string_view type = condition["type"].as_string();
    if (type != "FileSystemResizePending" && type != "Resizing" && type != "NodeResizeError")
      patch.push(left, patch.clone(condition));
  }
  patch.member_path(patch.root(), {"status", "conditions"}) = left;
  plan.requests.push_back(client::merge_patch_request(growth.claim, "status", std::move(patch), true, kManager));
  client::EventRecorder events(view, kManager, wall_ns, plan);
  events.normal(growth.claim, "FileSystemResizeSuccessful",
                "MountVolume.NodeExpandVolume succeeded for volume \"" + data.volume + "\"");
  return plan;
}

client::Plan infeasible_plan(const client::View& view, const Growth& growth, const std::string& why, std::int64_t wall_ns) {
  client::Plan plan;
  Draft patch;
  patch.member_path(patch.root(), {"status", "allocatedResourceStatuses", "storage"}) = patch.text("NodeResizeInfeasible");
  plan.requests.push_back(client::merge_patch_request(growth.claim, "status", std::move(patch), true, kManager));
  client::EventRecorder events(view, kManager, wall_ns, plan);
  events.warning_once(growth.claim, "VolumeResizeFailed", why);
  return plan;
}

}  // namespace plinth::csi
