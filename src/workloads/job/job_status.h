// The status of a Job while a step works on it.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "workloads/common/conditions.h"
#include "workloads/job/index_set.h"

namespace plinth::workloads {

// Ends of pods are counted in two writes: first their uids stand as uncounted, then, when the pods no longer have the
// finalizer, the counters go up. Whenever a step ends early, no end is lost or counted twice.
struct JobStatus {
  std::vector<Condition> conditions;
  std::string start_time, completion_time;
  std::int64_t active = 0, ready = 0, terminating = 0;
  std::int64_t succeeded = 0, failed = 0;
  std::string completed_indexes;
  std::optional<std::string> failed_indexes;
  std::vector<std::string> uncounted_succeeded, uncounted_failed;

  static JobStatus read(const client::Object& job);
  bool is_uncounted(const std::string& uid) const;
  // Moves those to the counters that no longer have the finalizer; `tracked` are the uids that have it.
  void count(const std::set<std::string>& tracked);
  // Whether the condition was not there like this; one that would only say no is not added.
  bool ensure(std::string_view type, std::string_view status, std::string_view reason, std::string message,
              const std::string& now);
  void plan(const client::Object& job, client::Plan& plan) const;
};

}  // namespace plinth::workloads
