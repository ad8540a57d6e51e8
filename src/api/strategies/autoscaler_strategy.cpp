// Horizontal pod autoscalers (autoscaling/v2 is the form that is stored; v1 objects are converted first).
#include <fmt/core.h>

#include "api/conversions/metric_forms.h"
#include "api/strategies/draft_tools.h"
#include "api/strategies/field_ref.h"
#include "api/strategies/resource_rules.h"
#include "api/strategies/strategy_tables.h"

namespace plinth::api {
namespace {

constexpr std::int64_t kDefaultPercent = 80;
constexpr std::int64_t kPeriodMax = 1800;
constexpr std::int64_t kWindowMax = 3600;

Value scaling_policy(Draft& draft, std::string_view type, std::int64_t value) {
  Value policy = draft.object();
  draft.set(policy, "type", Value::ref(type));
  draft.set(policy, "value", Value::of(value));
  draft.set(policy, "periodSeconds", Value::of(15));
  return policy;
}

void default_rules(Draft& draft, Value& behavior, bool up) {
  Value& rules = object_member(draft, behavior, up ? "scaleUp" : "scaleDown");
  set_default(draft, rules, "selectPolicy", Value::ref("Max"));
  if (up) set_default(draft, rules, "stabilizationWindowSeconds", Value::of(0));
  if (!rules["policies"].is_null()) return;
  Value policies = draft.array();
  if (up) draft.push(policies, scaling_policy(draft, "Pods", 4));
  draft.push(policies, scaling_policy(draft, "Percent", 100));
  draft.set(rules, "policies", policies);
}

// The v1 form has one metric; others stand in an annotation.
void default_v1(Draft& draft) {
  if (!draft.root()["metadata"]["annotations"]["autoscaling.alpha.kubernetes.io/metrics"].is_null()) return;
  change_member(draft, draft.root(), "spec",
                [&](Value& spec) { set_default(draft, spec, "targetCPUUtilizationPercentage", Value::of(kDefaultPercent)); });
}

void default_autoscaler(Draft& draft) {
  if (draft.root()["apiVersion"].as_string() == "autoscaling/v1") return default_v1(draft);
  change_member(draft, draft.root(), "spec", [&](Value& spec) {
    set_default(draft, spec, "minReplicas", Value::of(1));
    if (spec["metrics"].size() == 0) {
      Value metrics = draft.array();
      draft.push(metrics, cpu_percent_metric(draft, Value::of(kDefaultPercent)));
      draft.set(spec, "metrics", metrics);
    }
    change_member(draft, spec, "behavior", [&](Value& behavior) {
      default_rules(draft, behavior, true);
      default_rules(draft, behavior, false);
    });
  });
}

void validate_target_ref(const FieldRef& ref) {
  for (const std::string_view member : {"kind", "name"}) ref[member].check_required(check_path_segment_name);
}

void validate_metric_target(const FieldRef& target) {
  if (!target["type"].require("must specify a metric target type")) return;
  if (!target["type"].is("Utilization") && !target["type"].is("Value") && !target["type"].is("AverageValue")) {
    target["type"].invalid("must be either Utilization, Value, or AverageValue");
  }
  for (const std::string_view member : {"value", "averageValue"}) {
    const FieldRef at = target[member];
    if (at.present() && quantity_sign(at.value()) <= 0) at.invalid("must be positive");
  }
  const FieldRef utilization = target["averageUtilization"];
  if (utilization.present() && utilization.number() < 1) utilization.invalid("must be greater than 0");
}

void validate_resource_metric(const FieldRef& source, bool of_container) {
  const FieldRef target = source["target"];
  source["name"].require("must specify a resource name");
  if (of_container) source["container"].require("must specify a container");
  validate_metric_target(target);
  const bool amount = target["averageValue"].present();
  const bool percent = target["averageUtilization"].present();
  if (!amount && !percent) target["averageUtilization"].required("must set either a target raw value or a target utilization");
  if (amount && percent) target["averageValue"].forbidden("may not set both a target raw value and a target utilization");
}

void validate_named_metric(const FieldRef& source, std::string_view type) {
  const FieldRef target = source["target"];
  source["metric.name"].check_required(check_path_segment_name, "must specify a metric name");
  source["metric.selector"].label_selector();
  validate_metric_target(target);
  const bool value = target["value"].present();
  const bool average = target["averageValue"].present();
  const FieldRef at = target["averageValue"];
  if (type == "Pods") {
    if (!average) at.required("must specify a positive target averageValue");
  } else if (!value && !average) {
    at.required(type == "Object" ? "must set either a target value or averageValue"
                                 : "must set either a target value for metric or a per-pod target");
  } else if (type == "External" && value && average) {
    target["value"].forbidden("may not set both a target value for metric and a per-pod target");
  }
  if (type == "Object") validate_target_ref(source["describedObject"]);
}

struct SourceName {
  std::string_view type, member;
};
constexpr SourceName kSources[] = {{"Object", "object"},
                                   {"Pods", "pods"},
                                   {"Resource", "resource"},
                                   {"External", "external"},
                                   {"ContainerResource", "containerResource"}};

void validate_metric(const FieldRef& metric) {
  const FieldRef type = metric["type"];
  if (!type.require("must specify a metric source type")) return;
  for (const SourceName& source : kSources) {
    const FieldRef at = metric[source.member];
    if (!type.is(source.type)) {
      if (at.present()) at.forbidden("must populate the given metric source only");
    } else if (!at.present()) {
      at.required("must populate information for the given metric source");
    } else if (source.type == "Resource" || source.type == "ContainerResource") {
      validate_resource_metric(at, source.type == "ContainerResource");
    } else {
      validate_named_metric(at, source.type);
    }
  }
}

void validate_rules(const FieldRef& rules) {
  if (!rules.present()) return;
  const FieldRef window = rules["stabilizationWindowSeconds"];
  const FieldRef policies = rules["policies"];
  if (window.number() < 0) window.invalid("must be greater than or equal to zero");
  if (window.number() > kWindowMax) window.invalid(fmt::format("must be less than or equal to {}", kWindowMax));
  policies.require("must specify at least one Policy");
  policies.each_item([](const FieldRef& policy, std::size_t) {
    const FieldRef period = policy["periodSeconds"];
    policy["type"].one_of({"Percent", "Pods"});
    if (policy["value"].number() <= 0) policy["value"].invalid("must be greater than zero");
    if (period.number() <= 0) period.invalid("must be greater than zero");
    if (period.number() > kPeriodMax) period.invalid(fmt::format("must be less than or equal to {}", kPeriodMax));
  });
}

void validate_autoscaler(const Value& object, FieldErrors& errors) {
  const FieldRef root(object, errors);
  const FieldRef spec = root["spec"];
  const FieldRef low = spec["minReplicas"];
  const FieldRef high = spec["maxReplicas"];
  if (low.present() && low.number() < 1) low.invalid("must be greater than or equal to 1");
  if (high.number() == 0) high.required("must be set and greater than 0");
  if (low.present() && high.number() < low.number()) {
    errors.push_back(field_invalid(high.path(), Value::of(high.number()), "must be greater than or equal to `minReplicas`"));
  }
  validate_target_ref(spec["scaleTargetRef"]);
  const FieldRef percent = spec["targetCPUUtilizationPercentage"];  // autoscaling/v1
  if (percent.present() && percent.number() < 1) percent.invalid("must be greater than 0");
  spec["metrics"].each_item([](const FieldRef& metric, std::size_t) { validate_metric(metric); });
  validate_rules(spec["behavior.scaleUp"]);
  validate_rules(spec["behavior.scaleDown"]);
}

void validate_autoscaler_status(const Value& object, const Value& /*old*/, FieldErrors& errors) {
  const FieldRef root(object, errors);
  for (const std::string_view count : {"status.currentReplicas", "status.desiredReplicas"}) root[count].at_least_zero();
}

void validate_scale(const Value& object, FieldErrors& errors) {
  const FieldRef root(object, errors);
  root["spec.replicas"].at_least_zero();
}

constexpr Strategy kStrategies[] = {
    {.group = "autoscaling",
     .kind = "HorizontalPodAutoscaler",
     .default_ = default_autoscaler,
     .validate = validate_autoscaler,
     .validate_status_update = validate_autoscaler_status},
    {.group = "autoscaling", .kind = "Scale", .validate = validate_scale},
};

}  // namespace

std::span<const Strategy> autoscaler_strategies() { return kStrategies; }

}  // namespace plinth::api
