#include "api/conversions/autoscaler_conversion.h"

#include "api/conversions/metric_forms.h"
#include "base/json.h"

namespace plinth::api {
namespace {

constexpr std::string_view kMetrics = "autoscaling.alpha.kubernetes.io/metrics";
constexpr std::string_view kCurrentMetrics = "autoscaling.alpha.kubernetes.io/current-metrics";
constexpr std::string_view kConditions = "autoscaling.alpha.kubernetes.io/conditions";
constexpr std::string_view kBehavior = "autoscaling.alpha.kubernetes.io/behavior";
constexpr std::string_view kPercent = "targetCPUUtilizationPercentage";
constexpr std::string_view kCurrentPercent = "currentCPUUtilizationPercentage";

Value& object_at(Draft& draft, Value& parent, std::string_view member) {
  Value& slot = draft.member(parent, member);
  if (!slot.is_object()) slot = draft.object();
  return slot;
}

// A resource metric of cpu that is given in percent: the one that v1 can say.
bool is_cpu_percent(const Value& metric) {
  const Value resource = metric["resource"];
  return metric["type"].as_string() == "Resource" && resource["name"].as_string() == "cpu" &&
         !resource["target"]["averageUtilization"].is_null();
}

// Takes an annotation out of the object: its JSON, or null when it is absent or not JSON.
Value take_annotation(Draft& draft, std::string_view name) {
  const Value annotations = draft.root()["metadata"]["annotations"];
  const Value* text = annotations.find(name);
  if (text == nullptr) return Value();
  auto parsed = parse_json(text->as_string());
  Value& slot = draft.member_path(draft.root(), {"metadata", "annotations"});
  draft.remove(slot, name);
  if (slot.size() == 0) draft.remove(draft.member(draft.root(), "metadata"), "annotations");
  return parsed.ok() ? draft.adopt(*parsed) : Value();
}

void put_annotation(Draft& draft, std::string_view name, const Value& value) {
  Value& metadata = object_at(draft, draft.root(), "metadata");
  draft.set(object_at(draft, metadata, "annotations"), name, to_json(value));
}

Value cpu_percent_status(Draft& draft, const Value& percent) {
  Value current = draft.object();
  draft.set(current, "averageUtilization", percent);
  Value resource = draft.object();
  draft.set(resource, "name", "cpu");
  draft.set(resource, "current", current);
  Value metric = draft.object();
  draft.set(metric, "type", "Resource");
  draft.set(metric, "resource", resource);
  return metric;
}

void spec_to_v2(Draft& draft) {
  Value& spec = object_at(draft, draft.root(), "spec");
  const Value percent = spec[kPercent];
  const Value others = take_annotation(draft, kMetrics);
  const Value behavior = take_annotation(draft, kBehavior);
  Value metrics = draft.array();
  for (const Value& metric : others.items()) draft.push(metrics, metric_to_v2(draft, metric));
  if (!percent.is_null()) draft.push(metrics, cpu_percent_metric(draft, percent));
  draft.remove(spec, kPercent);
  if (metrics.size() > 0) draft.set(spec, "metrics", metrics);
  if (behavior.is_object()) draft.set(spec, "behavior", behavior);
}

void status_to_v2(Draft& draft) {
  const Value current = take_annotation(draft, kCurrentMetrics);
  const Value conditions = take_annotation(draft, kConditions);
  if (!draft.root()["status"].is_object() && current.is_null() && conditions.is_null()) return;
  Value& status = object_at(draft, draft.root(), "status");
  const Value percent = status[kCurrentPercent];
  Value metrics = draft.array();
  for (const Value& metric : current.items()) draft.push(metrics, metric_to_v2(draft, metric));
  // The annotation knows more than the percentage does.
  if (metrics.size() == 0 && !percent.is_null()) draft.push(metrics, cpu_percent_status(draft, percent));
  draft.remove(status, kCurrentPercent);
  if (metrics.size() > 0) draft.set(status, "currentMetrics", metrics);
  if (conditions.is_array()) draft.set(status, "conditions", conditions);
}

void spec_to_v1(Draft& draft) {
  Value& spec = object_at(draft, draft.root(), "spec");
  const Value metrics = spec["metrics"];
  const Value behavior = spec["behavior"];
  Value others = draft.array();
  Value percent;
  for (const Value& metric : metrics.items()) {
    if (!is_cpu_percent(metric)) {
      draft.push(others, metric_to_v1(draft, metric));
    } else if (percent.is_null()) {
      percent = metric["resource"]["target"]["averageUtilization"];
    }
  }
  draft.remove(spec, "metrics");
  draft.remove(spec, "behavior");
  if (!percent.is_null()) draft.set(spec, kPercent, percent);
  if (others.size() > 0) put_annotation(draft, kMetrics, others);
  if (behavior.is_object()) put_annotation(draft, kBehavior, behavior);
}

void status_to_v1(Draft& draft) {
  if (!draft.root()["status"].is_object()) return;
  Value& status = object_at(draft, draft.root(), "status");
  const Value current = status["currentMetrics"];
  const Value conditions = status["conditions"];
  Value all = draft.array();
  Value percent;
  for (const Value& metric : current.items()) {
    draft.push(all, metric_to_v1(draft, metric));
    const Value resource = metric["resource"];
    if (percent.is_null() && resource["name"].as_string() == "cpu") percent = resource["current"]["averageUtilization"];
  }
  draft.remove(status, "currentMetrics");
  draft.remove(status, "conditions");
  if (!percent.is_null()) draft.set(status, kCurrentPercent, percent);
  if (all.size() > 0) put_annotation(draft, kCurrentMetrics, all);
  if (conditions.size() > 0) put_annotation(draft, kConditions, conditions);
}

}  // namespace

void autoscaler_to_v2(Draft& draft) {
  spec_to_v2(draft);
  status_to_v2(draft);
  draft.set(draft.root(), "apiVersion", Value::ref("autoscaling/v2"));
}

void autoscaler_to_v1(Draft& draft) {
  spec_to_v1(draft);
  status_to_v1(draft);
  draft.set(draft.root(), "apiVersion", Value::ref("autoscaling/v1"));
}

}  // namespace plinth::api
