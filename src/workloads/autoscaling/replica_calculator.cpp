#include "workloads/autoscaling/replica_calculator.h"

#include <algorithm>
#include <cmath>
#include <functional>

namespace plinth::workloads {
namespace {

struct Groups {
  std::int64_t ready = 0;
  std::set<std::string> unready, missing, ignored;
};

bool is_unready(const PodMetric& metric, const ScaledPod& pod, const MetricSample& sample) {
  if (pod.ready == ScaledPod::Ready::kNone || !pod.started_ns) return true;
  const bool says_no = pod.ready == ScaledPod::Ready::kFalse;
  if (*pod.started_ns + metric.options.cpu_initialization_ns > metric.now_ns)
    return says_no || sample.timestamp_ns < pod.ready_since_ns + sample.window_ns;
  return says_no && *pod.started_ns + metric.options.initial_readiness_ns > pod.ready_since_ns;
}

Groups group(const PodMetric& metric) {
  Groups out;
  for (const ScaledPod& pod : metric.pods) {
    const auto sample = metric.samples.find(pod.name);
    if (pod.deleting || pod.phase == "Failed")
      out.ignored.insert(pod.name);
    else if (pod.phase == "Pending")
      out.unready.insert(pod.name);
    else if (sample == metric.samples.end())
      out.missing.insert(pod.name);
    else if (metric.is_cpu && is_unready(metric, pod, sample->second))
      out.unready.insert(pod.name);
    else
      ++out.ready;
  }
  return out;
}

struct Ratio {
  double ratio = 0;
  std::int64_t utilization = 0, average = 0;
};

// The ratio of usage to target, and what a pod without a sample is taken to use when fewer would do.
struct Measure {
  std::function<Result<Ratio>(const MetricSamples&)> ratio;
  std::function<std::int64_t(const std::string& pod)> full_use;
};

std::int64_t raised(double ratio, std::int64_t pods) {
  return static_cast<std::int64_t>(std::ceil(ratio * static_cast<double>(pods)));
}

// With pods that have no sample or are not ready: as if those used what makes the change smallest. Current when that changes
// nothing, or would turn the direction round.
Result<std::int64_t> cautious(PodMetric& metric, const Groups& groups, const Measure& measure, double ratio) {
  if (ratio < 1.0) {
    for (const std::string& pod : groups.missing) metric.samples[pod].value = measure.full_use(pod);
  } else if (ratio > 1.0) {
    for (const std::string& pod : groups.missing) metric.samples[pod] = {};
    for (const std::string& pod : groups.unready) metric.samples[pod] = {};
  }
  const double again = TRY(measure.ratio(metric.samples)).ratio;
  if (metric.tolerances.cover(again) || (ratio < 1.0 && again > 1.0) || (ratio > 1.0 && again < 1.0)) return metric.current;
  const std::int64_t replicas = raised(again, static_cast<std::int64_t>(metric.samples.size()));
  const bool turned = (again < 1.0 && replicas > metric.current) || (again > 1.0 && replicas < metric.current);
  return turned ? metric.current : replicas;
}

Result<Proposal> propose(PodMetric metric, const Measure& measure) {
  if (metric.pods.empty()) return Error(Reason::kNone, "no pods returned by selector while calculating replica count");
  const Groups groups = group(metric);
  for (const std::string& pod : groups.ignored) metric.samples.erase(pod);
  for (const std::string& pod : groups.unready) metric.samples.erase(pod);
  if (metric.samples.empty()) return Error(Reason::kNone, "did not receive metrics for targeted pods (pods might be unready)");
  const Ratio found = TRY(measure.ratio(metric.samples));
  Proposal out{metric.current, found.utilization, found.average};
  const bool unready_count = !groups.unready.empty() && found.ratio > 1.0;
  if (!unready_count && groups.missing.empty()) {
    if (!metric.tolerances.cover(found.ratio)) out.replicas = raised(found.ratio, groups.ready);
    return out;
  }
  out.replicas = TRY(cautious(metric, groups, measure, found.ratio));
  return out;
}

}  // namespace

Result<Proposal> propose_for_utilization(PodMetric metric, const std::map<std::string, std::int64_t>& requests,
                                         std::int64_t target_percent) {
  Measure measure;
  measure.ratio = [&](const MetricSamples& samples) -> Result<Ratio> {
    std::int64_t used = 0, requested = 0, count = 0;
    for (const auto& [pod, sample] : samples) {
      const auto request = requests.find(pod);
      if (request == requests.end()) continue;  // no pod of ours
      used += sample.value;
      requested += request->second;
      ++count;
    }
    if (requested == 0) return Error(Reason::kNone, "no metrics returned matched known pods");
    const std::int64_t percent = static_cast<std::int64_t>(static_cast<__int128>(used) * 100 / requested);
    return Ratio{static_cast<double>(percent) / static_cast<double>(target_percent), percent, used / count};
  };
  // All that it requested, or more where the target is more.
  measure.full_use = [&](const std::string& pod) {
    const auto request = requests.find(pod);
    return request == requests.end() ? 0 : request->second * std::max<std::int64_t>(100, target_percent) / 100;
  };
  return propose(std::move(metric), measure);
}

Result<Proposal> propose_for_average(PodMetric metric, std::int64_t target) {
  Measure measure;
  measure.ratio = [&](const MetricSamples& samples) -> Result<Ratio> {
    std::int64_t used = 0;
    for (const auto& [_, sample] : samples) used += sample.value;
    const std::int64_t average = used / static_cast<std::int64_t>(samples.size());
    return Ratio{static_cast<double>(average) / static_cast<double>(target), 0, average};
  };
  measure.full_use = [&](const std::string&) { return target; };
  return propose(std::move(metric), measure);
}

}  // namespace plinth::workloads
