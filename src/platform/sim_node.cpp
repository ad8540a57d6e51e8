#include "base/ids.h"
#include "csi/drivers.h"
#include "node/host/loop_pool.h"
#include "node/host/memory_files.h"
#include "node/runtime/sim_runtime.h"
#include "platform/direct_cluster.h"
#include "platform/node_host.h"

namespace plinth::platform {
namespace {

class SimNode final : public NodeHost {
 public:
  SimNode(const NodeHostParts& parts, const SimNodeOptions& options)
      : parts_(parts),
        name_(options.name),
        pool_(*parts.loop),
        runtime_(*parts.loop, *parts.world.clock, files_),
        prober_(*parts.loop, runtime_) {
    node::NodeAgentParts agent = node_agent_parts(parts, name_);
    agent.pool = &pool_;
    agent.files = &files_;
    agent.runtime = &runtime_;
    agent.prober = &prober_;
    agent.facts.addresses = {options.address};
    agent.facts.labels["plinth.dev/node-type"] = "sim";
    agent.facts.capacity = agent.facts.allocatable = options.capacity;
    agent.facts.pod_cidr = "10.244.0.0/20";
    agent.facts.boot_id = new_uuid(*parts.world.entropy);
    agent.facts.machine_id = agent.facts.system_uuid = agent.facts.boot_id;
    agent.facts.kernel_version = "sim";
    agent.facts.os_image = "Plinth virtual node";
    agent.facts.runtime_version = "sim://1.0.0";
    if (auto memory = api::Quantity::parse(options.capacity.at("memory")); memory.ok())
      agent.config.memory_capacity_bytes = memory->value();
    agent_ = std::make_unique<node::NodeAgent>(std::move(agent));
    if (!options.csi_sockets.empty()) drivers_ = make_drivers(options.csi_sockets);
  }
  ~SimNode() override {
    *alive_ = false;
    drivers_.reset();
    agent_.reset();
  }

  void start(UniqueFunction<void(Result<void>)> done) override {
    auto finish = std::make_shared<UniqueFunction<void(Result<void>)>>(std::move(done));
    grant_node_rights(parts_, name_, [this, finish, alive = alive_](Result<void> granted) {
      if (!*alive) return;
      if (!granted.ok()) return (*finish)(std::move(granted));
      agent_->start([this, finish, alive](Result<void> started) {
        if (*alive && started.ok() && drivers_) drivers_->start();
        (*finish)(std::move(started));
      });
    });
  }
  void stop() override { agent_->stop(); }
  node::NodeAgent& agent() override { return *agent_; }

 private:
  std::unique_ptr<csi::Drivers> make_drivers(const std::vector<std::string>& sockets) {
    csi::DriversParts parts;
    parts.site.loop = parts_.loop;
    parts.site.clock = parts_.world.clock;
    parts.site.network = parts_.world.network;
    parts.site.make_cluster = [given = parts_] {
      return std::make_unique<DirectCluster>(*given.api, *given.store, *given.loop);
    };
    parts.site.log = parts_.log.named("csi");
    parts.pool = &pool_;
    parts.files = &files_;
    csi::DriversOptions options;
    options.node_name = name_;
    options.sockets = sockets;
    options.watch_registry = false;
    return std::make_unique<csi::Drivers>(std::move(parts), std::move(options));
  }

  NodeHostParts parts_;
  std::string name_;
  node::LoopPool pool_;
  node::MemoryFiles files_;
  node::SimRuntime runtime_;
  node::SimProber prober_;
  std::unique_ptr<node::NodeAgent> agent_;
  std::unique_ptr<csi::Drivers> drivers_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace

MakeNodeHost sim_node(SimNodeOptions options) {
  return [options = std::move(options)](const NodeHostParts& parts) -> Result<std::unique_ptr<NodeHost>> {
    return std::unique_ptr<NodeHost>(std::make_unique<SimNode>(parts, options));
  };
}

}  // namespace plinth::platform
