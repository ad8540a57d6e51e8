// How many replicas a metric of pods asks for. The rules are upstream's (podautoscaler/replica_calculator.go).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace plinth::workloads {

inline constexpr double kAutoscalerTolerance = 0.1;
inline constexpr std::int64_t kCpuInitializationNs = 300'000'000'000;  // a starting pod's processor usage says little
inline constexpr std::int64_t kInitialReadinessNs = 30'000'000'000;    // an unready condition from before was never another

// A pod as the calculation sees it. Times are wall nanoseconds.
struct ScaledPod {
  std::string name, phase;
  bool deleting = false;
  enum class Ready : std::uint8_t { kNone, kTrue, kFalse, kUnknown } ready = Ready::kNone;  // the condition
  std::int64_t ready_since_ns = 0;                                                          // its last transition
  std::optional<std::int64_t> started_ns;
};

struct MetricSample {
  std::int64_t value = 0;  // in thousandths
  std::int64_t timestamp_ns = 0, window_ns = 0;
};
using MetricSamples = std::map<std::string, MetricSample>;  // by pod

struct Tolerances {
  double down = kAutoscalerTolerance, up = kAutoscalerTolerance;
  bool cover(double ratio) const { return 1.0 - down <= ratio && ratio <= 1.0 + up; }
};

struct CalculatorOptions {
  std::int64_t cpu_initialization_ns = kCpuInitializationNs, initial_readiness_ns = kInitialReadinessNs;
};

struct PodMetric {
  bool is_cpu = false;
  std::vector<ScaledPod> pods;
  MetricSamples samples;
  std::int64_t current = 0;  // replicas
  Tolerances tolerances;
  std::int64_t now_ns = 0;
  CalculatorOptions options;
};

struct Proposal {
  std::int64_t replicas = 0;
  std::int64_t utilization = 0;  // percent; of a target in percent only
  std::int64_t average = 0;      // thousandths
};

// Of the pods' requests (thousandths, by pod), in percent.
Result<Proposal> propose_for_utilization(PodMetric metric, const std::map<std::string, std::int64_t>& requests,
                                         std::int64_t target_percent);
// Of an average value, in thousandths.
Result<Proposal> propose_for_average(PodMetric metric, std::int64_t target);

}  // namespace plinth::workloads
