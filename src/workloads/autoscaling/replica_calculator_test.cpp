// Upstream's cases (podautoscaler/replica_calculator_test.go of 1.34): what goes in and what comes out.
#include "workloads/autoscaling/replica_calculator.h"

#include <doctest/doctest.h>

#include "base/text.h"

namespace plinth::workloads {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000, kNow = 1'700'000'000 * kSecond;

struct Case {
  const char* name;
  std::int64_t current, expected;
  bool of_cpu;           // in percent of requests; else an average
  const char* samples;   // thousandths of each pod, "-": it has none
  const char* requests;  // likewise
  std::int64_t target, percent, average;
  const char* ready;    // T, F; "": all are
  const char* started;  // h: now, c: three minutes ago; "": long ago
  const char* phases;   // R, P, F; "": all run
  const char* deleting;
  double up;  // tolerance
};

const Case kCases[] = {
    {"ScaleUp", 3, 5, true, "600 1000 1400", "2000 2000 2000", 30, 50, 1000, "", "", "", "", 0.1},
    {"ContainerScaleUp", 3, 5, true, "300 500 700", "1000 1000 1000", 30, 50, 500, "", "", "", "", 0.1},
    {"ScaleUpUnreadyLessScale", 3, 4, true, "600 1000 1400", "2000 2000 2000", 30, 60, 1200, "FTT", "", "", "", 0.1},
    {"ScaleUpContainerHotCpuLessScale", 3, 4, true, "300 500 700", "1000 1000 1000", 30, 60, 600, "", "hcc", "", "", 0.1},
    {"ScaleUpHotCpuLessScale", 3, 4, true, "600 1000 1400", "2000 2000 2000", 30, 60, 1200, "", "hcc", "", "", 0.1},
    {"ScaleUpUnreadyNoScale", 3, 3, true, "800 1000 1400", "2000 2000 2000", 30, 40, 800, "TFF", "", "", "", 0.1},
    {"ScaleHotCpuNoScale", 3, 3, true, "800 1000 1400", "2000 2000 2000", 30, 40, 800, "TFF", "chh", "", "", 0.1},
    {"ScaleUpIgnoresFailedPods", 2, 4, true, "1000 1400", "2000 2000 2000 2000", 30, 60, 1200, "TTFF", "", "RRFF", "", 0.1},
    {"MissingContainerMetricScaleUpIgnoresFailedPods", 2, 4, true, "500 700 - -", "1000 1000 1000 1000", 30, 60, 600, "TTFF",
     "", "RRFF", "", 0.1},
    {"ScaleUpContainerIgnoresFailedPods", 2, 4, true, "500 700", "1000 1000 1000 1000", 30, 60, 600, "TTFF", "", "RRFF", "",
     0.1},
    {"ScaleUpIgnoresDeletionPods", 2, 4, true, "1000 1400", "2000 2000 2000 2000", 30, 60, 1200, "TTFF", "", "RRRR", "--dd",
     0.1},
    {"ScaleUpContainerIgnoresDeletionPods", 2, 4, true, "500 700", "1000 1000 1000 1000", 30, 60, 600, "TTFF", "", "RRRR",
     "--dd", 0.1},
    {"ScaleUpCM", 3, 4, false, "20000 10000 30000", "", 15000, 0, 20000, "", "", "", "", 0.1},
    {"ScaleUpCMUnreadyHotCpuNoLessScale", 3, 6, false, "50000 10000 30000", "", 15000, 0, 30000, "TTF", "cch", "", "", 0.1},
    {"ScaleUpCMUnreadyHotCpuScaleWouldScaleDown", 3, 7, false, "50000 15000 30000", "", 15000, 0, 31666, "FTF", "hch", "", "",
     0.1},
    {"ScaleDown", 5, 3, true, "200 600 1000 500 500", "2000 2000 2000 2000 2000", 50, 28, 560, "", "", "", "", 0.1},
    {"ContainerScaleDown", 5, 3, true, "100 300 500 250 250", "1000 1000 1000 1000 1000", 50, 28, 280, "", "", "", "", 0.1},
    {"ScaleDownCM", 5, 3, false, "12000 12000 12000 12000 12000", "", 20000, 0, 12000, "", "", "", "", 0.1},
    {"ScaleDownExcludeUnreadyPods", 5, 2, true, "200 600 1000 500 500", "2000 2000 2000 2000 2000", 50, 30, 600, "TTTFF", "",
     "", "", 0.1},
    {"ScaleDownContainerExcludeUnreadyPods", 5, 2, true, "100 300 500 250 250", "1000 1000 1000 1000 1000", 50, 30, 300,
     "TTTFF", "", "", "", 0.1},
    {"ScaleDownExcludeUnscheduledPods", 5, 1, true, "200", "2000 2000 2000 2000 2000", 50, 10, 200, "TFFFF", "", "RPPPP", "",
     0.1},
    {"ScaleDownContainerExcludeUnscheduledPods", 5, 1, true, "100 300 500 250 250", "1000 1000 1000 1000 1000", 50, 10, 100,
     "TFFFF", "", "RPPPP", "", 0.1},
    {"ScaleDownIgnoreHotCpuPods", 5, 2, true, "200 600 1000 500 500", "2000 2000 2000 2000 2000", 50, 30, 600, "", "ccchh", "",
     "", 0.1},
    {"ScaleDownContainerIgnoreHotCpuPods", 5, 2, true, "100 300 500 1000 1000", "1000 1000 1000 1000 1000", 50, 30, 300, "",
     "ccchh", "", "", 0.1},
    {"ScaleDownIgnoresFailedPods", 5, 3, true, "200 600 1000 500 500", "2000 2000 2000 2000 2000 2000 2000", 50, 28, 560,
     "TTTTTFF", "", "RRRRRFF", "", 0.1},
    {"ScaleDownContainerIgnoresFailedPods", 5, 3, true, "100 300 500 250 250", "1000 1000 1000 1000 1000 1000 1000", 50, 28,
     280, "TTTTTFF", "", "RRRRRFF", "", 0.1},
    {"ScaleDownIgnoresDeletionPods", 5, 3, true, "200 600 1000 500 500", "2000 2000 2000 2000 2000 2000 2000", 50, 28, 560,
     "TTTTTFF", "", "RRRRRRR", "-----dd", 0.1},
    {"ScaleDownIgnoresDeletionPods_StillRunning", 5, 3, true, "100 300 500 250 250", "1000 1000 1000 1000 1000 1000 1000", 50,
     28, 280, "TTTTTFF", "", "RRRRRRR", "-----dd", 0.1},
    {"Tolerance", 3, 3, true, "2020 2060 2040", "1800 2000 2200", 100, 102, 2040, "", "", "", "", 0.1},
    {"ToleranceCM", 3, 3, false, "20000 21000 21000", "", 20000, 0, 20666, "", "", "", "", 0.1},
    {"ConfigurableToleranceCM", 3, 4, false, "20000 21000 21000", "", 20000, 0, 20666, "", "", "", "", 0.01},
    {"SuperfluousMetrics", 4, 24, true, "8000 19000 6000 14000 6400 4000", "2000 2000 2000 2000", 100, 587, 11750, "", "", "",
     "", 0.1},
    {"MissingMetrics", 4, 3, true, "800 190", "2000 2000 2000 2000", 100, 24, 495, "", "", "", "", 0.1},
    {"PlainMetricReplicaCalcMissingMetricsNoChangeEq", 5, 5, false, "20000 19000 21000", "", 20000, 0, 20000, "", "", "", "",
     0.1},
    {"MissingMetricsNoChangeEq", 2, 2, true, "2000", "2000 2000", 100, 100, 2000, "", "", "", "", 0.1},
    {"MissingMetricsNoChangeGt", 2, 2, true, "3800", "2000 2000", 100, 190, 3800, "", "", "", "", 0.1},
    {"MissingMetricsNoChangeLt", 2, 2, true, "1200", "2000 2000", 100, 60, 1200, "", "", "", "", 0.1},
    {"MissingMetricsUnreadyChange", 3, 3, true, "200 900", "2000 2000 2000", 50, 45, 900, "FTT", "", "", "", 0.1},
    {"MissingMetricsHotCpuNoChange", 3, 3, true, "200 900", "2000 2000 2000", 50, 45, 900, "", "hcc", "", "", 0.1},
    {"MissingMetricsUnreadyScaleUp", 3, 4, true, "200 4000", "2000 2000 2000", 50, 200, 4000, "FTT", "", "", "", 0.1},
    {"MissingMetricsHotCpuScaleUp", 3, 4, true, "200 4000", "2000 2000 2000", 50, 200, 4000, "FTT", "hcc", "", "", 0.1},
    {"MissingMetricsUnreadyScaleDown", 4, 3, true, "200 200 200", "2000 2000 2000 2000", 50, 10, 200, "FTTT", "", "", "", 0.1},
    {"MissingMetricsScaleDownTargetOver100", 4, 2, true, "400 200 200", "2000 2000 4000 4000", 300, 6, 200, "FTTT", "", "", "",
     0.1},
    {"DuringRollingUpdateWithMaxSurge", 2, 2, true, "200 200", "2000 2000 2000", 50, 10, 200, "", "", "RRR", "", 0.1},
    {"DuringRollingUpdateWithMaxSurgeCM", 2, 2, false, "10000 10000", "", 17000, 0, 10000, "", "", "RRR", "", 0.1},
};

std::vector<std::optional<std::int64_t>> numbers(std::string_view text) {
  std::vector<std::optional<std::int64_t>> out;
  if (text.empty()) return out;
  for (const std::string_view word : split(text, ' ')) out.push_back(parse_integer<std::int64_t>(word));
  return out;
}

std::string pod_name(std::size_t i) { return "pod-" + std::to_string(i); }

PodMetric metric_of(const Case& c) {
  PodMetric metric;
  metric.is_cpu = c.of_cpu;
  metric.current = c.current;
  metric.now_ns = kNow;
  metric.tolerances.up = c.up;
  metric.options = {120 * kSecond, 10 * kSecond};
  const std::string_view ready = c.ready, started = c.started, phases = c.phases, deleting = c.deleting;
  const std::size_t count = std::max<std::size_t>(static_cast<std::size_t>(c.current), phases.size());
  for (std::size_t i = 0; i < count; ++i) {
    ScaledPod pod;
    pod.name = pod_name(i);
    pod.phase = i >= phases.size() || phases[i] == 'R' ? "Running" : phases[i] == 'P' ? "Pending" : "Failed";
    pod.deleting = i < deleting.size() && deleting[i] == 'd';
    pod.ready = i < ready.size() && ready[i] == 'F' ? ScaledPod::Ready::kFalse : ScaledPod::Ready::kTrue;
    pod.started_ns = i >= started.size() ? 0 : started[i] == 'h' ? kNow : kNow - 180 * kSecond;
    metric.pods.push_back(std::move(pod));
  }
  const auto samples = numbers(c.samples);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    if (samples[i]) metric.samples[pod_name(i)] = {*samples[i], 0, 60 * kSecond};
  }
  return metric;
}

}  // namespace

TEST_CASE("replicas from metrics") {
  for (const Case& c : kCases) {
    CAPTURE(c.name);
    std::map<std::string, std::int64_t> requests;
    const auto amounts = numbers(c.requests);
    for (std::size_t i = 0; i < amounts.size(); ++i) requests[pod_name(i)] = amounts[i].value_or(0);
    const auto proposal =
        c.of_cpu ? propose_for_utilization(metric_of(c), requests, c.target) : propose_for_average(metric_of(c), c.target);
    REQUIRE(proposal.ok());
    CHECK(proposal->replicas == c.expected);
    CHECK(proposal->utilization == c.percent);
    CHECK(proposal->average == c.average);
  }
}

TEST_CASE("no replicas from metrics") {
  PodMetric metric;
  metric.is_cpu = true;
  metric.now_ns = kNow;
  CHECK(propose_for_average(metric, 1).error().message() == "no pods returned by selector while calculating replica count");
  metric.pods = {{"a", "Running", false, ScaledPod::Ready::kTrue, 0, 0}};
  metric.current = 1;
  CHECK(propose_for_average(metric, 1).error().message() ==
        "did not receive metrics for targeted pods (pods might be unready)");
  metric.samples["other"] = {500, kNow, kSecond};
  CHECK(propose_for_utilization(metric, {{"a", 1000}}, 50).error().message() == "no metrics returned matched known pods");
  // A pod without a Ready condition, or not started: its processor usage does not count.
  metric.samples = {{"a", {500, kNow, kSecond}}};
  CHECK(propose_for_average(metric, 100)->replicas == 5);
  metric.pods[0].ready = ScaledPod::Ready::kNone;
  CHECK_FALSE(propose_for_average(metric, 100).ok());
  metric.is_cpu = false;
  CHECK(propose_for_average(metric, 100)->replicas == 5);
}

}  // namespace plinth::workloads
