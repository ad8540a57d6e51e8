// A node whose runtime outlives the platform: kills of the platform at any point, over the whole control
// plane in simulation.
#include <doctest/doctest.h>

#include "base/json.h"
#include "node/host/loop_pool.h"
#include "node/host/memory_files.h"
#include "node/runtime/sim_runtime.h"
#include "platform/node_host.h"
#include "platform/sim_platform.h"

namespace plinth::platform {
namespace {

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

class MachineNode final : public NodeHost {
 public:
  MachineNode(const NodeHostParts& parts, Machine& machine) : parts_(parts) {
    node::NodeAgentParts agent = node_agent_parts(parts, "n1");
    agent.pool = &machine.pool;
    agent.files = &machine.files;
    agent.runtime = &machine.runtime;
    agent.prober = &machine.prober;
    agent.facts.addresses = {"192.168.0.1"};
    agent.facts.capacity = agent.facts.allocatable = {{"cpu", "4"}, {"memory", "8Gi"}, {"pods", "110"}};
    agent_ = std::make_unique<node::NodeAgent>(std::move(agent));
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

struct Bench {
  explicit Bench(std::uint64_t seed) : platform(seed), machine(std::make_unique<Machine>(platform.world())) {
    platform.make_node = [this](const NodeHostParts& parts) -> Result<std::unique_ptr<NodeHost>> {
      return std::unique_ptr<NodeHost>(std::make_unique<MachineNode>(parts, *machine));
    };
    REQUIRE(platform.boot().ok());
    platform.settle(std::chrono::seconds(2));
    CHECK(platform.call("POST", "/api/v1/namespaces/default/configmaps", R"({"metadata":{"name":"c"},"data":{"k":"v"}})").status == 201);
  }
  ~Bench() { kill(); }  // before the machine
  void create() {
    const auto made = platform.call("POST", "/api/v1/namespaces/default/pods",
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
  void check_ready() {
    const Document p = pod();
    bool ready = false;
    for (const Value& c : p["status"]["conditions"].items())
      ready = ready || (c["type"].as_string() == "Ready" && c["status"].as_string() == "True");
    CHECK_MESSAGE(ready, to_json(p["status"]));
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

}  // namespace

TEST_CASE("pods that run are taken over by the next start") {
  Bench bench(21);
  bench.create();
  bench.platform.settle(std::chrono::seconds(5));
  bench.check_ready();
  const std::string id(bench.pod()["status"]["containerStatuses"].items()[0]["containerID"].as_string());
  bench.kill();
  bench.platform.settle(std::chrono::seconds(30));
  REQUIRE(bench.platform.boot().ok());
  bench.platform.settle(std::chrono::seconds(5));
  bench.check_ready();
  CHECK(bench.pod()["status"]["containerStatuses"].items()[0]["containerID"].as_string() == id);
  // One that was removed by force while nobody looked is ended all the same.
  CHECK(bench.platform.call("DELETE", "/api/v1/namespaces/default/pods/p", R"({"gracePeriodSeconds":0})").status == 200);
  bench.kill();
  REQUIRE(bench.platform.boot().ok());
  bench.platform.settle(std::chrono::seconds(20));
  bench.check_gone();
}

TEST_CASE("a kill of the platform at any point of a pod's life changes nothing in the end") {
  Bench bench(22);
  for (int steps = 0; steps < 1200; steps += 131) {
    CAPTURE(steps);
    bench.create();
    bench.kill_after(steps);
    bench.platform.settle(std::chrono::seconds(20));
    bench.check_ready();
    bench.remove();
    bench.kill_after(steps / 2);
    bench.platform.settle(std::chrono::seconds(20));
    bench.check_gone();
  }
}

}  // namespace plinth::platform
