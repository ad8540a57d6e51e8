// The agent of one node: a worker for each pod that is bound to it, the Node object, what is left over in the runtime.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "client/cluster.h"
#include "node/agent/event_recorder.h"
#include "node/agent/evictor.h"
#include "node/agent/image_collector.h"
#include "node/agent/image_manager.h"
#include "node/agent/node_parts.h"
#include "node/agent/node_registration.h"
#include "node/agent/pod_groups.h"
#include "node/agent/pod_worker.h"
#include "node/agent/size_limits.h"
#include "node/agent/usage_meter.h"
#include "node/pod/service_variables.h"
#include "node/stats/volume_meter.h"

namespace plinth::node {

// What the agent is assembled from; everything outlives it.
struct NodeAgentParts {
  Loop* loop = nullptr;
  Clock* clock = nullptr;
  Entropy* entropy = nullptr;
  Pool* pool = nullptr;  // for what blocks
  HostFiles* files = nullptr;
  Runtime* runtime = nullptr;
  Prober* prober = nullptr;
  ControlGroups* groups = nullptr;               // null: those that the runtime makes
  HostGauges* gauges = nullptr;                  // null: the node uses what its pods use
  api::UsageBoard* usage = nullptr;              // where measurements are published; null: nothing is measured
  std::unique_ptr<client::Cluster> cluster;      // its own view of the cluster's changes
  std::unique_ptr<client::Transport> transport;  // as system:node:NAME
  NodeConfig config;
  NodeFacts facts;
  std::string root = "/var/lib/kubelet";  // where pods' directories are
  Logger log;
};

// Where a container's log is, for whoever reads it.
struct LogPlace {
  std::string path;
  bool running = false;  // more may come
};

// A running container, for whoever talks to it.
struct ContainerPlace {
  std::string container_id, sandbox_id;
};

// On the node's loop.
class NodeAgent final : private client::ClusterEvents {
 public:
  static constexpr Duration kRelist = std::chrono::seconds(30);  // everything is looked at again, should an event be lost
  static constexpr Duration kLogCheck = std::chrono::seconds(10);

  explicit NodeAgent(NodeAgentParts parts);
  ~NodeAgent() override;

  // Before start(): further kinds of volumes.
  void add_volume_plugin(std::unique_ptr<VolumePlugin> plugin) { volumes_.add(std::move(plugin)); }
  // `done` once the Node object is there and every pod has its worker.
  void start(Done<void> done);
  // Nothing is acted on any more; pods go on running.
  void stop();

  const std::string& name() const { return given_.config.name; }
  HostFiles& files() { return *given_.files; }
  Runtime& runtime() { return *given_.runtime; }
  Pool& pool() { return *given_.pool; }
  Loop& loop() { return *given_.loop; }
  client::Transport& transport() { return *given_.transport; }
  // The log of a pod's container; `previous`: of the one before. BadRequest and NotFound in the API server's words.
  Result<LogPlace> find_log(std::string_view name_space, std::string_view pod, std::string_view container, bool previous) const;
  // A pod's container that runs. NotFound in the kubelet's words.
  Result<ContainerPlace> find_container(std::string_view name_space, std::string_view pod, std::string_view container) const;
  // The sandbox of a pod, which has a network while it is ready.
  Result<std::string> find_sandbox(std::string_view name_space, std::string_view pod) const;
  // What it measured last; claims' volumes are asked for now.
  void stats(Done<NodeStats> done);
  // Its pods as it knows them, as a PodList.
  std::string pods_json() const;
  std::size_t pod_count() const { return workers_.size(); }

 private:
  const PodWorker* find_worker(std::string_view name_space, std::string_view pod) const;
  void on_change(const client::Change& change, const client::View& view) override;
  void on_progress() override {}
  void on_reset() override;
  bool is_mine(const client::Object& object) const;
  void take_pod(const client::Object& object);
  void pod_is_gone(const std::string& uid);
  // Pods that have a place on the node.
  std::vector<std::shared_ptr<const Pod>> placed_pods() const;
  RunningContainers running_containers() const;
  EvictorPorts evictor_ports();
  void look_for_shortage(const HostReading& reading, const api::UsageTable& usage,
                         const std::map<std::string, std::uint64_t>& written);
  void evict(const std::string& uid, Verdict verdict);
  void relist();
  void take_orphans(const std::vector<Sandbox>& sandboxes);
  void sweep_directories();
  void rotate_logs();
  void rotate_next(std::vector<std::pair<std::string, std::string>> left);
  void on_runtime_event(const RuntimeEvent& event);
  void worker_ended(const std::string& uid);
  PodWorker& make_worker(std::shared_ptr<const Pod> pod);

  NodeAgentParts given_;
  NodeParts parts_;
  EventRecorder events_;
  ServiceVariables service_variables_;
  ImageManager images_;
  PodGroups groups_;
  PodVolumes volumes_;
  std::unique_ptr<NodeRegistration> registration_;
  std::unique_ptr<SizeLimits> size_limits_;
  std::unique_ptr<UsageMeter> usage_meter_;  // null: nothing is measured
  VolumeMeter volume_meter_;
  std::unique_ptr<ImageCollector> image_collector_;
  std::unique_ptr<Evictor> evictor_;
  std::map<std::string, std::unique_ptr<PodWorker>> workers_;  // by pod uid
  TimerId relist_timer_ = 0, rotation_timer_ = 0;
  bool started_ = false, stopped_ = false, swept_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace plinth::node
