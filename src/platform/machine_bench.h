// For tests: a node whose runtime outlives the platform, over the whole control plane in simulation.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include <doctest/doctest.h>

#include "base/json.h"
#include "node/host/loop_pool.h"
#include "node/host/memory_files.h"
#include "node/runtime/sim_runtime.h"
#include "platform/node_host.h"
#include "platform/sim_platform.h"

namespace plinth::platform {

// What stays when the platform goes.
struct Machine {
  explicit Machine(world_sim::SimWorld& world)
      : loop(world.new_loop("machine")), pool(loop), runtime(loop, world.clock(), files), prober(loop, runtime) {}
  world_sim::SimLoop& loop;
  node::MemoryFiles files;
  node::LoopPool pool;
  node::SimRuntime runtime;
  node::SimProber prober;
};

// Its volumes are the local ones, and what `prepare` adds.
class MachineNode final : public NodeHost {
 public:
  using Prepare = std::function<void(const NodeHostParts&, node::NodeAgent&)>;
  MachineNode(const NodeHostParts& parts, Machine& machine, const Prepare& prepare = nullptr) : parts_(parts) {
    node::NodeAgentParts agent = node_agent_parts(parts, "n1");
    agent.pool = &machine.pool;
    agent.files = &machine.files;
    agent.runtime = &machine.runtime;
    agent.prober = &machine.prober;
    agent.facts.addresses = {"192.168.0.1"};
    agent.facts.capacity = agent.facts.allocatable = {{"cpu", "4"}, {"memory", "8Gi"}, {"pods", "110"}};
    agent_ = std::make_unique<node::NodeAgent>(std::move(agent));
    if (prepare) prepare(parts, *agent_);
  }
  ~MachineNode() override { *alive_ = false; }
  void start(UniqueFunction<void(Result<void>)> done) override {
    auto finish = std::make_shared<UniqueFunction<void(Result<void>)>>(std::move(done));
    grant_node_rights(parts_, "n1", [this, finish, alive = alive_](Result<void> granted) {
      if (!*alive) return;
      if (!granted.ok()) return (*finish)(std::move(granted));
      agent_->start([finish](Result<void> started) { (*finish)(std::move(started)); });
    });
  }
  void stop() override { agent_->stop(); }
  node::NodeAgent& agent() override { return *agent_; }

 private:
  NodeHostParts parts_;
  std::unique_ptr<node::NodeAgent> agent_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

struct MachineBench {
  explicit MachineBench(std::uint64_t seed) : platform(seed), machine(std::make_unique<Machine>(platform.world())) {
    platform.make_node = [this](const NodeHostParts& parts) -> Result<std::unique_ptr<NodeHost>> {
      return std::unique_ptr<NodeHost>(std::make_unique<MachineNode>(parts, *machine));
    };
    REQUIRE(platform.boot().ok());
    platform.settle(std::chrono::seconds(2));
    CHECK(platform.call("POST", "/api/v1/namespaces/default/configmaps", R"({"metadata":{"name":"c"},"data":{"k":"v"}})")
              .status == 201);
  }
  ~MachineBench() { kill(); }  // before the machine
  void create() {
    const auto made = platform.call(
        "POST", "/api/v1/namespaces/default/pods",
        R"({"metadata":{"name":"p"},"spec":{"nodeName":"n1","terminationGracePeriodSeconds":3,)"
        R"("volumes":[{"name":"v","configMap":{"name":"c"}},{"name":"e","emptyDir":{"medium":"Memory"}}],)"
        R"("initContainers":[{"name":"i","image":"busybox:1","command":["true"]}],)"
        R"("containers":[{"name":"a","image":"app:1","volumeMounts":[{"name":"v","mountPath":"/v"},{"name":"v","mountPath":"/s","subPath":"k"}],)"
        R"("lifecycle":{"preStop":{"exec":{"command":["sleep","1"]}},"postStart":{"exec":{"command":["true"]}}}},)"
        R"({"name":"b","image":"app:2","readinessProbe":{"httpGet":{"port":80},"periodSeconds":1}}]}})");
    REQUIRE_MESSAGE(made.status == 201, made.body);
  }
  Document pod() {
    auto parsed = parse_json(platform.call("GET", "/api/v1/namespaces/default/pods/p").body);
    return parsed.ok() ? *parsed : Document();
  }
  bool is_ready() {
    const Document p = pod();
    bool ready = false;
    for (const Value& c : p["status"]["conditions"].items())
      ready = ready || (c["type"].as_string() == "Ready" && c["status"].as_string() == "True");
    return ready;
  }
  // What Events complain about, a line for each.
  std::string warnings() {
    std::string out;
    const auto list = parse_json(platform.call("GET", "/api/v1/namespaces/default/events").body);
    if (!list.ok()) return out;
    for (const Value& event : (*list)["items"].items()) {
      if (event["type"].as_string() == "Warning")
        out += std::string(event["reason"].as_string()) + ": " + std::string(event["message"].as_string()) + "\n";
    }
    return out;
  }
  // Nothing of the pod is left anywhere.
  bool is_gone() {
    const auto pods = machine->files.list("/var/lib/kubelet/pods");
    return platform.call("GET", "/api/v1/namespaces/default/pods/p").status == 404 && machine->runtime.sandbox_count() == 0 &&
           pods.ok() && pods->empty();
  }
  // Lets time pass, a second after the other, until it is so or five minutes are over.
  void settle_until(const std::function<bool()>& done) {
    constexpr int kSecondsMax = 300;
    for (int second = 0; second < kSecondsMax && !done(); ++second) platform.settle(std::chrono::seconds(1));
  }
  void check_ready() {
    const Document p = pod();
    CHECK_MESSAGE(is_ready(), to_json(p["status"]), "\n", warnings());
    for (const Value& c : p["status"]["containerStatuses"].items()) CHECK(c["restartCount"].as_int() == 0);
    CHECK(machine->runtime.sandbox_count() == 1);
    CHECK(machine->runtime.running_count() == 2);
  }
  void check_gone() {
    CHECK(platform.call("GET", "/api/v1/namespaces/default/pods/p").status == 404);
    CHECK(machine->runtime.sandbox_count() == 0);
    CHECK(machine->runtime.running_count() == 0);
    CHECK(machine->files.mounts().value().empty());
    CHECK(machine->files.list("/var/lib/kubelet/pods").value().empty());
  }
  void remove() { CHECK(platform.call("DELETE", "/api/v1/namespaces/default/pods/p").status == 200); }
  // The platform dies after so many steps of anything, and starts again.
  void kill_after(int steps) {
    for (int i = 0; i < steps && platform.world().scheduler().step(); ++i) {
    }
    kill();
    REQUIRE(platform.boot().ok());
  }
  // The node acts no more from here on; requests that it has sent already are carried out.
  void kill() {
    platform.control().stop_controllers();
    platform.settle(std::chrono::milliseconds(500));
    platform.kill();
  }
  SimPlatform platform;
  std::unique_ptr<Machine> machine;
};

}  // namespace plinth::platform
