#include "compose/instance/instance_status.h"

#include <algorithm>

#include "compose/instance/instance_step.h"

namespace plinth::compose {
namespace {

constexpr std::string_view kSynced = "InstanceSynced";

Value resource_value(Draft& draft, const ResourceReport& resource) {
  Value out = draft.object(8);
  draft.set(out, "id", resource.id);
  draft.set(out, "apiVersion", resource.api_version);
  draft.set(out, "kind", resource.kind);
  if (!resource.name_space.empty()) draft.set(out, "namespace", resource.name_space);
  if (!resource.name.empty()) draft.set(out, "name", resource.name);
  draft.set(out, "state", resource.state);
  draft.set(out, "ready", Value::of(resource.ready));
  if (!resource.message.empty()) draft.set(out, "message", resource.message);
  return out;
}

Value conditions_value(Draft& draft, const std::vector<Condition>& conditions) {
  Value out = draft.array(conditions.size());
  for (const Condition& c : conditions) draft.push(out, condition_value(draft, c));
  return out;
}

// Those of the author are gone once the definition makes none.
std::vector<std::string_view> foreign_types(const Value& conditions) {
  constexpr std::string_view kOwn[] = {"InstanceManaged", "GraphResolved", "ResourcesReady", "Ready", kSynced};
  std::vector<std::string_view> out;
  for (const Value& c : conditions.items()) {
    if (std::find(std::begin(kOwn), std::end(kOwn), c["type"].as_string()) == std::end(kOwn))
      out.push_back(c["type"].as_string());
  }
  return out;
}

void set_legacy(ConditionSet& conditions, InstanceState state) {
  const Condition* resources = conditions.find("ResourcesReady");
  const Condition* graph = conditions.find("GraphResolved");
  const std::string& message = graph->status == ConditionStatus::kFalse ? graph->message : resources->message;
  switch (state) {
    case InstanceState::kActive:
      return conditions.set(kSynced, ConditionStatus::kTrue, "ReconciliationSucceeded", "Instance reconciled successfully");
    case InstanceState::kError:
      return conditions.set(kSynced, ConditionStatus::kFalse, "ReconciliationFailed", message);
    default:
      return conditions.set(kSynced, ConditionStatus::kUnknown, "ReconciliationInProgress", message);
  }
}

Value status_value(Draft& draft, const StatusReport& report, ConditionSet& conditions) {
  Value status = report.fields.is_null() ? draft.object() : draft.clone(report.fields.root());
  draft.set(status, "state", state_text(report.state));
  if (report.revision > 0) draft.set(status, kRevisionField, Value::of(report.revision));
  draft.member(status, "conditions") = report.authored ? conditions_value(draft, *report.authored) : conditions.to_value(draft);
  if (report.resources.empty()) return status;
  Value list = draft.array(report.resources.size());
  for (const ResourceReport& resource : report.resources) draft.push(list, resource_value(draft, resource));
  draft.member(status, "resources") = list;
  return status;
}

}  // namespace

std::string_view state_text(InstanceState state) {
  switch (state) {
    case InstanceState::kInProgress:
      return "IN_PROGRESS";
    case InstanceState::kActive:
      return "ACTIVE";
    case InstanceState::kError:
      return "ERROR";
    case InstanceState::kDeleting:
      return "DELETING";
  }
  return "";
}

ConditionSet instance_conditions(const Value& instance, std::string now) {
  return ConditionSet(instance, {"InstanceManaged", "GraphResolved", "ResourcesReady"}, std::move(now),
                      foreign_types(instance["status"]["conditions"]));
}

void tell_transitions(client::EventRecorder& events, const client::Object& about, const std::vector<Condition>& before,
                      const std::vector<Condition>& after) {
  for (const Condition& now : after) {
    const Condition* was = nullptr;
    for (const Condition& c : before) {
      if (c.type == now.type) was = &c;
    }
    const bool moved = was == nullptr ? now.status != ConditionStatus::kUnknown : was->status != now.status;
    // The same state for another reason is worth telling when it is a bad one.
    const bool other_reason =
        was != nullptr && now.status == ConditionStatus::kFalse && (was->reason != now.reason || was->message != now.message);
    if (!moved && !other_reason) continue;
    std::string message = std::string(was == nullptr ? "Unknown" : status_text(was->status)) + " -> " +
                          std::string(status_text(now.status)) + ": " + now.reason;
    if (!now.message.empty()) message += ": " + now.message;
    if (now.status == ConditionStatus::kFalse)
      events.warning(about, now.type, message);
    else
      events.normal(about, now.type, message);
  }
}

void plan_status(const client::View& view, const client::Object& instance, const StatusReport& report, ConditionSet& conditions,
                 std::int64_t wall_ns, client::Plan& plan) {
  if (report.legacy && !report.authored) set_legacy(conditions, report.state);
  Draft next(instance.document);
  Value status = status_value(next, report, conditions);
  if (equal(status, instance["status"])) return;
  next.member(next.root(), "status") = status;
  plan.requests.push_back(client::update_request(instance, "status", next.root(), kInstanceController));
  // Ready repeats what another condition says.
  std::vector<Condition> told;
  for (const Condition& c : report.authored ? *report.authored : conditions.conditions()) {
    if (report.authored || c.type != "Ready" || c.status == ConditionStatus::kTrue) told.push_back(c);
  }
  client::EventRecorder events(view, kInstanceController, wall_ns, plan);
  if (!report.trouble.empty()) events.warning(instance, state_text(report.state), report.trouble);
  tell_transitions(events, instance, read_conditions(instance["status"]["conditions"]), told);
}

}  // namespace plinth::compose
