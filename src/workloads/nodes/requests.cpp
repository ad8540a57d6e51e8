#include "workloads/nodes/requests.h"

#include "base/json.h"
#include "base/time_text.h"
#include "workloads/common/pod_state.h"

namespace plinth::workloads {

client::Request pod_condition_request(const client::Object& pod, std::string_view type, std::string_view status,
                                      std::string_view reason, std::string_view message, std::string_view phase,
                                      std::int64_t wall_ns, std::string_view manager) {
  Draft draft;
  draft.root() = draft.object();
  draft.set(draft.member_path(draft.root(), {"metadata"}), "uid", pod.uid);
  Value& state = draft.member_path(draft.root(), {"status"});
  state = draft.object();
  if (!type.empty()) {
    Value condition = draft.object(8);
    draft.set(condition, "type", type);
    draft.set(condition, "status", status);
    if (condition_of(pod.document.root(), type)["status"].as_string() != status)
      draft.set(condition, "lastTransitionTime", format_rfc3339(wall_ns));
    if (!reason.empty()) draft.set(condition, "reason", reason);
    if (!message.empty()) draft.set(condition, "message", message);
    draft.push(draft.member(state, "conditions"), condition);
  }
  if (!phase.empty()) draft.set(state, "phase", phase);
  return {"PATCH", client::object_path(pod.resource, pod.name_space, pod.name) + "/status?fieldManager=" + std::string(manager),
          "application/strategic-merge-patch+json", to_json(draft.root())};
}

client::Request force_delete_request(const client::Object& pod) {
  Draft options;
  Value& root = options.root() = options.object();
  options.set(root, "kind", "DeleteOptions");
  options.set(root, "apiVersion", "v1");
  options.set(root, "gracePeriodSeconds", Value::of(0));
  options.set(options.member_path(root, {"preconditions"}), "uid", pod.uid);
  return {"DELETE", client::object_path(pod.resource, pod.name_space, pod.name), "", to_json(root)};
}

}  // namespace plinth::workloads
