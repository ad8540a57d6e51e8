#include "workloads/job/job_pods.h"

#include <algorithm>

#include "base/json.h"
#include "base/text.h"
#include "base/time_text.h"
#include "workloads/common/pods.h"
#include "workloads/job/job_policies.h"

namespace plinth::workloads {
namespace {

using client::Object;

constexpr std::string_view kIndex = "batch.kubernetes.io/job-completion-index";
constexpr std::string_view kIndexFailures = "batch.kubernetes.io/job-index-failure-count";
constexpr std::string_view kIgnoredFailures = "batch.kubernetes.io/job-index-ignored-failure-count";
constexpr std::string_view kIndexVariable = "JOB_COMPLETION_INDEX";
constexpr std::int64_t kBackoffNs = 10'000'000'000, kBackoffNsMax = 600'000'000'000;

std::int64_t count_annotation(const Object& pod, std::string_view name) {
  const auto count = parse_integer<std::int32_t>(pod.metadata()["annotations"][name].as_string());
  return count ? std::max(*count, 0) : 0;
}

std::optional<std::int64_t> parsed_ns(const Value& text) {
  const auto time = parse_rfc3339(text.as_string());
  if (!time) return std::nullopt;
  return time->wall_ns();
}

// The latest end of the containers; nothing while one has none.
std::optional<std::int64_t> containers_end(const Object& pod) {
  std::optional<std::int64_t> latest;
  for (const Value& status : pod["status"]["containerStatuses"].items()) {
    const auto at = parsed_ns(status["state"]["terminated"]["finishedAt"]);
    if (!at) return std::nullopt;
    latest = std::max(latest.value_or(*at), *at);
  }
  return latest;
}

void add_index_variable(Draft& draft, Value& containers) {
  for (Value& container : draft.mutable_items(containers)) {
    Value& env = draft.member(container, "env");
    if (!env.is_array()) env = draft.array();
    bool there = false;
    for (const Value& variable : env.items()) there = there || variable["name"].as_string() == kIndexVariable;
    if (there) continue;
    Value field = draft.object(1);
    draft.set(field, "fieldPath", "metadata.labels['" + std::string(kIndex) + "']");
    Value source = draft.object(1);
    draft.set(source, "fieldRef", field);
    Value variable = draft.object(2);
    draft.set(variable, "name", kIndexVariable);
    draft.set(variable, "valueFrom", source);
    draft.push(env, variable);
  }
}

Value& object_at(Draft& draft, std::initializer_list<std::string_view> path) {
  Value& slot = draft.member_path(draft.root(), path);
  if (!slot.is_object()) slot = draft.object();
  return slot;
}

void add_index(Draft& pod, const Object& job, std::int64_t index, const Object* replaces) {
  const std::string text = std::to_string(index);
  pod.set(object_at(pod, {"metadata", "annotations"}), kIndex, text);
  pod.set(object_at(pod, {"metadata", "labels"}), kIndex, text);
  pod.set(pod.member(pod.root(), "spec"), "hostname", job.name + "-" + text);
  for (const std::string_view list : {"initContainers", "containers"}) {
    Value& spec = pod.member(pod.root(), "spec");
    if (Value* containers = pod.mutable_find(spec, list)) add_index_variable(pod, *containers);
  }
  if (!job["spec"]["backoffLimitPerIndex"].is_number()) return;
  std::int64_t failures = 0, ignored = 0;
  if (replaces != nullptr) {
    const bool counts = judge_failure(job, *replaces).counts;
    failures = index_failures(*replaces) + (counts ? 1 : 0);
    ignored = ignored_index_failures(*replaces) + (counts ? 0 : 1);
  }
  Value& annotations = object_at(pod, {"metadata", "annotations"});
  pod.set(annotations, kIndexFailures, std::to_string(failures));
  if (ignored > 0) pod.set(annotations, kIgnoredFailures, std::to_string(ignored));
}

}  // namespace

client::Resource jobs_resource() { return {"batch", "v1", "jobs", "Job", true}; }
bool is_indexed(const Object& job) { return job["spec"]["completionMode"].as_string() == "Indexed"; }
bool is_suspended(const Object& job) { return job["spec"]["suspend"].as_bool(); }

Value true_condition(const Object& job, std::string_view type) {
  for (const Value& c : job["status"]["conditions"].items()) {
    if (c["type"].as_string() == type && c["status"].as_string() == "True") return c;
  }
  return {};
}

bool is_job_finished(const Object& job) {
  return !true_condition(job, "Complete").is_null() || !true_condition(job, "Failed").is_null();
}

std::optional<std::int64_t> completion_index(const Object& pod) {
  const auto index = parse_integer<std::int64_t>(pod.metadata()["annotations"][kIndex].as_string());
  return index && *index >= 0 ? index : std::nullopt;
}

std::int64_t index_failures(const Object& pod) { return count_annotation(pod, kIndexFailures); }
std::int64_t ignored_index_failures(const Object& pod) { return count_annotation(pod, kIgnoredFailures); }

bool is_pod_failed(const Object& job, const Object& pod) {
  if (pod_phase(pod) == "Failed") return true;
  if (job["spec"]["podReplacementPolicy"].as_string() == "Failed") return false;
  return pod.deleting() && pod_phase(pod) != "Succeeded";
}

bool is_pod_terminating(const Object& pod) { return pod.deleting() && !has_pod_ended(pod); }

std::int64_t finished_ns(const Object& pod) {
  if (const auto end = containers_end(pod)) return *end;
  const Value ready = pod_condition(pod, "Ready");
  if (ready["status"].as_string() == "False") {
    if (const auto at = parsed_ns(ready["lastTransitionTime"])) return *at;
  }
  const Value metadata = pod.metadata();
  if (const auto at = parsed_ns(metadata["deletionTimestamp"]))
    return *at - metadata["deletionGracePeriodSeconds"].as_int() * 1'000'000'000;
  return creation_ns(pod);
}

std::optional<std::int64_t> backoff_left(std::int64_t failures, std::int64_t last_failure_ns, std::int64_t now_ns) {
  if (failures == 0) return std::nullopt;
  std::int64_t wait = kBackoffNs;
  for (std::int64_t i = 1; i < failures && wait < kBackoffNsMax; ++i) wait *= 2;
  const std::int64_t left = std::min(wait, kBackoffNsMax) - (now_ns - last_failure_ns);
  if (left <= 0) return std::nullopt;
  return left;
}

std::string pod_prefix(const Object& job, std::optional<std::int64_t> index) {
  constexpr std::size_t kPrefixMax = 58;
  const std::string end = index ? "-" + std::to_string(*index) + "-" : "-";
  return job.name.substr(0, kPrefixMax - end.size()) + end;
}

client::Request create_job_pod(const Object& job, std::optional<std::int64_t> index, const Object* replaces,
                               const std::string& name, const std::string& prefix) {
  Draft pod = pod_from_template(job["spec"]["template"], job, name, prefix);
  if (index) add_index(pod, job, *index, replaces);
  Value& finalizers = pod.member_path(pod.root(), {"metadata", "finalizers"});
  if (!finalizers.is_array()) finalizers = pod.array();
  bool there = false;
  for (const Value& f : finalizers.items()) there = there || f.as_string() == kJobTracking;
  if (!there) pod.push(finalizers, pod.text(kJobTracking));
  return create_pod_request(job, pod, kJobController);
}

// A strategic merge patch: whatever else becomes of the pod meanwhile.
client::Request stop_tracking(const Object& pod) {
  Draft patch;
  patch.root() = patch.object();
  Value removed = patch.array();
  patch.push(removed, patch.text(kJobTracking));
  Value metadata = patch.object();
  patch.set(metadata, "uid", pod.uid);
  patch.set(metadata, "$deleteFromPrimitiveList/finalizers", removed);
  patch.set(patch.root(), "metadata", metadata);
  return {"PATCH", client::object_path(pod.resource, pod.name_space, pod.name) + "?fieldManager=" + std::string(kJobController),
          "application/strategic-merge-patch+json", to_json(patch.root())};
}

}  // namespace plinth::workloads
