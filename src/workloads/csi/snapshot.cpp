#include "workloads/csi/snapshot.h"

#include "base/time_text.h"
#include "workloads/csi/snapshot_class.h"
#include "workloads/snapshots/snapshot_objects.h"
#include "workloads/volumes/claims.h"

namespace plinth::workloads {
namespace {

using client::Object;
using client::Plan;

// Taken, or being taken: as the driver names it.
std::string handle_of(const Object& content) {
  const std::string_view taken = content["status"]["snapshotHandle"].as_string();
  return std::string(taken.empty() ? content["spec"]["source"]["snapshotHandle"].as_string() : taken);
}

std::optional<SecretReference> deletion_secret(const Object& content) {
  const std::string_view name = annotation(content, kDeletionSecretName), space = annotation(content, kDeletionSecretNamespace);
  if (name.empty() || space.empty()) return std::nullopt;
  return SecretReference{std::string(name), std::string(space)};
}

Plan one(client::Request request) {
  Plan plan;
  plan.requests.push_back(std::move(request));
  return plan;
}

// Whether the snapshot goes now: it is nobody's, or its VolumeSnapshot goes too; and no call that makes it may still be
// running.
bool is_to_go(const Object& content) {
  if (!content.deleting()) return false;
  const Value spec = content["spec"];
  if (spec["source"]["snapshotHandle"].is_string() && spec["volumeSnapshotRef"]["uid"].as_string().empty()) return true;
  return annotation(content, kBeingCreated).empty() && !annotation(content, kBeingDeleted).empty();
}

SnapshotDecision decide_deletion(const Object& content, const CsiDriverInfo&, std::string_view manager) {
  if (!content.has_finalizer(kContentFinalizer)) return NoDecision();
  const bool deletes = content["spec"]["deletionPolicy"].as_string() == "Delete";
  const std::string handle = handle_of(content);
  if (!deletes || handle.empty()) return snapshot_deleted_plan(content, manager);
  return DeleteSnapshot{handle, deletion_secret(content)};
}

SnapshotDecision decide_taking(const client::View& view, const Object& content, std::string_view manager) {
  const std::string class_name(content["spec"]["volumeSnapshotClassName"].as_string());
  const auto snapshot_class = view.get(snapshot_classes_resource(), "", class_name);
  if (!snapshot_class) return Refusal{"VolumeSnapshotClass \"" + class_name + "\" not found"};
  auto parameters = read_snapshot_parameters((*snapshot_class)["parameters"], content);
  if (!parameters.ok()) return Refusal{parameters.error().message()};
  TakeSnapshot out;
  out.call.name = "snapshot-" + std::string(content["spec"]["volumeSnapshotRef"]["uid"].as_string());
  out.call.source_volume = content["spec"]["source"]["volumeHandle"].as_string();
  out.call.parameters = std::move(parameters->driver);
  out.call.secrets = std::move(parameters->secrets);
  if (annotation(content, kBeingCreated).empty()) {
    Draft patch;
    patch.member_path(patch.root(), {"metadata", "annotations", std::string(kBeingCreated)}) = patch.text("yes");
    out.marks = one(client::merge_patch_request(content, "", std::move(patch), /*same_revision=*/true, manager));
  }
  return out;
}

Plan without_mark(const Object& content, std::string_view manager) {
  if (annotation(content, kBeingCreated).empty()) return {};
  Draft patch;
  Value annotations = patch.object();
  patch.set(annotations, kBeingCreated, Value());
  patch.member_path(patch.root(), {"metadata", "annotations"}) = annotations;
  return one(client::merge_patch_request(content, "", std::move(patch), /*same_revision=*/false, manager));
}

}  // namespace

SnapshotDecision decide_snapshot(const client::View& view, const Object& content, const CsiDriverInfo& driver,
                                 std::string_view manager) {
  const Value spec = content["spec"];
  if (spec["driver"].as_string() != driver.name) return NoDecision();
  if (is_to_go(content)) return decide_deletion(content, driver, manager);
  const bool being_taken = !annotation(content, kBeingCreated).empty();
  if (content.deleting() && !being_taken) return NoDecision();  // kept until its VolumeSnapshot goes
  if (content["status"]["readyToUse"].as_bool() && !handle_of(content).empty()) return without_mark(content, manager);
  if (spec["source"]["volumeHandle"].is_string()) return decide_taking(view, content, manager);
  return FindSnapshot{handle_of(content), driver.lists_snapshots, deletion_secret(content)};
}

Plan snapshot_taken_plan(const Object& content, const SnapshotState& state, std::string_view manager) {
  Draft draft(content.document);
  Value status = draft.object();
  draft.set(status, "snapshotHandle", state.handle);
  draft.set(status, "creationTime", Value::of(state.created_ns));
  draft.set(status, "restoreSize", Value::of(state.size_bytes));
  draft.set(status, "readyToUse", Value::of(state.ready));
  draft.set(draft.root(), "status", status);
  Plan out;
  if (!equal(content["status"], status)) out = one(client::update_request(content, "status", draft.root(), manager));
  // Known by its handle now.
  Plan unmarked = without_mark(content, manager);
  for (client::Request& request : unmarked.requests) out.requests.push_back(std::move(request));
  return out;
}

Plan snapshot_failed_plan(const Object& content, std::string_view message, bool final, std::int64_t wall_ns,
                          std::string_view manager) {
  Plan out;
  if (content["status"]["error"]["message"].as_string() != message) {
    Draft draft(content.document);
    Value& status = draft.member(draft.root(), "status");
    if (!status.is_object()) status = draft.object();
    Value error = draft.object();
    draft.set(error, "message", message);
    draft.set(error, "time", format_rfc3339(wall_ns));
    draft.set(status, "error", error);
    draft.set(status, "readyToUse", Value::of(false));
    out = one(client::update_request(content, "status", draft.root(), manager));
  }
  if (!final) return out;
  Plan unmarked = without_mark(content, manager);
  for (client::Request& request : unmarked.requests) out.requests.push_back(std::move(request));
  return out;
}

Plan snapshot_deleted_plan(const Object& content, std::string_view manager) {
  Draft patch;
  Value list = patch.array();
  for (const Value& finalizer : content.metadata()["finalizers"].items()) {
    if (finalizer.as_string() != kContentFinalizer) patch.push(list, patch.clone(finalizer));
  }
  patch.member_path(patch.root(), {"metadata", "finalizers"}) = list;
  return one(client::merge_patch_request(content, "", std::move(patch), /*same_revision=*/true, manager));
}

}  // namespace plinth::workloads
