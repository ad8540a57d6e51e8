#include "workloads/csi/resize.h"

#include <algorithm>

#include "base/time_text.h"
#include "workloads/csi/attach.h"
#include "workloads/volumes/claims.h"

namespace plinth::workloads {
namespace {

using client::Object;
using client::Plan;

constexpr std::string_view kPreResizeCapacity = "volume.alpha.kubernetes.io/pre-resize-capacity";
constexpr std::string_view kInProgress = "ControllerResizeInProgress", kInfeasible = "ControllerResizeInfeasible",
                           kNodePending = "NodeResizePending";
constexpr std::string_view kPendingMessage =
    "Waiting for user to (re-)start a pod to finish file system resize of volume on node.";

api::Quantity quantity(const Value& value) {
  auto parsed = api::Quantity::parse(value.as_string());
  return parsed.ok() ? *parsed : api::Quantity();
}
api::Quantity capacity_of(const Object& claim) { return quantity(claim["status"]["capacity"]["storage"]); }
std::string_view resize_status(const Object& claim) {
  return claim["status"]["allocatedResourceStatuses"]["storage"].as_string();
}
std::string text_of(std::int64_t bytes) { return api::Quantity(bytes, api::Quantity::Format::kBinarySi).text(); }

// A size that was under way when the request was lowered has to be finished, or refused, first: the driver may have given it.
std::int64_t target_of(const Object& claim) {
  const std::int64_t requested = requested_storage(claim).value();
  if (resize_status(claim) != kInProgress) return requested;
  return std::max(requested, quantity(claim["status"]["allocatedResources"]["storage"]).value());
}

void set_conditions(Draft& draft, Value& status, const Object& claim, std::string_view type, std::string_view message,
                    std::int64_t wall_ns) {
  Value list = draft.array();
  bool kept = false;
  for (const Value& condition : claim["status"]["conditions"].items()) {
    const std::string_view other = condition["type"].as_string();
    const bool same = other == type && condition["status"].as_string() == "True" && condition["message"].as_string() == message;
    kept = kept || same;
    const bool ours = other == "Resizing" || other == "FileSystemResizePending" || other == "ControllerResizeError" ||
                      other == "NodeResizeError";
    if (!ours || same) draft.push(list, draft.clone(condition));
  }
  if (!kept && !type.empty()) {
    Value condition = draft.object();
    draft.set(condition, "type", type);
    draft.set(condition, "status", "True");
    draft.set(condition, "lastTransitionTime", format_rfc3339(wall_ns));
    if (!message.empty()) draft.set(condition, "message", message);
    draft.push(list, condition);
  }
  if (list.size() > 0)
    draft.set(status, "conditions", list);
  else
    draft.remove(status, "conditions");
}

// The claim's status with what is being done; "" for nothing any more.
client::Request status_request(const Object& claim, std::string_view step, std::int64_t allocated, std::string_view condition,
                               std::string_view message, const std::string& capacity, std::int64_t wall_ns,
                               std::string_view manager) {
  Draft draft(claim.document);
  Value& status = draft.member(draft.root(), "status");
  if (!status.is_object()) status = draft.object();
  draft.member_path(status, {"allocatedResources", "storage"}) = draft.text(text_of(allocated));
  if (step.empty())
    draft.remove(status, "allocatedResourceStatuses");
  else
    draft.member_path(status, {"allocatedResourceStatuses", "storage"}) = draft.text(step);
  if (!capacity.empty()) draft.member_path(status, {"capacity", "storage"}) = draft.text(capacity);
  set_conditions(draft, status, claim, condition, message, wall_ns);
  return client::update_request(claim, "status", draft.root(), manager);
}

std::optional<SecretReference> expand_secret(const Value& csi) {
  const Value reference = csi["controllerExpandSecretRef"];
  if (!reference.is_object()) return std::nullopt;
  return SecretReference{std::string(reference["name"].as_string()), std::string(reference["namespace"].as_string())};
}

ExpandCall expand_call(const Object& volume, std::int64_t bytes, const CsiDriverInfo& driver) {
  const Value spec = volume["spec"], csi = spec["csi"];
  ExpandCall out;
  out.volume_id = csi["volumeHandle"].as_string();
  out.required_bytes = bytes;
  out.secrets = expand_secret(csi);
  out.capability = volume_capability(spec, driver);
  return out;
}

// The note of the size before the expansion has served once the claim says the new one.
Plan forget_plan(const Object& volume, std::string_view manager) {
  Plan out;
  if (annotation(volume, kPreResizeCapacity).empty()) return out;
  Draft patch;
  Value annotations = patch.object();
  patch.set(annotations, kPreResizeCapacity, Value());
  patch.member_path(patch.root(), {"metadata", "annotations"}) = annotations;
  out.requests.push_back(client::merge_patch_request(volume, "", std::move(patch), true, manager));
  return out;
}

}  // namespace

ResizeDecision decide_resize(const client::View& view, const Object& claim, const CsiDriverInfo& driver, std::int64_t wall_ns,
                             std::string_view manager) {
  if (claim.deleting() || !is_bound(claim) || claim["status"]["phase"].as_string() != "Bound") return NoDecision();
  const auto volume = view.get(volumes_resource(), "", claim["spec"]["volumeName"].as_string());
  if (!volume || (*volume)["spec"]["csi"]["driver"].as_string() != driver.name) return NoDecision();
  if ((*volume)["spec"]["claimRef"]["uid"].as_string() != claim.uid || volume->deleting()) return NoDecision();
  const api::Quantity has = capacity_of(claim);
  const std::int64_t target = target_of(claim);
  if (has.value() >= target) return forget_plan(*volume, manager);
  const std::string_view step = resize_status(claim);
  const bool done_here = storage_of(*volume).value() >= target;
  if (done_here && step.starts_with("NodeResize")) return NoDecision();  // the node's part
  Expansion out;
  out.target_bytes = target;
  out.by_driver = driver.expands;
  if (!driver.expands && !driver.expands_on_node)
    return Refusal{"CSI driver " + driver.name + " does not support volume expansion"};
  out.infeasible = step == kInfeasible && quantity(claim["status"]["allocatedResources"]["storage"]).value() == target;
  out.call = expand_call(*volume, target, driver);
  if (!out.infeasible &&
      (step != kInProgress || quantity(claim["status"]["allocatedResources"]["storage"]).value() != target)) {
    out.begun = "External resizer is resizing volume " + volume->name;
    out.marks.requests.push_back(status_request(claim, kInProgress, target, "Resizing", "", "", wall_ns, manager));
  }
  return out;
}

Plan expanded_plan(const Object& claim, const Object& volume, std::int64_t bytes, bool node_expansion, std::int64_t wall_ns,
                   std::string_view manager) {
  Plan out;
  if (storage_of(volume).value() < bytes) {
    Draft patch;
    Value annotations = patch.object();
    if (annotation(volume, kPreResizeCapacity).empty())
      patch.set(annotations, kPreResizeCapacity, claim["status"]["capacity"]["storage"].as_string());
    patch.member_path(patch.root(), {"metadata", "annotations"}) = annotations;
    patch.member_path(patch.root(), {"spec", "capacity", "storage"}) = patch.text(text_of(bytes));
    out.requests.push_back(client::merge_patch_request(volume, "", std::move(patch), /*same_revision=*/true, manager));
  }
  if (node_expansion) {
    out.requests.push_back(status_request(claim, kNodePending, target_of(claim), "FileSystemResizePending", kPendingMessage, "",
                                          wall_ns, manager));
  } else {
    const std::int64_t size = std::max(bytes, storage_of(volume).value());
    out.requests.push_back(status_request(claim, "", target_of(claim), "", "", text_of(size), wall_ns, manager));
  }
  return out;
}

Plan infeasible_plan(const Object& claim, std::string_view message, std::int64_t wall_ns, std::string_view manager) {
  Plan out;
  out.requests.push_back(
      status_request(claim, kInfeasible, target_of(claim), "ControllerResizeError", message, "", wall_ns, manager));
  return out;
}

}  // namespace plinth::workloads
