#include "workloads/cluster_controllers.h"

#include "workloads/disruption/disruption.h"
#include "workloads/endpoints/endpoints.h"
#include "workloads/nodes/nodes.h"
#include "workloads/scheduler/scheduler.h"
#include "workloads/snapshots/snapshot_kinds.h"
#include "workloads/snapshots/snapshots.h"
#include "workloads/volumes/attachments.h"
#include "workloads/volumes/volumes.h"

namespace plinth::workloads {

void add_cluster_controllers(std::vector<std::unique_ptr<client::Controller>>& controllers) {
  controllers.push_back(make_scheduler());
  controllers.push_back(make_endpoint_slices());
  controllers.push_back(make_endpoints());
  controllers.push_back(make_endpoint_mirroring());
  controllers.push_back(make_disruption_controller());
  controllers.push_back(make_volume_binder());
  controllers.push_back(make_ephemeral_volumes());
  controllers.push_back(make_snapshot_kinds());
  controllers.push_back(make_snapshot_controller());
  controllers.push_back(make_attach_controller());
  controllers.push_back(make_node_lifecycle());
  controllers.push_back(make_taint_eviction());
  controllers.push_back(make_pod_garbage_collector());
}

}  // namespace plinth::workloads
