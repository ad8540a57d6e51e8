#include "workloads/common/pods.h"

#include "base/text.h"
#include "base/time_text.h"
#include "workloads/common/owner.h"

namespace plinth::workloads {

using client::Object;

namespace {

std::int64_t time_ns(const Value& text) {
  const auto time = parse_rfc3339(text.as_string());
  return time ? time->wall_ns() : 0;
}

// "/api/v1/namespaces/x/pods", or one of them.
bool is_about_pods(std::string_view target) {
  const auto path = client::parse_object_path(target);
  return path && path->group.empty() && path->plural == "pods";
}

}  // namespace

client::Resource pods_resource() { return {"", "v1", "pods", "Pod", true}; }

std::string_view pod_phase(const Object& pod) { return pod["status"]["phase"].as_string(); }

bool has_pod_ended(const Object& pod) {
  const std::string_view phase = pod_phase(pod);
  return phase == "Succeeded" || phase == "Failed";
}

bool is_pod_active(const Object& pod) { return !pod.deleting() && !has_pod_ended(pod); }

Value pod_condition(const Object& pod, std::string_view type) {
  for (const Value& condition : pod["status"]["conditions"].items()) {
    if (condition["type"].as_string() == type) return condition;
  }
  return {};
}

bool is_pod_ready(const Object& pod) { return pod_condition(pod, "Ready")["status"].as_string() == "True"; }

std::optional<std::int64_t> pod_ready_since(const Object& pod) {
  const Value condition = pod_condition(pod, "Ready");
  if (condition["status"].as_string() != "True") return std::nullopt;
  return time_ns(condition["lastTransitionTime"]);
}

std::optional<std::int64_t> pod_available_in(const Object& pod, std::int64_t min_ready_seconds, std::int64_t now_ns) {
  const auto since = pod_ready_since(pod);
  if (!since || min_ready_seconds == 0) return std::nullopt;
  const std::int64_t left = *since + min_ready_seconds * 1'000'000'000 - now_ns;
  if (left <= 0) return std::nullopt;
  return left;
}

bool is_pod_available(const Object& pod, std::int64_t min_ready_seconds, std::int64_t now_ns) {
  return is_pod_ready(pod) && !pod_available_in(pod, min_ready_seconds, now_ns);
}

std::int64_t creation_ns(const Object& object) { return time_ns(object.metadata()["creationTimestamp"]); }

Draft pod_from_template(const Value& pod_template, const Object& owner, std::string_view name, std::string_view prefix) {
  Draft pod;
  pod.root() = pod.object();
  pod.set(pod.root(), "apiVersion", "v1");
  pod.set(pod.root(), "kind", "Pod");
  Value metadata = pod.object(8);
  if (!prefix.empty()) pod.set(metadata, "generateName", prefix);
  pod.set(metadata, "name", name);
  pod.set(metadata, "namespace", owner.name_space);
  for (const std::string_view member : {"labels", "annotations", "finalizers"}) {
    const Value value = pod_template["metadata"][member];
    if (value.size() > 0) pod.set(metadata, member, pod.clone(value));
  }
  Value owners = pod.array();
  pod.push(owners, controller_reference(pod, owner));
  pod.set(metadata, "ownerReferences", owners);
  pod.set(pod.root(), "metadata", metadata);
  pod.set(pod.root(), "spec", pod.clone(pod_template["spec"]));
  return pod;
}

client::Request create_pod_request(const Object& owner, const Draft& pod, std::string_view manager) {
  return client::create_request(pods_resource(), owner.name_space, pod.root(), manager);
}

std::optional<PodFailure> pod_failure(const client::StepContext& context) {
  for (const client::Failure& failure : context.failures) {
    if (!is_about_pods(failure.target)) continue;
    if (failure.reason == Reason::kConflict || failure.reason == Reason::kNotFound || failure.reason == Reason::kAlreadyExists)
      continue;
    if (failure.method == "POST") return PodFailure{"FailedCreate", "Error creating: " + failure.message, failure.message};
    if (failure.method == "DELETE") return PodFailure{"FailedDelete", "Error deleting: " + failure.message, failure.message};
  }
  return std::nullopt;
}

void earlier(std::optional<std::int64_t>& at, std::optional<std::int64_t> other) {
  if (other && (!at || *other < *at)) at = other;
}

}  // namespace plinth::workloads
