// Disruption budgets, priority classes, runtime classes, leases and events.
#include <fmt/core.h>

#include "api/strategies/pod_rules.h"
#include "api/strategies/resource_rules.h"
#include "api/strategies/strategy_tables.h"
#include "api/strategies/workload_rules.h"

namespace plinth::api {
namespace {

constexpr std::int64_t kUserPriorityMax = 1000000000;
constexpr std::string_view kSystemPrefix = "system-";
constexpr std::size_t kEventTextMax = 128;
constexpr std::size_t kEventNoteMax = 1024;

void validate_budget(const Value& object, FieldErrors& errors) {
  const FieldRef root(object, errors);
  const FieldRef spec = root["spec"];
  const FieldRef available = spec["minAvailable"];
  const FieldRef unavailable = spec["maxUnavailable"];
  if (available.present() && unavailable.present()) spec.invalid("minAvailable and maxUnavailable cannot be both set");
  for (const FieldRef* value : {&available, &unavailable}) {
    if (!value->present()) continue;
    validate_count_or_percent(*value);
    validate_at_most_all(*value);
  }
  spec["selector"].label_selector();
}

void validate_budget_status(const Value& object, const Value& /*old*/, FieldErrors& errors) {
  const FieldRef root(object, errors);
  for (const std::string_view count : {"disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods"}) {
    const FieldRef status = root["status"];
    status[count].at_least_zero();
  }
}

bool is_system_priority(std::string_view name, std::int64_t value) {
  return (name == "system-cluster-critical" && value == 2000000000) || (name == "system-node-critical" && value == 2000001000);
}

void validate_priority(const Value& object, FieldErrors& errors) {
  const FieldRef root(object, errors);
  const FieldRef name = root["metadata.name"];
  const FieldRef value = root["value"];
  if (name.text().starts_with(kSystemPrefix)) {
    if (is_system_priority(name.text(), value.number())) return;
    name.forbidden("priority class names with 'system-' prefix are reserved for system use only. error: " +
                   std::string(name.text()) + " is not a known system priority class");
  } else if (value.number() > kUserPriorityMax) {
    value.forbidden(fmt::format("maximum allowed value of a user defined priority is {}", kUserPriorityMax));
  }
}

void validate_priority_update(const Value& object, const Value& old, FieldErrors& errors) {
  const FieldRef root(object, errors);
  if (!same(root["value"].value(), old["value"])) root["value"].forbidden("may not be changed in an update.");
  root["preemptionPolicy"].immutable(old["preemptionPolicy"]);
}

void validate_runtime(const Value& object, FieldErrors& errors) {
  const FieldRef root(object, errors);
  root["handler"].check_required(check_dns1123_label);
  root["overhead.podFixed"].each_entry([](const FieldRef& entry, std::string_view name) {
    validate_container_resource_name(entry, name);
    validate_resource_amount(entry, name);
  });
  root["scheduling.nodeSelector"].labels();
  validate_tolerations(root["scheduling.tolerations"]);
}

void validate_runtime_update(const Value& object, const Value& old, FieldErrors& errors) {
  const FieldRef root(object, errors);
  root["handler"].immutable(old["handler"]);
}

void validate_lease(const Value& object, FieldErrors& errors) {
  const FieldRef root(object, errors);
  const FieldRef spec = root["spec"];
  const FieldRef duration = spec["leaseDurationSeconds"];
  const FieldRef transitions = spec["leaseTransitions"];
  const FieldRef preferred = spec["preferredHolder"];
  if (duration.present() && duration.number() <= 0) duration.invalid("must be greater than 0");
  if (transitions.number() < 0) transitions.invalid("must be greater than or equal to 0");
  if (!preferred.empty() && spec["strategy"].empty()) preferred.forbidden("may only be specified if `strategy` is defined");
}

// Names that events.k8s.io and the stored form have for what new clients leave out.
constexpr std::pair<std::string_view, std::string_view> kDeprecated[] = {{"deprecatedFirstTimestamp", "firstTimestamp"},
                                                                         {"deprecatedLastTimestamp", "lastTimestamp"},
                                                                         {"deprecatedCount", "count"},
                                                                         {"deprecatedSource", "source"}};

// An event lives where its object does; about cluster-scoped objects it lives in default.
void validate_event_namespace(const FieldRef& root, std::string_view about_path, bool is_new_form) {
  const std::string_view home = root["metadata.namespace"].text();
  const FieldRef about = root[about_path];
  const bool free_home = home == "default" || (is_new_form ? home == "kube-system" : home.empty());
  if (about.empty() ? free_home : (is_new_form || about.is(home))) return;
  about.invalid("does not match event.namespace");
}

void validate_event_text(const FieldRef& at, std::size_t max, bool required) {
  if (required && at.empty()) return at.required();
  if (at.text().size() > max) at.invalid("", fmt::format("can have at most {} characters", max));
}

// Events with an eventTime come from the newer recorders and must be complete.
void validate_event(const Value& object, FieldErrors& errors) {
  const FieldRef root(object, errors);
  const bool is_new_form = root["eventTime"].present();
  const bool is_events_group = root["regarding"].present();  // the same object under other names
  validate_event_namespace(root, is_events_group ? "regarding.namespace" : "involvedObject.namespace", is_new_form);
  if (!is_new_form) return;
  const FieldRef controller = root[is_events_group ? "reportingController" : "reportingComponent"];
  controller.require();
  for (std::string& problem : check_label_key(controller.text())) controller.invalid(std::move(problem));
  validate_event_text(root["reportingInstance"], kEventTextMax, true);
  validate_event_text(root["action"], kEventTextMax, true);
  validate_event_text(root["reason"], kEventTextMax, true);
  // The note of an event is called message in every error.
  validate_event_text(FieldRef(root[is_events_group ? "note" : "message"].value(), "message", errors), kEventNoteMax, false);
}

// What clients of events.k8s.io send: only the newer form. The errors have the names of the stored form.
void validate_new_event(const Value& object, FieldErrors& errors) {
  validate_event(object, errors);
  const FieldRef root(object, errors);
  const FieldRef type = root["type"];
  const FieldRef series = root["series"];
  root["eventTime"].require();
  if (!type.is("Normal") && !type.is("Warning")) type.invalid("", fmt::format("has invalid value: {}", type.text()));
  for (const auto& [served, stored] : kDeprecated) {
    for (const std::string_view member : {served, stored}) {
      if (!same(root[member].value(), Value())) errors.push_back(field_invalid(std::string(stored), "", "needs to be unset"));
    }
  }
  if (!series.present()) return;
  if (series["count"].number() < 2) errors.push_back(field_invalid("series.count", "", "should be at least 2"));
  series["lastObservedTime"].require();
}

constexpr std::string_view kFixed[] = {"regarding",
                                       "involvedObject",
                                       "reason",
                                       "note",
                                       "message",
                                       "type",
                                       "action",
                                       "related",
                                       "reportingController",
                                       "reportingComponent",
                                       "reportingInstance",
                                       "eventTime"};

void validate_event_update(const Value& object, const Value& old, FieldErrors& errors) {
  const FieldRef root(object, errors);
  for (const std::string_view member : kFixed) root[member].immutable(old[member]);
}

constexpr Strategy kStrategies[] = {
    {.group = "policy",
     .kind = "PodDisruptionBudget",
     .validate = validate_budget,
     .validate_status_update = validate_budget_status},
    {.group = "scheduling.k8s.io",
     .kind = "PriorityClass",
     .validate = validate_priority,
     .validate_update = validate_priority_update},
    {.group = "node.k8s.io", .kind = "RuntimeClass", .validate = validate_runtime, .validate_update = validate_runtime_update},
    {.group = "coordination.k8s.io", .kind = "Lease", .validate = validate_lease},
    {.group = "", .kind = "Event", .validate = validate_event},
    {.group = "events.k8s.io",
     .kind = "Event",
     .validate_create = validate_new_event,
     .validate_update = validate_event_update},
};

}  // namespace

std::span<const Strategy> policy_strategies() { return kStrategies; }

}  // namespace plinth::api
