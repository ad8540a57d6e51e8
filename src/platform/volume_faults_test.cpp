// A storage driver that fails, hangs or dies in the middle of each call that a node makes to it, and a platform that is killed
// meanwhile: over the whole control plane in simulation.
#include <doctest/doctest.h>

#include "csi/claim_volumes.h"
#include "platform/machine_bench.h"

namespace plinth::platform {
namespace {

using namespace std::chrono_literals;

constexpr const char* kSocket = "unix:/run/csi.sock";

enum class Fault { kRefused, kAnswerLost, kHangs, kDies };

// What each call leaves behind, without looking into it: there is one volume and one pod.
struct FaultyDriver {
  explicit FaultyDriver(world_sim::SimWorld& world) : world(world), loop(world.new_loop("driver")) { open(); }
  ~FaultyDriver() { close(); }
  void open() {
    server =
        net::make_grpc_server(loop, world.clock(), [this](net::GrpcRequest request, std::shared_ptr<net::GrpcResponder> to) {
          serve(request.path.substr(request.path.rfind('/') + 1), std::move(to));
        });
    listener = world.network()
                   .listen(loop, kSocket, nullptr, [this](std::unique_ptr<Stream> stream) { server->serve(std::move(stream)); })
                   .value();
  }
  void close() {
    hanging.clear();
    listener.reset();
    server.reset();
  }
  void serve(const std::string& method, std::shared_ptr<net::GrpcResponder> to) {
    const bool faulty = method == fault_at && faults_left > 0;
    if (faulty) --faults_left;
    if (faulty && fault == Fault::kRefused) return to->finish({net::GrpcCode::kInternal, "the driver is broken"});
    if (method == "NodeStageVolume") staged = true;
    if (method == "NodePublishVolume") published = staged;
    if (method == "NodeUnpublishVolume") published = false;
    if (method == "NodeUnstageVolume") staged = published;
    if (faulty && fault == Fault::kAnswerLost) return to->finish({net::GrpcCode::kUnavailable, "the answer is lost"});
    if (faulty) hanging.push_back(std::move(to));
    if (faulty && fault == Fault::kDies) {
      // Not from within one of its own calls.
      loop.post([this] { close(); });
      loop.after(5s, [this] { open(); });
    }
    if (faulty) return;
    to->send("");
    to->finish({});
  }

  world_sim::SimWorld& world;
  world_sim::SimLoop& loop;
  std::unique_ptr<net::GrpcServer> server;
  std::unique_ptr<Listener> listener;
  std::vector<std::shared_ptr<net::GrpcResponder>> hanging;
  bool staged = false, published = false;
  std::string fault_at;
  Fault fault = Fault::kRefused;
  int faults_left = 0;
};

struct DriverMachine : Machine {
  explicit DriverMachine(world_sim::SimWorld& world) : Machine(world), driver(world) {}
  void add_to(const NodeHostParts& parts, node::NodeAgent& agent) {
    csi::DriverFacts facts;
    facts.info.name = "x";
    facts.stages = true;
    const csi::NodeDriver node_driver{std::make_shared<csi::CsiClient>(net::make_grpc_channel(*parts.loop, *parts.world.network,
                                                                                              *parts.world.clock, kSocket)),
                                      std::make_shared<const csi::DriverFacts>(facts)};
    agent.add_volume_plugin(csi::make_claim_volumes(
        {parts.loop, &pool, parts.world.clock, &files, &agent.transport(),
         [node_driver](std::string_view name) { return name == "x" ? std::optional(node_driver) : std::nullopt; },
         "/var/lib/kubelet", parts.log}));
  }
  FaultyDriver driver;
};

struct Bench {
  explicit Bench(std::uint64_t seed) : platform(seed), machine(std::make_unique<DriverMachine>(platform.world())) {
    platform.make_node = [this](const NodeHostParts& parts) -> Result<std::unique_ptr<NodeHost>> {
      return std::unique_ptr<NodeHost>(std::make_unique<MachineNode>(
          parts, *machine, [this](const NodeHostParts& given, node::NodeAgent& agent) { machine->add_to(given, agent); }));
    };
    REQUIRE(platform.boot().ok());
    platform.settle(2s);
    // Nothing is to be attached here: there is no driver's controller part that would do it.
    post("/apis/storage.k8s.io/v1/csidrivers", R"({"metadata":{"name":"x"},"spec":{"attachRequired":false}})");
    bind_claim();
  }
  // As the controllers of claims would have left it.
  void bind_claim() {
    const std::string claims = "/api/v1/namespaces/default/persistentvolumeclaims";
    post(
        claims,
        R"({"metadata":{"name":"c","annotations":{"pv.kubernetes.io/bind-completed":"yes"}},"spec":{"storageClassName":"","volumeName":"v",)"
        R"("accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"}}}})");
    const Document claim = parse_json(platform.call("GET", claims + "/c").body).value();
    post(
        "/api/v1/persistentvolumes",
        R"({"metadata":{"name":"v"},"spec":{"capacity":{"storage":"1Gi"},"accessModes":["ReadWriteOnce"],"persistentVolumeReclaimPolicy":"Retain",)"
        R"("claimRef":{"namespace":"default","name":"c","uid":")" +
            std::string(claim["metadata"]["uid"].as_string()) + R"("},"csi":{"driver":"x","volumeHandle":"h"}}})");
    CHECK(platform.call("PATCH", claims + "/c/status", R"({"status":{"phase":"Bound"}})").status == 200);
    platform.settle(1s);
  }
  ~Bench() { kill(); }  // before the machine
  void post(const std::string& path, const std::string& body) {
    const auto made = platform.call("POST", path, body);
    REQUIRE_MESSAGE(made.status == 201, made.body);
  }
  void create() {
    post("/api/v1/namespaces/default/pods",
         R"({"metadata":{"name":"p"},"spec":{"nodeName":"n1","terminationGracePeriodSeconds":1,)"
         R"("volumes":[{"name":"data","persistentVolumeClaim":{"claimName":"c"}}],)"
         R"("containers":[{"name":"a","image":"app:1"}]}})");
  }
  void remove() { CHECK(platform.call("DELETE", "/api/v1/namespaces/default/pods/p").status == 200); }
  bool ready() {
    const auto parsed = parse_json(platform.call("GET", "/api/v1/namespaces/default/pods/p").body);
    if (!parsed.ok()) return false;
    for (const Value& c : (*parsed)["status"]["conditions"].items()) {
      if (c["type"].as_string() == "Ready" && c["status"].as_string() == "True") return true;
    }
    return false;
  }
  bool told(const std::string& reason) {
    const auto events = parse_json(platform.call("GET", "/api/v1/namespaces/default/events").body);
    REQUIRE(events.ok());
    for (const Value& event : (*events)["items"].items()) {
      if (event["reason"].as_string() == reason &&
          event["message"].as_string().find("\"data\" : rpc error: code = ") != std::string_view::npos)
        return true;
    }
    return false;
  }
  void check_running() {
    CHECK(ready());
    CHECK(machine->driver.staged);
    CHECK(machine->driver.published);
  }
  void check_gone() {
    CHECK(platform.call("GET", "/api/v1/namespaces/default/pods/p").status == 404);
    CHECK_FALSE(machine->driver.staged);
    CHECK_FALSE(machine->driver.published);
    CHECK(machine->files.list("/var/lib/kubelet/pods").value().empty());
    CHECK(machine->files.list("/var/lib/kubelet/plugins/kubernetes.io/csi/x").value().empty());
  }
  void kill() {
    platform.control().stop_controllers();
    platform.settle(500ms);
    platform.kill();
  }
  void kill_after(int steps) {
    for (int i = 0; i < steps && platform.world().scheduler().step(); ++i) {
    }
    kill();
    REQUIRE(platform.boot().ok());
  }
  SimPlatform platform;
  std::unique_ptr<DriverMachine> machine;
};

}  // namespace

TEST_CASE("a storage driver that fails in the middle of any call of the node: an Event, and it ends well") {
  for (const Fault fault : {Fault::kRefused, Fault::kAnswerLost, Fault::kHangs, Fault::kDies}) {
    for (const char* method : {"NodeStageVolume", "NodePublishVolume", "NodeUnpublishVolume", "NodeUnstageVolume"}) {
      CAPTURE(static_cast<int>(fault));
      CAPTURE(method);
      Bench bench(31);
      FaultyDriver& driver = bench.machine->driver;
      const bool going = std::string_view(method).starts_with("NodeUn");
      driver.fault = fault;
      driver.fault_at = method;
      driver.faults_left = 2;
      bench.create();
      bench.platform.settle(5min);
      bench.check_running();
      CHECK(bench.told("FailedMount") == !going);
      bench.remove();
      bench.platform.settle(5min);
      bench.check_gone();
      CHECK(driver.faults_left == 0);
      CHECK(bench.told("FailedUnMount") == going);
    }
  }
}

TEST_CASE("a kill of the platform at any point of the life of a pod with a claim leaves nothing") {
  Bench bench(32);
  for (int steps = 0; steps < 900; steps += 67) {
    CAPTURE(steps);
    bench.create();
    bench.kill_after(steps);
    bench.platform.settle(20s);
    bench.check_running();
    bench.remove();
    bench.kill_after(steps / 2);
    bench.platform.settle(30s);
    bench.check_gone();
  }
}

// The pod is removed by force while nobody looks, its driver is late at the next start: what is left of it waits for the
// driver.
TEST_CASE("what a pod has left is taken away as soon as its driver is there") {
  Bench bench(33);
  bench.create();
  bench.platform.settle(10s);
  bench.check_running();
  bench.platform.control().stop_controllers();
  CHECK(bench.platform.call("DELETE", "/api/v1/namespaces/default/pods/p", R"({"gracePeriodSeconds":0})").status == 200);
  bench.kill();
  bench.machine->driver.close();
  REQUIRE(bench.platform.boot().ok());
  bench.platform.settle(20s);
  CHECK(bench.machine->driver.published);
  bench.machine->driver.open();
  bench.platform.settle(5min);
  bench.check_gone();
}

}  // namespace plinth::platform
