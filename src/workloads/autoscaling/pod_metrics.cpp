#include "workloads/autoscaling/pod_metrics.h"

#include <fmt/format.h>

#include "api/quantity.h"
#include "api/resource_amounts.h"
#include "base/time_text.h"
#include "workloads/common/pods.h"

namespace plinth::workloads {
namespace {

using client::Object;

// Texts that conditions show as they are.
Error metric_error(std::string text) { return Error(Reason::kNone, std::move(text)); }

std::optional<std::int64_t> time_of(const Value& text) {
  const auto time = parse_rfc3339(text.as_string());
  return time ? std::optional(time->wall_ns()) : std::nullopt;
}

ScaledPod read_pod(const Object& pod) {
  ScaledPod out;
  out.name = pod.name;
  out.phase = pod_phase(pod);
  out.deleting = pod.deleting();
  out.started_ns = time_of(pod["status"]["startTime"]);
  const Value ready = pod_condition(pod, "Ready");
  if (!ready.is_object()) return out;
  const std::string_view status = ready["status"].as_string();
  out.ready = status == "True"    ? ScaledPod::Ready::kTrue
              : status == "False" ? ScaledPod::Ready::kFalse
                                  : ScaledPod::Ready::kUnknown;
  out.ready_since_ns = time_of(ready["lastTransitionTime"]).value_or(0);
  return out;
}

// One resource of a pod's containers, or of one of them.
struct Wanted {
  std::string resource, container;
};

// As a metrics client rounds it: up to a whole thousandth.
std::int64_t thousandths(const api::Usage& usage, const std::string& resource) {
  constexpr std::int64_t kNanoPerMilli = 1'000'000;
  return resource == "cpu" ? (usage.cpu_nano_cores + kNanoPerMilli - 1) / kNanoPerMilli : usage.memory_bytes * 1000;
}

std::optional<std::int64_t> used(const api::PodUsage& pod, const Wanted& wanted) {
  if (wanted.resource != "cpu" && wanted.resource != "memory") return std::nullopt;
  std::optional<std::int64_t> sum;
  for (const api::ContainerUsage& container : pod.containers) {
    if (wanted.container.empty() || wanted.container == container.name)
      sum = sum.value_or(0) + thousandths(container.usage, wanted.resource);
  }
  return sum;
}

Result<MetricSamples> read_samples(const MetricInputs& inputs, const Wanted& wanted) {
  constexpr std::string_view kSource = "unable to fetch metrics from resource metrics API: ";
  if (!inputs.usage)
    return metric_error(std::string(kSource) +
                        "the server is currently unable to handle the request (get pods.metrics.k8s.io)");
  MetricSamples out;
  bool any = false;
  for (const Object& pod : inputs.pods) {
    const auto found = inputs.usage->pods.find({pod.name_space, pod.name});
    if (found == inputs.usage->pods.end() || found->second.uid != pod.uid) continue;
    any = true;
    if (const auto value = used(found->second, wanted))
      out[pod.name] = {*value, found->second.period.timestamp_ns, found->second.period.window_ns};
  }
  if (!any) return metric_error("no metrics returned from resource metrics API");
  return out;
}

Result<std::int64_t> request_of(const Object& pod, const Wanted& wanted) {
  const Value spec = pod["spec"];
  if (wanted.container.empty() && spec["resources"]["requests"].size() > 0) {
    const auto amounts = TRY(api::pod_amounts(spec, "requests"));
    const auto found = amounts.find(wanted.resource);
    if (found == amounts.end())
      return metric_error(fmt::format("missing pod-level request for {} in Pod {}", wanted.resource, pod.name));
    return found->second.milli_value();
  }
  std::int64_t sum = 0;
  const auto add = [&](const Value& container) -> Result<void> {
    const std::string name(container["name"].as_string());
    if (!wanted.container.empty() && wanted.container != name) return {};
    const auto amounts = TRY(api::read_amounts(container["resources"]["requests"]));
    const auto found = amounts.find(wanted.resource);
    if (found == amounts.end())
      return metric_error(fmt::format("missing request for {} in container {} of Pod {}", wanted.resource, name, pod.name));
    sum += found->second.milli_value();
    return {};
  };
  for (const Value& container : spec["containers"].items()) TRY(add(container));
  for (const Value& container : spec["initContainers"].items()) {
    if (container["restartPolicy"].as_string() == "Always") TRY(add(container));
  }
  return sum;
}

Value quantity(Draft& draft, const std::string& resource, std::int64_t milli) {
  std::string text = fmt::format("{}m", milli);
  if (resource == "memory" && milli % 1000 == 0)
    text = api::Quantity(milli / 1000, api::Quantity::Format::kBinarySi).text();
  else if (auto parsed = api::Quantity::parse(text); parsed.ok())
    text = parsed->text();
  return draft.text(text);
}

PodMetric metric_of(const MetricInputs& inputs, const Wanted& wanted, MetricSamples samples) {
  PodMetric metric;
  metric.is_cpu = wanted.resource == "cpu";
  for (const Object& pod : inputs.pods) metric.pods.push_back(read_pod(pod));
  metric.samples = std::move(samples);
  metric.current = inputs.current;
  metric.tolerances = inputs.tolerances;
  metric.now_ns = inputs.now_ns;
  return metric;
}

// Upstream looks for requests only once there are metrics of pods that count.
Result<Proposal> propose_percent(const MetricInputs& inputs, const Wanted& wanted, std::int64_t target) {
  auto samples = read_samples(inputs, wanted);
  if (!samples.ok())
    return metric_error(fmt::format("unable to get metrics for resource {}: {}", wanted.resource, samples.error().message()));
  const PodMetric metric = metric_of(inputs, wanted, std::move(*samples));
  std::map<std::string, std::int64_t> requests;
  std::optional<Error> missing;
  for (const Object& pod : inputs.pods) {
    auto request = request_of(pod, wanted);
    if (request.ok())
      requests[pod.name] = *request;
    else if (!missing)
      missing = std::move(request).error();
  }
  auto proposal = propose_for_utilization(metric, requests, target);
  const bool no_metrics = !proposal.ok() && proposal.error().message().starts_with("did not receive");
  if (missing && !no_metrics && !inputs.pods.empty()) return std::move(*missing);
  return proposal;
}

// Resource and ContainerResource.
void evaluate_resource(const Value& source, const std::string& member, const std::string& container, const MetricInputs& inputs,
                       Draft& draft, MetricOutcome& out) {
  const Wanted wanted{std::string(source["name"].as_string()), container};
  const Value target = source["target"];
  const bool average = !target["averageValue"].is_null();
  Result<Proposal> proposal = metric_error(
      "invalid resource metric source: neither an average utilization target nor an average value (usage) target was set");
  if (average) {
    auto value = api::Quantity::parse(target["averageValue"].as_string());
    auto samples = read_samples(inputs, wanted);
    if (!samples.ok())
      proposal = std::move(samples).error();
    else if (!value.ok())
      proposal = std::move(value).error();
    else
      proposal = propose_for_average(metric_of(inputs, wanted, std::move(*samples)), value->milli_value());
    if (!proposal.ok())
      proposal = metric_error(fmt::format("failed to get {} usage: {}", wanted.resource, proposal.error().message()));
  } else if (target["averageUtilization"].is_int()) {
    proposal = propose_percent(inputs, wanted, target["averageUtilization"].as_int());
    if (!proposal.ok())
      proposal = metric_error(fmt::format("failed to get {} utilization: {}", wanted.resource, proposal.error().message()));
  }
  if (!proposal.ok()) {
    out.message = proposal.error().message();
    out.error = container.empty() ? fmt::format("failed to get {} resource metric value: {}", wanted.resource, out.message)
                                  : fmt::format("failed to get {} container metric value: {}", container, out.message);
    return;
  }
  out.ok = true;
  out.replicas = proposal->replicas;
  out.name = average ? wanted.resource + " resource"
                     : fmt::format("{} {}resource utilization (percentage of request)", wanted.resource,
                                   container.empty() ? "" : "container ");
  Value current = draft.object();
  if (!average) draft.set(current, "averageUtilization", Value::of(proposal->utilization));
  draft.set(current, "averageValue", quantity(draft, wanted.resource, proposal->average));
  Value detail = draft.object();
  draft.set(detail, "name", wanted.resource);
  if (!container.empty()) draft.set(detail, "container", container);
  draft.set(detail, "current", current);
  draft.set(out.status, member, detail);
}

// Metrics that some adapter serves upstream: there is none here.
void refuse_custom(const std::string& type, const Value& spec, const MetricInputs& inputs, MetricOutcome& out) {
  const std::string member = type == "Object" ? "object" : type == "Pods" ? "pods" : "external";
  const std::string name(spec[member]["metric"]["name"].as_string());
  if (type == "External") {
    out.message = fmt::format(
        "unable to get external metric {}/{}: unable to fetch metrics from external metrics API: no external metrics API "
        "(external.metrics.k8s.io) registered",
        inputs.name_space, name);
    out.error = fmt::format("failed to get {} external metric value: {}", name, out.message);
    return;
  }
  out.message = fmt::format(
      "unable to get metric {}: unable to fetch metrics from custom metrics API: no custom metrics API "
      "(custom.metrics.k8s.io) registered",
      name);
  out.error = fmt::format("failed to get {} metric value: {}", member, out.message);
}

}  // namespace

MetricOutcome evaluate_metric(const Value& spec, const MetricInputs& inputs, Draft& draft) {
  MetricOutcome out;
  const std::string type(spec["type"].as_string());
  out.status = draft.object();
  draft.set(out.status, "type", type);
  out.reason = "FailedGet" + type + "Metric";
  if (type == "Resource")
    evaluate_resource(spec["resource"], "resource", "", inputs, draft, out);
  else if (type == "ContainerResource") {
    const Value source = spec["containerResource"];
    evaluate_resource(source, "containerResource", std::string(source["container"].as_string()), inputs, draft, out);
  } else {
    refuse_custom(type, spec, inputs, out);
  }
  return out;
}

}  // namespace plinth::workloads
