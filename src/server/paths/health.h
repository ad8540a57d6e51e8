// What /healthz, /livez and /readyz say: all checks, without some of them, or one of them; and how often each passed.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "server/paths/start_phase.h"
#include "server/request_info.h"

namespace plinth::server {

struct HealthCheck {
  std::string_view name;
  std::string problem;  // "": it passes
};

struct HealthAnswer {
  int status = 200;  // 404: there is no such check
  std::string text;
};

// The outcomes of checks that were asked for together, as /metrics/slis shows them. Any thread.
class HealthRecord {
 public:
  void note(std::string_view endpoint, std::string_view check, bool passed);
  // Prometheus text. `started_s`: since when the process runs, seconds since the epoch.
  std::string text(double started_s) const;

 private:
  struct Outcomes {
    bool passed = false;  // the last one
    std::uint64_t successes = 0, errors = 0;
  };
  mutable std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, Outcomes, std::less<>>
      outcomes_;  // by check and endpoint: both are fixed names
};

// The checks behind an endpoint ("livez"), by kube-apiserver's names where they stand for something that this server has.
// `store_problem`: why the store takes no writes, or "".
std::vector<HealthCheck> health_checks(std::string_view endpoint, StartPhase phase, std::string_view store_problem);

// `path` is "/livez" or "/livez/NAME"; `query` may have `verbose` and `exclude=NAME`, any number of times. Why a check fails is
// told only where it is asked for by its name, which not everybody may do.
HealthAnswer health_answer(std::string_view path, const Query& query, std::span<const HealthCheck> checks,
                           HealthRecord& record);

}  // namespace plinth::server
