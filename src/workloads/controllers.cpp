#include "workloads/controllers.h"

#include "workloads/autoscaling/autoscaler_controller.h"
#include "workloads/cluster_controllers.h"
#include "workloads/cronjob/cron_job_controller.h"
#include "workloads/daemonset/daemon_set_controller.h"
#include "workloads/deployment/deployment_controller.h"
#include "workloads/job/job_controller.h"
#include "workloads/replicaset/replica_controller.h"
#include "workloads/statefulset/stateful_set_controller.h"

namespace plinth::workloads {

std::vector<std::unique_ptr<client::Controller>> make_workload_controllers(const api::UsageBoard* usage) {
  std::vector<std::unique_ptr<client::Controller>> out;
  out.push_back(make_deployment_controller());
  out.push_back(make_replica_set_controller());
  out.push_back(make_replication_controller());
  out.push_back(make_stateful_set_controller());
  out.push_back(make_daemon_set_controller());
  out.push_back(make_job_controller());
  out.push_back(make_ttl_after_finished_controller());
  out.push_back(make_cron_job_controller());
  out.push_back(make_autoscaler_controller(usage));
  add_cluster_controllers(out);
  return out;
}

}  // namespace plinth::workloads
