#include "server/metrics.h"

#include <fmt/core.h>

namespace plinth::server {
namespace {

// Names that a client can make up would grow the table without end.
constexpr std::size_t kRequestSeriesMax = 5'000;

void gauge(std::string& out, std::string_view name, std::string_view help, std::string_view type, double value) {
  out += fmt::format("# HELP {0} {1}\n# TYPE {0} {2}\n{0} {3}\n", name, help, type, value);
}

}  // namespace

void Metrics::count_request(std::string_view verb, std::string_view resource, int code) {
  std::lock_guard lock(mutex_);
  auto key = std::make_tuple(std::string(verb), std::string(resource), code);
  auto it = requests_.find(key);
  if (it == requests_.end()) {
    if (requests_.size() >= kRequestSeriesMax) key = std::make_tuple(std::string(verb), std::string("other"), code);
    it = requests_.emplace(std::move(key), 0).first;
  }
  ++it->second;
}

void Metrics::observe_duration(std::string_view verb, Duration duration) {
  const double seconds = std::chrono::duration<double>(duration).count();
  std::lock_guard lock(mutex_);
  auto it = durations_.find(verb);
  if (it == durations_.end()) it = durations_.emplace(std::string(verb), Histogram()).first;
  std::size_t bucket = 0;
  while (bucket < std::size(kBuckets) && seconds > kBuckets[bucket]) ++bucket;
  ++it->second.counts[bucket];
  it->second.sum += seconds;
}

std::string Metrics::text(const Gauges& g) const {
  std::string out;
  gauge(out, "apiserver_storage_objects_total", "Objects stored.", "gauge", static_cast<double>(g.objects));
  gauge(out, "plinth_store_object_bytes", "Encoded bytes of the objects stored.", "gauge", static_cast<double>(g.object_bytes));
  gauge(out, "plinth_store_revision", "Last published revision.", "gauge", static_cast<double>(g.revision));
  gauge(out, "plinth_store_commits_total", "Transactions committed.", "counter", static_cast<double>(g.commits));
  gauge(out, "plinth_store_groups_total", "Groups written, one sync each.", "counter", static_cast<double>(g.groups));
  gauge(out, "plinth_store_sync_seconds_total", "Time spent in sync.", "counter", g.sync_seconds_total);
  gauge(out, "plinth_store_log_bytes", "Bytes of log on disk.", "gauge", static_cast<double>(g.log_bytes));
  gauge(out, "plinth_store_history_bytes", "Bytes of log that watches can go back to.", "gauge",
        static_cast<double>(g.history_bytes));
  gauge(out, "apiserver_longrunning_requests", "Open watches.", "gauge", static_cast<double>(g.watchers));
  gauge(out, "process_resident_memory_bytes", "Resident memory.", "gauge", static_cast<double>(g.resident_bytes));
  out +=
      "# HELP apiserver_current_inflight_requests Requests that are worked on.\n# TYPE apiserver_current_inflight_requests "
      "gauge\n";
  out += fmt::format("apiserver_current_inflight_requests{{request_kind=\"readOnly\"}} {}\n", g.reads_in_flight);
  out += fmt::format("apiserver_current_inflight_requests{{request_kind=\"mutating\"}} {}\n", g.writes_in_flight);

  std::lock_guard lock(mutex_);
  out += "# HELP apiserver_request_total Requests answered.\n# TYPE apiserver_request_total counter\n";
  for (const auto& [key, count] : requests_) {
    out += fmt::format("apiserver_request_total{{verb=\"{}\",resource=\"{}\",code=\"{}\"}} {}\n", std::get<0>(key),
                       std::get<1>(key), std::get<2>(key), count);
  }
  out += "# HELP apiserver_request_duration_seconds Time from a request's arrival to its answer.\n";
  out += "# TYPE apiserver_request_duration_seconds histogram\n";
  for (const auto& [verb, h] : durations_) {
    std::uint64_t total = 0;
    for (std::size_t i = 0; i <= std::size(kBuckets); ++i) {
      total += h.counts[i];
      const std::string le = i < std::size(kBuckets) ? fmt::format("{}", kBuckets[i]) : "+Inf";
      out += fmt::format("apiserver_request_duration_seconds_bucket{{verb=\"{}\",le=\"{}\"}} {}\n", verb, le, total);
    }
    out += fmt::format("apiserver_request_duration_seconds_sum{{verb=\"{}\"}} {}\n", verb, h.sum);
    out += fmt::format("apiserver_request_duration_seconds_count{{verb=\"{}\"}} {}\n", verb, total);
  }
  return out;
}

}  // namespace plinth::server
