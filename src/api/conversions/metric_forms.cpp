#include "api/conversions/metric_forms.h"

#include <span>
#include <string_view>

namespace plinth::api {
namespace {

// A member of the flat form and where it stands in the nested one ("" when it stays at the top of the source).
struct Place {
  std::string_view flat, group, member;
};

constexpr Place kResource[] = {{"name", "", "name"},
                               {"container", "", "container"},
                               {"targetAverageUtilization", "target", "averageUtilization"},
                               {"targetAverageValue", "target", "averageValue"},
                               {"currentAverageUtilization", "current", "averageUtilization"},
                               {"currentAverageValue", "current", "averageValue"}};
constexpr Place kPods[] = {{"metricName", "metric", "name"},
                           {"selector", "metric", "selector"},
                           {"targetAverageValue", "target", "averageValue"},
                           {"currentAverageValue", "current", "averageValue"}};
constexpr Place kObjectSpec[] = {{"target", "", "describedObject"},
                                 {"metricName", "metric", "name"},
                                 {"selector", "metric", "selector"},
                                 {"targetValue", "target", "value"},
                                 {"averageValue", "target", "averageValue"}};
constexpr Place kObjectStatus[] = {{"target", "", "describedObject"},
                                   {"metricName", "metric", "name"},
                                   {"selector", "metric", "selector"},
                                   {"currentValue", "current", "value"},
                                   {"averageValue", "current", "averageValue"}};
constexpr Place kExternal[] = {{"metricName", "metric", "name"},     {"metricSelector", "metric", "selector"},
                               {"targetValue", "target", "value"},   {"targetAverageValue", "target", "averageValue"},
                               {"currentValue", "current", "value"}, {"currentAverageValue", "current", "averageValue"}};

struct Source {
  std::string_view member;
  std::span<const Place> spec, status;
};
constexpr Source kSources[] = {{"resource", kResource, kResource},
                               {"containerResource", kResource, kResource},
                               {"pods", kPods, kPods},
                               {"object", kObjectSpec, kObjectStatus},
                               {"external", kExternal, kExternal}};

// The type of a target follows from the value that is set.
void set_target_type(Draft& draft, Value& nested) {
  const Value target = nested["target"];
  if (!target.is_object()) return;
  const std::string_view type = !target["averageUtilization"].is_null() ? "Utilization"
                                : !target["averageValue"].is_null()     ? "AverageValue"
                                                                        : "Value";
  draft.set(*draft.mutable_find(nested, "target"), "type", Value::ref(type));
}

Value nest(Draft& draft, const Value& flat, std::span<const Place> places) {
  Value nested = draft.object();
  for (const Place& place : places) {
    const Value* value = flat.find(place.flat);
    if (value == nullptr || value->is_null()) continue;
    Value& home = place.group.empty() ? nested : draft.member(nested, place.group);
    if (!home.is_object()) home = draft.object();
    // A target that has an average counts by the average; its plain value is then a leftover zero.
    if (place.member == "value" && value->as_string() == "0" && flat.find("averageValue") != nullptr) continue;
    draft.set(home, place.member, *value);
  }
  set_target_type(draft, nested);
  return nested;
}

Value flatten(Draft& draft, const Value& nested, std::span<const Place> places) {
  Value flat = draft.object();
  for (const Place& place : places) {
    const Value home = place.group.empty() ? nested : nested[place.group];
    const Value* value = home.find(place.member);
    if (value != nullptr && !value->is_null()) draft.set(flat, place.flat, *value);
  }
  return flat;
}

}  // namespace

Value metric_to_v2(Draft& draft, const Value& metric) {
  Value out = draft.object();
  draft.set(out, "type", metric["type"]);
  for (const Source& source : kSources) {
    const Value flat = metric[source.member];
    if (!flat.is_object()) continue;
    const bool is_status = flat.find("currentValue") != nullptr;
    draft.set(out, source.member, nest(draft, flat, is_status ? source.status : source.spec));
  }
  return out;
}

Value metric_to_v1(Draft& draft, const Value& metric) {
  Value out = draft.object();
  draft.set(out, "type", metric["type"]);
  for (const Source& source : kSources) {
    const Value nested = metric[source.member];
    if (!nested.is_object()) continue;
    const bool is_status = nested["current"].is_object();
    draft.set(out, source.member, flatten(draft, nested, is_status ? source.status : source.spec));
  }
  return out;
}

Value cpu_percent_metric(Draft& draft, const Value& percent) {
  Value target = draft.object();
  draft.set(target, "type", "Utilization");
  draft.set(target, "averageUtilization", percent);
  Value resource = draft.object();
  draft.set(resource, "name", "cpu");
  draft.set(resource, "target", target);
  Value metric = draft.object();
  draft.set(metric, "type", "Resource");
  draft.set(metric, "resource", resource);
  return metric;
}

}  // namespace plinth::api
