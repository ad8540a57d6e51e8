// Counters of the server, printed as Prometheus text at /metrics.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <tuple>

#include "base/world.h"

namespace plinth::server {

class Metrics {
 public:
  // Any thread. `resource` is "" for paths that are no resource.
  void count_request(std::string_view verb, std::string_view resource, int code);
  void observe_duration(std::string_view verb, Duration duration);

  struct Gauges {
    std::uint64_t objects = 0, object_bytes = 0, revision = 0, watchers = 0, reads_in_flight = 0, writes_in_flight = 0;
    std::uint64_t commits = 0, groups = 0, log_bytes = 0, history_bytes = 0, resident_bytes = 0;
    double sync_seconds_total = 0;
  };
  std::string text(const Gauges& gauges) const;

 private:
  static constexpr double kBuckets[] = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};
  struct Histogram {
    std::uint64_t counts[std::size(kBuckets) + 1] = {};
    double sum = 0;
  };
  mutable std::mutex mutex_;
  std::map<std::tuple<std::string, std::string, int>, std::uint64_t> requests_;
  std::map<std::string, Histogram, std::less<>> durations_;
};

}  // namespace plinth::server
