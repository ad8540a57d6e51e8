#include "workloads/autoscaling/autoscaler_step.h"

#include <algorithm>

#include "base/json.h"
#include "base/text.h"
#include "base/time_text.h"
#include "client/events.h"
#include "workloads/autoscaling/autoscaler_decision.h"
#include "workloads/common/conditions.h"

namespace plinth::workloads {
namespace {

using client::Object;
using client::Plan;
using client::StepContext;
using client::View;

constexpr std::string_view kController = "horizontal-pod-autoscaler";

class AutoscalerStep {
 public:
  AutoscalerStep(const View& view, const Object& autoscaler, const StepContext& context, AutoscalerMemory& memory, Plan& plan)
      : view_(view),
        autoscaler_(autoscaler),
        context_(context),
        memory_(memory),
        plan_(plan),
        now_(format_rfc3339(context.wall_ns)),
        conditions_(read_conditions(autoscaler["status"]["conditions"])),
        events_(view, kController, context.wall_ns, plan) {
    desired_ = autoscaler["status"]["desiredReplicas"].as_int();
    last_scale_ = autoscaler["status"]["lastScaleTime"].as_string();
  }

  void run(const api::UsageTablePtr& usage) {
    plan_.revisit_ns = kAutoscalerPeriodNs;
    const auto target = find_scale_target(view_, autoscaler_);
    if (!target.ok()) return no_target(target.error().message());
    confirm(*target);
    if (!still_holds()) {
      if (memory_.history.recommendations.empty())
        memory_.history.recommendations.push_back({target->replicas, context_.wall_ns});
      memory_.decision = decide_size(view_, autoscaler_, *target, usage, memory_.history, context_.wall_ns);
    }
    plan_.revisit_ns = std::max<std::int64_t>(memory_.decision->at_ns + kAutoscalerPeriodNs - context_.wall_ns, 1'000'000);
    carry_out(*memory_.decision, *target);
  }

 private:
  // A size that was asked for is there: rates count it.
  void confirm(const ScaleTarget& target) {
    if (!memory_.pending) return;
    const AutoscalerMemory::Pending pending = *memory_.pending;
    if (target.replicas == pending.to)
      remember_scaling(read_behavior(autoscaler_["spec"]["behavior"]), memory_.history, pending.from, pending.to,
                       pending.at_ns);
    if (target.replicas != pending.from || context_.wall_ns - pending.at_ns > kAutoscalerPeriodNs) memory_.pending.reset();
  }

  // Whatever others make of the size: who sets it all the time, too, is answered once in a period.
  bool still_holds() const {
    if (!memory_.decision) return false;
    const AutoscalerDecision& made = *memory_.decision;
    return made.generation == autoscaler_.metadata()["generation"].as_int() &&
           context_.wall_ns - made.at_ns < kAutoscalerPeriodNs;
  }

  // Reason and message follow; the time only moves with the status.
  void set(const SetCondition& wanted) {
    Condition made{wanted.type, wanted.status ? "True" : "False", wanted.reason, wanted.message, "", now_, ""};
    for (Condition& c : conditions_) {
      if (c.type != wanted.type) continue;
      if (c.status == made.status) made.last_transition = c.last_transition;
      c = std::move(made);
      return;
    }
    conditions_.push_back(std::move(made));
  }

  void no_target(const std::string& why) {
    memory_.decision.reset();
    events_.warning_once(autoscaler_, "FailedGetScale", why);
    set({"AbleToScale", false, "FailedGetScale", "the HPA controller was unable to get the target's current scale: " + why});
    current_ = autoscaler_["status"]["currentReplicas"].as_int();
    write(autoscaler_["status"]["currentMetrics"]);
  }

  void carry_out(AutoscalerDecision& decision, const ScaleTarget& target) {
    current_ = target.replicas;
    if (target.replicas == decision.desired)
      decision.done = true;
    else if (target.replicas != decision.current)
      decision.overtaken = true;
    for (const SetCondition& condition : decision.conditions) set(condition);
    for (const auto& [reason, message] : decision.warnings) events_.warning_once(autoscaler_, reason, message);
    if (!decision.gave_up) desired_ = decision.desired;
    if (decision.rescales && (decision.done || !decision.overtaken)) rescale(decision, target);
    write(decision.metrics["currentMetrics"]);
  }

  void rescale(const AutoscalerDecision& decision, const ScaleTarget& target) {
    const std::string size = std::to_string(decision.desired);
    const bool done = decision.done;
    if (!done) plan_.requests.insert(plan_.requests.begin(), scale_request(target, decision.desired));
    for (const client::Failure& failure : context_.failures) {
      if (done || failure.method != "PUT" || !contains(failure.target, "/scale?") || failure.reason == Reason::kConflict)
        continue;
      events_.warning(autoscaler_, "FailedRescale",
                      "New size: " + size + "; reason: " + decision.reason + "; error: " + failure.message);
      set({"AbleToScale", false, "FailedUpdateScale",
           "the HPA controller was unable to update the target scale: " + failure.message});
      desired_ = autoscaler_["status"]["desiredReplicas"].as_int();
      scale_last_ = true;  // what failed before may fail again, and would end the plan
      return;
    }
    set({"AbleToScale", true, "SucceededRescale", "the HPA controller was able to update the target scale to " + size});
    last_scale_ = format_rfc3339(decision.at_ns);
    if (done) return;
    memory_.pending = {target.replicas, decision.desired, context_.wall_ns};
    events_.normal(autoscaler_, "SuccessfulRescale", "New size: " + size + "; reason: " + decision.reason);
  }

  client::Request scale_request(const ScaleTarget& target, std::int64_t size) const {
    Draft scale;
    scale.root() = scale.object();
    scale.set(scale.root(), "apiVersion", "autoscaling/v1");
    scale.set(scale.root(), "kind", "Scale");
    Value metadata = scale.object();
    scale.set(metadata, "name", target.object.name);
    scale.set(metadata, "namespace", target.object.name_space);
    scale.set(metadata, "resourceVersion", std::to_string(target.object.revision));
    scale.set(scale.root(), "metadata", metadata);
    Value spec = scale.object();
    scale.set(spec, "replicas", Value::of(size));
    scale.set(scale.root(), "spec", spec);
    return client::update_request(target.object, "scale", scale.root(), kController);
  }

  void write(const Value& metrics) {
    Draft next(autoscaler_.document);
    Value status = next.object(8);
    next.set(status, "observedGeneration", Value::of(autoscaler_.metadata()["generation"].as_int()));
    if (autoscaler_.metadata()["generation"].is_null()) next.remove(status, "observedGeneration");
    if (!last_scale_.empty()) next.set(status, "lastScaleTime", last_scale_);
    set_count(next, status, "currentReplicas", current_);
    next.set(status, "desiredReplicas", Value::of(desired_));
    next.set(status, "currentMetrics", metrics.is_null() ? metrics : next.clone(metrics));
    next.set(status, "conditions", conditions_value(next, conditions_));
    plan_status(autoscaler_, std::move(next), status, kController, plan_);
    if (scale_last_) std::rotate(plan_.requests.begin(), plan_.requests.begin() + 1, plan_.requests.end());
  }

  const View& view_;
  const Object& autoscaler_;
  const StepContext& context_;
  AutoscalerMemory& memory_;
  Plan& plan_;
  const std::string now_;
  std::vector<Condition> conditions_;
  client::EventRecorder events_;
  std::int64_t current_ = 0, desired_ = 0;
  std::string last_scale_;
  bool scale_last_ = false;
};

}  // namespace

void step_autoscaler(const View& view, const Object& autoscaler, const StepContext& context, const api::UsageTablePtr& usage,
                     AutoscalerMemory& memory, Plan& plan) {
  AutoscalerStep(view, autoscaler, context, memory, plan).run(usage);
}

}  // namespace plinth::workloads
