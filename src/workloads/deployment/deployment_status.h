// The status of a Deployment: counts, conditions, progress.
#pragma once

#include "workloads/common/conditions.h"
#include "workloads/deployment/replica_sets.h"

namespace plinth::workloads {

// Counts of a status.
struct DeploymentCounts {
  std::int64_t replicas = 0, updated = 0, ready = 0, available = 0, unavailable = 0;
  std::optional<std::int64_t> terminating;
};

// Everything that a step says about a Deployment; conditions begin as they are.
struct DeploymentReport {
  DeploymentCounts before, counts;
  std::vector<Condition> conditions;
  std::optional<std::int64_t> collisions;
  std::string revision;  // of the annotation; "" leaves it

  // Counts, and whether enough pods are available.
  void count(const DeploymentSpec& spec, ReplicaSets& sets, const std::string& now);
  void set_progress(std::string_view status, std::string_view reason, std::string message, const std::string& now);
};

DeploymentReport read_report(const client::Object& deployment);
// Paused and resumed Deployments make no progress and miss no deadline.
void report_pause(const DeploymentSpec& spec, const std::string& now, DeploymentReport& report);
// After count(), in a rollout: complete, progressing, or over the deadline; and what the ReplicaSets complain of.
void report_progress(const client::Object& deployment, const DeploymentSpec& spec, ReplicaSets& sets, std::int64_t now_ns,
                     DeploymentReport& report);
// Whether all that the spec asks for is there, and nothing else.
bool is_complete(const client::Object& deployment, const DeploymentSpec& spec, const DeploymentCounts& counts,
                 std::int64_t observed_generation);
// When a deadline is to be looked at.
std::optional<std::int64_t> deadline_in(const DeploymentSpec& spec, const DeploymentReport& report, std::int64_t now_ns);
// The update of the status (and of the revision annotation), if anything differs.
void plan_report(const client::Object& deployment, const DeploymentReport& report, client::Plan& plan);

}  // namespace plinth::workloads
