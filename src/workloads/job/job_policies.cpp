#include "workloads/job/job_policies.h"

#include <algorithm>

namespace plinth::workloads {
namespace {

using client::Object;

bool matches_code(std::int64_t code, const Value& requirement) {
  const auto values = requirement["values"].items();
  const bool listed = std::any_of(values.begin(), values.end(), [code](const Value& v) { return v.as_int() == code; });
  const std::string_view op = requirement["operator"].as_string();
  return op == "In" ? listed : op == "NotIn" && !listed;
}

// The first container that ended with such a code; null for none.
Value matching_container(const Object& pod, const Value& requirement) {
  for (const std::string_view list : {"containerStatuses", "initContainerStatuses"}) {
    for (const Value& status : pod["status"][list].items()) {
      const Value ended = status["state"]["terminated"];
      if (!ended.is_object() || ended["exitCode"].as_int() == 0) continue;
      const Value name = requirement["containerName"];
      if (name.is_string() && name.as_string() != status["name"].as_string()) continue;
      if (matches_code(ended["exitCode"].as_int(), requirement)) return status;
    }
  }
  return {};
}

Value matching_condition(const Object& pod, const Value& patterns) {
  for (const Value& condition : pod["status"]["conditions"].items()) {
    for (const Value& pattern : patterns.items()) {
      if (equal(pattern["type"], condition["type"]) && equal(pattern["status"], condition["status"])) return condition;
    }
  }
  return {};
}

FailureVerdict verdict(std::string_view action, std::string message) {
  FailureVerdict out;
  out.counts = action != "Ignore";
  out.fails_index = action == "FailIndex";
  if (action == "FailJob") out.fails_job = std::move(message);
  return out;
}

}  // namespace

FailureVerdict judge_failure(const Object& job, const Object& pod) {
  const auto rules = job["spec"]["podFailurePolicy"]["rules"].items();
  const std::string name = pod.name_space + "/" + pod.name;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const std::string action(rules[i]["action"].as_string());
    const std::string rule = " matching " + action + " rule at index " + std::to_string(i);
    if (rules[i]["onExitCodes"].is_object()) {
      const Value container = matching_container(pod, rules[i]["onExitCodes"]);
      if (container.is_null()) continue;
      return verdict(action, "Container " + std::string(container["name"].as_string()) + " for pod " + name +
                                 " failed with exit code " +
                                 std::to_string(container["state"]["terminated"]["exitCode"].as_int()) + rule);
    }
    const Value condition = matching_condition(pod, rules[i]["onPodConditions"]);
    if (condition.is_null()) continue;
    return verdict(action, "Pod " + name + " has condition " + std::string(condition["type"].as_string()) + rule);
  }
  return {};
}

std::optional<std::string> success_message(const Object& job, const IndexSet& succeeded, std::int64_t completions) {
  const auto rules = job["spec"]["successPolicy"]["rules"].items();
  if (succeeded.empty()) return std::nullopt;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const Value indexes = rules[i]["succeededIndexes"], wanted = rules[i]["succeededCount"];
    bool met = false;
    if (indexes.is_string()) {
      const IndexSet required = IndexSet::parse(indexes.as_string(), completions);
      const std::int64_t common = succeeded.count_common(required);
      met = !required.empty() && (common == required.count() || (wanted.is_number() && common >= wanted.as_int()));
    } else {
      met = wanted.is_number() && succeeded.count() >= wanted.as_int();
    }
    if (met) return "Matched rules at index " + std::to_string(i);
  }
  return std::nullopt;
}

}  // namespace plinth::workloads
