#include "workloads/autoscaling/autoscaler_controller.h"

#include <algorithm>

#include "base/json.h"
#include "base/text.h"
#include "base/time_text.h"
#include "client/events.h"
#include "workloads/common/conditions.h"

namespace plinth::workloads {
namespace {

using client::Change;
using client::Object;
using client::Plan;
using client::StepContext;
using client::View;

constexpr std::string_view kController = "horizontal-pod-autoscaler";
constexpr std::int64_t kPeriodNs = 15'000'000'000;

std::optional<client::Resource> autoscalers(const View& view) {
  return view.find_resource("autoscaling", "horizontalpodautoscalers");
}

// What is scaled, as the view has it.
std::optional<Object> find_target(const View& view, const Object& autoscaler) {
  const Value reference = autoscaler["spec"]["scaleTargetRef"];
  const auto [first, second] = cut(reference["apiVersion"].as_string(), "/");
  const auto form = view.find_kind(second ? first : "", second.value_or(first), reference["kind"].as_string());
  if (!form) return std::nullopt;
  const auto resource = view.find_resource(form->resource.group, form->resource.plural);
  return resource ? view.get(*resource, autoscaler.name_space, reference["name"].as_string()) : std::nullopt;
}

// What upstream says of a metric that nobody serves.
struct MissingMetric {
  std::string reason, message;
};
MissingMetric missing_metric(const Value& metric) {
  const std::string type(metric["type"].as_string());
  if (type != "Resource" && type != "ContainerResource") {
    const std::string api = type == "External" ? "external" : "custom";
    return {"FailedGet" + type + "Metric", "unable to get metric: no " + api + " metrics API is served"};
  }
  const std::string member = type == "Resource" ? "resource" : "containerResource";
  const std::string name(metric[member]["name"].as_string());
  return {"FailedGet" + type + "Metric",
          "failed to get " + name + " utilization: unable to get metrics for resource " + name +
              ": unable to fetch metrics from resource metrics API: the server could not find the requested resource (get "
              "pods.metrics.k8s.io)"};
}

class AutoscalerStep {
 public:
  AutoscalerStep(const View& view, const Object& autoscaler, const StepContext& context, Plan& plan)
      : autoscaler_(autoscaler),
        context_(context),
        plan_(plan),
        now_(format_rfc3339(context.wall_ns)),
        conditions_(read_conditions(autoscaler["status"]["conditions"])),
        target_(find_target(view, autoscaler)),
        events_(view, kController, context.wall_ns, plan) {
    desired_ = autoscaler["status"]["desiredReplicas"].as_int();
    last_scale_ = autoscaler["status"]["lastScaleTime"].as_string();
  }

  void run() {
    plan_.revisit_ns = kPeriodNs;
    if (!target_ || !(*target_)["spec"]["replicas"].is_number()) return no_target();
    const Value spec = autoscaler_["spec"];
    const std::int64_t least = spec["minReplicas"].is_number() ? spec["minReplicas"].as_int() : 1;
    const std::int64_t most = spec["maxReplicas"].as_int();
    current_ = (*target_)["spec"]["replicas"].as_int();
    set("AbleToScale", true, "SucceededGetScale", "the HPA controller was able to get the target's current scale");
    if (current_ == 0 && least != 0) {
      set("ScalingActive", false, "ScalingDisabled", "scaling is disabled since the replica count of the target is zero");
      desired_ = 0;
    } else if (current_ > most) {
      return rescale(most, "Current number of replicas above Spec.MaxReplicas");
    } else if (current_ < least) {
      return rescale(least, "Current number of replicas below Spec.MinReplicas");
    } else {
      no_metrics();
    }
    write();
  }

 private:
  // Reason and message follow; the time only moves with the status.
  void set(std::string_view type, bool status, std::string_view reason, std::string message) {
    Condition made{std::string(type), status ? "True" : "False", std::string(reason), std::move(message), "", now_, ""};
    for (Condition& c : conditions_) {
      if (c.type != type) continue;
      if (c.status == made.status) made.last_transition = c.last_transition;
      c = std::move(made);
      return;
    }
    conditions_.push_back(std::move(made));
  }

  void no_target() {
    const Value reference = autoscaler_["spec"]["scaleTargetRef"];
    const std::string why = std::string(reference["kind"].as_string()) + " \"" + std::string(reference["name"].as_string()) +
                            "\" " + (target_ ? "has no spec.replicas" : "not found");
    events_.warning_once(autoscaler_, "FailedGetScale", why);
    set("AbleToScale", false, "FailedGetScale", "the HPA controller was unable to get the target's current scale: " + why);
    write();
  }

  void no_metrics() {
    const auto metrics = autoscaler_["spec"]["metrics"].items();
    if (metrics.empty()) return;
    const MissingMetric first = missing_metric(metrics[0]);
    for (const Value& metric : metrics) {
      const MissingMetric missing = missing_metric(metric);
      events_.warning_once(autoscaler_, missing.reason, missing.message);
    }
    const std::string count = std::to_string(metrics.size());
    events_.warning_once(autoscaler_, "FailedComputeMetricsReplicas",
                         "invalid metrics (" + count + " invalid out of " + count + "), first error is: " + first.message);
    set("ScalingActive", false, first.reason, "the HPA was unable to compute the replica count: " + first.message);
  }

  void rescale(std::int64_t size, const std::string& why) {
    for (const client::Failure& failure : context_.failures) {
      if (failure.method != "PUT" || !contains(failure.target, "/scale?") || failure.reason == Reason::kConflict) continue;
      events_.warning(autoscaler_, "FailedRescale",
                      "New size: " + std::to_string(size) + "; reason: " + why + "; error: " + failure.message);
      set("AbleToScale", false, "FailedUpdateScale",
          "the HPA controller was unable to update the target scale: " + failure.message);
      write();
      return plan_.requests.push_back(scale_request(size));
    }
    plan_.requests.push_back(scale_request(size));
    events_.normal(autoscaler_, "SuccessfulRescale", "New size: " + std::to_string(size) + "; reason: " + why);
    set("AbleToScale", true, "SucceededRescale",
        "the HPA controller was able to update the target scale to " + std::to_string(size));
    desired_ = size;
    last_scale_ = now_;
    write();
  }

  client::Request scale_request(std::int64_t size) const {
    Draft scale;
    scale.root() = scale.object();
    scale.set(scale.root(), "apiVersion", "autoscaling/v1");
    scale.set(scale.root(), "kind", "Scale");
    Value metadata = scale.object();
    scale.set(metadata, "name", target_->name);
    scale.set(metadata, "namespace", target_->name_space);
    scale.set(metadata, "resourceVersion", std::to_string(target_->revision));
    scale.set(scale.root(), "metadata", metadata);
    Value spec = scale.object();
    scale.set(spec, "replicas", Value::of(size));
    scale.set(scale.root(), "spec", spec);
    return client::update_request(*target_, "scale", scale.root(), kController);
  }

  void write() {
    const Value before = autoscaler_["status"];
    Draft next(autoscaler_.document);
    Value status = next.object(8);
    next.set(status, "observedGeneration", Value::of(autoscaler_.metadata()["generation"].as_int()));
    if (autoscaler_.metadata()["generation"].is_null()) next.remove(status, "observedGeneration");
    if (!last_scale_.empty()) next.set(status, "lastScaleTime", last_scale_);
    set_count(next, status, "currentReplicas", current_);
    next.set(status, "desiredReplicas", Value::of(desired_));
    next.set(status, "currentMetrics", before["currentMetrics"]);
    next.set(status, "conditions", conditions_value(next, conditions_));
    plan_status(autoscaler_, std::move(next), status, kController, plan_);
  }

  const Object& autoscaler_;
  const StepContext& context_;
  Plan& plan_;
  const std::string now_;
  std::vector<Condition> conditions_;
  const std::optional<Object> target_;
  client::EventRecorder events_;
  std::int64_t current_ = 0, desired_ = 0;
  std::string last_scale_;
};

// Keys are "ns/name".
class AutoscalerController final : public client::Controller {
 public:
  std::string_view name() const override { return kController; }

  void keys_of(const Change& change, const View& view, std::vector<std::string>& keys) const override {
    const Object& object = change.object;
    const auto resource = autoscalers(view);
    if (!resource || object.name_space.empty()) return;
    if (object.resource == *resource) {
      if (!change.deleted) keys.push_back(client::make_key(object.name_space, object.name));
      return;
    }
    if (object.resource.is("", "pods") || object.resource.is("", "events") || view.count(*resource, object.name_space) == 0)
      return;
    view.list(*resource, object.name_space, [&](const Object& autoscaler) {
      const Value reference = autoscaler["spec"]["scaleTargetRef"];
      if (reference["kind"].as_string() == object.resource.kind && reference["name"].as_string() == object.name)
        keys.push_back(client::make_key(autoscaler.name_space, autoscaler.name));
      return true;
    });
  }

  void initial_keys(const View& view, std::vector<std::string>& keys) const override {
    const auto resource = autoscalers(view);
    if (!resource) return;
    view.list(*resource, "", [&](const Object& object) {
      keys.push_back(client::make_key(object.name_space, object.name));
      return true;
    });
  }

  Plan step(const View& view, const std::string& key, const StepContext& context) const override {
    Plan plan;
    const auto resource = autoscalers(view);
    const auto [name_space, name] = client::split_key(key);
    const auto autoscaler = resource ? view.get(*resource, name_space, name) : std::nullopt;
    if (autoscaler && !autoscaler->deleting()) AutoscalerStep(view, *autoscaler, context, plan).run();
    return plan;
  }
};

}  // namespace

std::unique_ptr<client::Controller> make_autoscaler_controller() { return std::make_unique<AutoscalerController>(); }

}  // namespace plinth::workloads
