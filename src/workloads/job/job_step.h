// One step of one Job.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "client/events.h"
#include "workloads/job/job_pods.h"
#include "workloads/job/job_status.h"

namespace plinth::workloads {

class JobStep {
 public:
  JobStep(const client::View& view, const client::Object& job, const client::StepContext& context, client::Plan& plan);
  void run();

 private:
  // How the Job ends.
  struct End {
    bool success = false;
    std::string reason, message;
  };

  void read_pods();
  bool is_valid(const client::Object& pod) const;
  void read_indexes();
  void read_backoff();
  std::optional<End> known_end() const;
  std::optional<End> failure() const;
  std::optional<End> index_failure() const;
  bool over_deadline() const;
  bool restarts_too_often() const;
  void manage();
  void plan_deletions(const std::vector<client::Object>& pods);
  void plan_creations(std::int64_t count);
  std::vector<client::Object> surplus(std::int64_t at_least) const;
  bool is_complete() const;
  void tell_suspension();
  void track();
  void count_end(const client::Object& pod, bool failed);
  bool may_stop_tracking(const client::Object& pod, bool failed) const;
  void finish();

  const client::View& view_;
  const client::Object& job_;
  const client::StepContext& context_;
  client::Plan& plan_;
  const std::string now_;
  const bool indexed_, per_index_, only_failed_;
  const std::int64_t parallelism_;
  const std::optional<std::int64_t> completions_;
  JobStatus status_;
  std::vector<client::Object> pods_, active_;
  std::int64_t terminating_ = 0, succeeded_ = 0, failed_ = 0;
  std::int64_t active_after_ = 0;  // this plan
  IndexSet succeeded_indexes_, counted_indexes_, failed_indexes_;
  // Failed pods that stay until the next pod of their index has taken over their count.
  std::map<std::int64_t, const client::Object*> awaiting_;
  std::int64_t failures_ = 0, last_failure_ns_ = 0;  // since the last success
  std::optional<End> end_;
  bool suspended_told_ = false, resumed_told_ = false;
  std::vector<client::Request> stop_tracking_;
  client::Plan pod_plan_;
  client::EventRecorder events_, pod_events_;
};

}  // namespace plinth::workloads
