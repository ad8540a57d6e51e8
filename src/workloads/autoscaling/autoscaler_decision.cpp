// From metrics and limits to a size.
#include "workloads/autoscaling/autoscaler_decision.h"

#include <algorithm>

#include <fmt/format.h>

#include "api/label_selector.h"
#include "api/quantity.h"
#include "workloads/autoscaling/pod_metrics.h"
#include "workloads/common/pods.h"

namespace plinth::workloads {
namespace {

using client::Object;
using client::View;

Tolerances read_tolerances(const Value& behavior) {
  Tolerances out;
  const auto read = [](const Value& tolerance, double& to) {
    if (tolerance.is_null()) return;
    if (auto quantity = api::Quantity::parse(tolerance.as_string()); quantity.ok()) to = quantity->approximate();
  };
  read(behavior["scaleUp"]["tolerance"], out.up);
  read(behavior["scaleDown"]["tolerance"], out.down);
  return out;
}

std::vector<Object> selected_pods(const View& view, const std::string& name_space, const api::LabelSelector& selector) {
  std::vector<Object> out;
  view.list(pods_resource(), name_space, [&](const Object& pod) {
    if (selector.matches(pod.metadata()["labels"])) out.push_back(pod);
    return true;
  });
  return out;
}

class Evaluation {
 public:
  Evaluation(const View& view, const Object& autoscaler, const ScaleTarget& target, api::UsageTablePtr usage,
             std::int64_t now_ns)
      : view_(view), autoscaler_(autoscaler), target_(target), usage_(std::move(usage)), now_ns_(now_ns) {}

  AutoscalerDecision run(ScaleHistory& history) {
    const Value spec = autoscaler_["spec"];
    const std::int64_t least = spec["minReplicas"].is_number() ? spec["minReplicas"].as_int() : 1;
    const std::int64_t most = spec["maxReplicas"].as_int();
    out_.at_ns = now_ns_;
    out_.generation = autoscaler_.metadata()["generation"].as_int();
    out_.current = out_.desired = target_.replicas;
    set("AbleToScale", true, "SucceededGetScale", "the HPA controller was able to get the target's current scale");
    if (target_.replicas == 0 && least != 0) {
      set("ScalingActive", false, "ScalingDisabled", "scaling is disabled since the replica count of the target is zero");
    } else if (target_.replicas > most) {
      rescale(most, "Current number of replicas above Spec.MaxReplicas");
    } else if (target_.replicas < least) {
      rescale(least, "Current number of replicas below Spec.MinReplicas");
    } else if (spec["metrics"].size() > 0) {
      by_metrics({least, most, target_.replicas, 0}, history);
    }
    return std::move(out_);
  }

 private:
  void set(std::string type, bool status, std::string reason, std::string message) {
    for (SetCondition& c : out_.conditions) {
      if (c.type == type) return void(c = {std::move(type), status, std::move(reason), std::move(message)});
    }
    out_.conditions.push_back({std::move(type), status, std::move(reason), std::move(message)});
  }

  void rescale(std::int64_t size, std::string why) {
    out_.desired = size;
    out_.rescales = true;
    out_.reason = std::move(why);
  }

  void give_up(const std::string& error) {
    out_.gave_up = true;
    out_.warnings.emplace_back("FailedComputeMetricsReplicas", error);
  }

  // Nothing when it cannot be used; what is wrong is told.
  std::optional<api::LabelSelector> selector() {
    if (target_.selector.empty()) {
      out_.warnings.emplace_back("SelectorRequired", "selector is required");
      set("ScalingActive", false, "InvalidSelector", "the HPA target's scale is missing a selector");
      give_up("selector is required");
      return std::nullopt;
    }
    auto parsed = api::LabelSelector::parse(target_.selector);
    if (parsed.ok()) return std::move(*parsed);
    const std::string why =
        "couldn't convert selector into a corresponding internal selector object: " + parsed.error().message();
    out_.warnings.emplace_back("InvalidSelector", why);
    set("ScalingActive", false, "InvalidSelector", why);
    give_up(why);
    return std::nullopt;
  }

  // Two that scale the same pods would pull against each other: neither does anything.
  bool is_alone(const std::vector<Object>& pods) {
    std::vector<std::string> names;
    view_.list(autoscaler_.resource, autoscaler_.name_space, [&](const Object& other) {
      const auto target = find_scale_target(view_, other);
      auto selector = target.ok() && !target->selector.empty() ? api::LabelSelector::parse(target->selector)
                                                               : Result<api::LabelSelector>(api::LabelSelector::nothing());
      const bool shares = selector.ok() && std::any_of(pods.begin(), pods.end(), [&](const Object& pod) {
                            return selector->matches(pod.metadata()["labels"]);
                          });
      if (shares || other.uid == autoscaler_.uid) names.push_back(fmt::format("{{{} {}}}", other.name, other.name_space));
      return true;
    });
    if (names.size() < 2) return true;
    std::sort(names.begin(), names.end());
    std::string list;
    for (const std::string& name : names) list += (list.empty() ? "" : " ") + name;
    const std::string why = fmt::format("pods by selector {} are controlled by multiple HPAs: [{}]", target_.selector, list);
    out_.warnings.emplace_back("AmbiguousSelector", why);
    set("ScalingActive", false, "AmbiguousSelector", why);
    give_up(why);
    return false;
  }

  void by_metrics(Sizes sizes, ScaleHistory& history) {
    auto chosen = selector();
    if (!chosen) return;
    MetricInputs inputs;
    inputs.name_space = autoscaler_.name_space;
    inputs.pods = selected_pods(view_, autoscaler_.name_space, *chosen);
    if (!is_alone(inputs.pods)) return;
    inputs.selector = std::move(*chosen);
    inputs.usage = usage_;
    inputs.current = target_.replicas;
    inputs.tolerances = read_tolerances(autoscaler_["spec"]["behavior"]);
    inputs.now_ns = now_ns_;
    std::string metric;
    const auto wanted = highest(inputs, metric);
    if (!wanted) return;
    sizes.wanted = *wanted;
    const auto behavior = read_behavior(autoscaler_["spec"]["behavior"]);
    const Normalized result = normalize(sizes, behavior, history, now_ns_);
    set("AbleToScale", true, std::string(result.able_reason), std::string(result.able_message));
    set("ScalingLimited", result.limited, std::string(result.limited_reason), std::string(result.limited_message));
    if (result.replicas == target_.replicas) return;
    rescale(result.replicas, *wanted > target_.replicas   ? metric + " above target"
                             : *wanted < target_.replicas ? "All metrics below target"
                                                          : "");
  }

  // The largest size that a metric asks for. With some that cannot be had only a larger one counts.
  std::optional<std::int64_t> highest(const MetricInputs& inputs, std::string& metric) {
    const auto metrics = autoscaler_["spec"]["metrics"].items();
    Draft draft;
    Value statuses = draft.array();
    std::int64_t size = 0;
    std::size_t invalid = 0;
    MetricOutcome first;
    for (const Value& spec : metrics) {
      MetricOutcome outcome = evaluate_metric(spec, inputs, draft);
      Value nothing = draft.object();
      draft.set(nothing, "type", "");
      draft.push(statuses, outcome.ok ? outcome.status : nothing);
      if (!outcome.ok) {
        out_.warnings.emplace_back(outcome.reason, outcome.message);
        if (invalid++ == 0) first = std::move(outcome);
      } else if (size == 0 || outcome.replicas > size) {
        size = outcome.replicas;
        metric = std::move(outcome.name);
      }
    }
    draft.set(draft.root(), "currentMetrics", statuses);
    out_.metrics = std::move(draft).finish();
    if (invalid >= metrics.size() || (invalid > 0 && size < target_.replicas)) {
      set("ScalingActive", false, first.reason, "the HPA was unable to compute the replica count: " + first.message);
      give_up(fmt::format("invalid metrics ({} invalid out of {}), first error is: {}", invalid, metrics.size(), first.error));
      return std::nullopt;
    }
    set("ScalingActive", true, "ValidMetricFound", "the HPA was able to successfully calculate a replica count from " + metric);
    return size;
  }

  const View& view_;
  const Object& autoscaler_;
  const ScaleTarget& target_;
  const api::UsageTablePtr usage_;
  const std::int64_t now_ns_;
  AutoscalerDecision out_;
};

}  // namespace

AutoscalerDecision decide_size(const View& view, const Object& autoscaler, const ScaleTarget& target,
                               const api::UsageTablePtr& usage, ScaleHistory& history, std::int64_t now_ns) {
  return Evaluation(view, autoscaler, target, usage, now_ns).run(history);
}

}  // namespace plinth::workloads
