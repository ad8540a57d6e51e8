#include "workloads/scheduler/pod_reports.h"

#include "base/json.h"
#include "base/text.h"
#include "base/time_text.h"
#include "workloads/common/pod_state.h"

namespace plinth::workloads {
namespace {

// Merged by type: conditions that others wrote stay.
client::Request condition_patch(const client::Object& pod, Draft& draft, Value condition) {
  Value conditions = draft.array();
  draft.push(conditions, condition);
  draft.member_path(draft.root(), {"status", "conditions"}) = conditions;
  draft.set(draft.member_path(draft.root(), {"metadata"}), "uid", pod.uid);
  return {
      "PATCH",
      client::object_path(pod.resource, pod.name_space, pod.name) + "/status?fieldManager=" + std::string(kSchedulerAccount),
      "application/strategic-merge-patch+json", to_json(draft.root())};
}

Value condition(Draft& draft, std::string_view type, std::string_view status, std::string_view reason, std::string_view message,
                const Value& before, std::int64_t wall_ns) {
  Value out = draft.object(8);
  const std::string now = format_rfc3339(wall_ns);
  const bool same = before["status"].as_string() == status;
  draft.set(out, "type", type);
  draft.set(out, "status", status);
  if (reason == "SchedulerError")
    draft.set(out, "lastProbeTime", now);
  else
    draft.set(out, "lastProbeTime", Value());
  draft.set(out, "lastTransitionTime", same ? std::string(before["lastTransitionTime"].as_string()) : now);
  draft.set(out, "reason", reason);
  draft.set(out, "message", message);
  return out;
}

}  // namespace

client::Request bind_request(const client::Object& pod, const std::string& node) {
  Draft draft;
  Value& root = draft.root() = draft.object();
  draft.set(root, "apiVersion", "v1");
  draft.set(root, "kind", "Binding");
  Value metadata = draft.object();
  draft.set(metadata, "name", pod.name);
  draft.set(metadata, "namespace", pod.name_space);
  draft.set(metadata, "uid", pod.uid);
  draft.set(root, "metadata", metadata);
  Value target = draft.object();
  draft.set(target, "kind", "Node");
  draft.set(target, "name", node);
  draft.set(root, "target", target);
  return {
      "POST",
      client::object_path(pod.resource, pod.name_space, pod.name) + "/binding?fieldManager=" + std::string(kSchedulerAccount),
      "", to_json(root)};
}

client::Request waiting_request(const client::Object& pod, std::string_view reason, std::string_view message,
                                const std::string& nominated_node, std::int64_t wall_ns) {
  Draft draft;
  draft.root() = draft.object();
  const Value before = condition_of(pod.document.root(), "PodScheduled");
  Value& status = draft.member_path(draft.root(), {"status"});
  if (!nominated_node.empty())
    draft.set(status, "nominatedNodeName", nominated_node);
  else if (pod["status"]["nominatedNodeName"].is_string())
    draft.set(status, "nominatedNodeName", Value());
  return condition_patch(pod, draft, condition(draft, "PodScheduled", "False", reason, message, before, wall_ns));
}

bool says(const client::Object& pod, std::string_view reason, std::string_view message, const std::string& nominated_node) {
  const Value before = condition_of(pod.document.root(), "PodScheduled");
  return before["status"].as_string() == "False" && before["reason"].as_string() == reason &&
         before["message"].as_string() == message && pod["status"]["nominatedNodeName"].as_string() == nominated_node;
}

client::Request disruption_request(const client::Object& victim, std::int64_t wall_ns) {
  Draft draft;
  draft.root() = draft.object();
  const Value before = condition_of(victim.document.root(), "DisruptionTarget");
  return condition_patch(victim, draft,
                         condition(draft, "DisruptionTarget", "True", "PreemptionByScheduler",
                                   "default-scheduler: preempting to accommodate a higher priority pod", before, wall_ns));
}

}  // namespace plinth::workloads
