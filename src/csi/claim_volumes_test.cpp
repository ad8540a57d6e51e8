// A pod's volume over a driver that fails at every call, before and after it has acted, or does not answer.
#include "csi/claim_volumes.h"

#include <doctest/doctest.h>

#include <optional>
#include <set>

#include "csi.pb.h"
#include "node/host/loop_pool.h"
#include "node/host/memory_files.h"
#include "workloads/common/test_cluster.h"
#include "world_sim/sim_world.h"

namespace plinth::csi {
namespace {

using namespace std::chrono_literals;
namespace wire = ::csi::v1;

enum class Fault { kNone, kBefore, kAfter, kHang };

// Keeps what is staged and published, as a driver's node does.
struct FaultDriver {
  explicit FaultDriver(world_sim::SimWorld& world) : loop(world.new_loop("driver")) {
    server = net::make_grpc_server(loop, world.clock(), [this](net::GrpcRequest request, std::shared_ptr<net::GrpcResponder> to) {
      const Fault fault = calls++ == fault_at ? kind : Fault::kNone;
      if (fault == Fault::kBefore) return to->finish({net::GrpcCode::kInternal, "broken"});
      if (fault == Fault::kHang) {
        hanging.push_back(std::move(to));
        return;
      }
      const net::GrpcStatus status = act(request);
      if (fault == Fault::kAfter) return to->finish({net::GrpcCode::kUnavailable, "the answer is lost"});
      if (status.ok()) to->send("");
      to->finish(status);
    });
    listener = world.network().listen(loop, "unix:/run/csi.sock", nullptr, [this](std::unique_ptr<Stream> s) { server->serve(std::move(s)); }).value();
  }
  ~FaultDriver() {
    hanging.clear();
    listener.reset();
    server.reset();
  }

  net::GrpcStatus act(const net::GrpcRequest& request) {
    const std::string method = request.path.substr(request.path.rfind('/') + 1);
    if (method == "NodeStageVolume") {
      wire::NodeStageVolumeRequest in;
      REQUIRE(in.ParseFromString(request.message));
      staged.insert(in.staging_target_path());
      last_mode = in.volume_capability().access_mode().mode();
    } else if (method == "NodePublishVolume") {
      wire::NodePublishVolumeRequest in;
      REQUIRE(in.ParseFromString(request.message));
      if (!staged.contains(in.staging_target_path())) return {net::GrpcCode::kFailedPrecondition, "not staged"};
      published[in.target_path()] = in.readonly();
    } else if (method == "NodeUnpublishVolume") {
      wire::NodeUnpublishVolumeRequest in;
      REQUIRE(in.ParseFromString(request.message));
      published.erase(in.target_path());
    } else if (method == "NodeUnstageVolume") {
      wire::NodeUnstageVolumeRequest in;
      REQUIRE(in.ParseFromString(request.message));
      CHECK(published.empty());
      staged.erase(in.staging_target_path());
    } else {
      return net::unimplemented(request.path);
    }
    return {};
  }

  world_sim::SimLoop& loop;
  std::unique_ptr<net::GrpcServer> server;
  std::unique_ptr<Listener> listener;
  std::set<std::string> staged;
  std::map<std::string, bool> published;  // by path: read-only
  std::vector<std::shared_ptr<net::GrpcResponder>> hanging;
  int calls = 0, fault_at = -1, last_mode = 0;
  Fault kind = Fault::kNone;
};

std::string pod_text(const std::string& name) {
  return R"({"kind":"Pod","metadata":{"name":")" + name +
         R"("},"spec":{"volumes":[{"name":"data","persistentVolumeClaim":{"claimName":"c"}}],"containers":[]}})";
}

struct Bench {
  explicit Bench(std::uint64_t seed = 1) : world(seed), driver(world), loop(world.new_loop("node")), pool(loop) {
    facts.info.name = "x";
    facts.stages = facts.node_multi_writer_modes = true;
    open();
    cluster.put(R"({"kind":"PersistentVolumeClaim","metadata":{"name":"c","annotations":{"pv.kubernetes.io/bind-completed":"yes"}},"spec":{"volumeName":"v"},"status":{"phase":"Bound"}})");
    put_volume("");
  }
  ~Bench() {
    plugin.reset();
    client.reset();
    world.run_until_idle();
  }
  void put_volume(const std::string& more) {
    cluster.put(R"({"kind":"PersistentVolume","metadata":{"name":"v"},"spec":{"accessModes":["ReadWriteOnce"],"claimRef":{"name":"c","namespace":"default","uid":"uid-c"},"csi":{"driver":"x","volumeHandle":"h","fsType":"ext4"})" +
                more + "}}");
  }
  // As a start of the platform does it: nothing is remembered.
  void open() {
    client = std::make_unique<CsiClient>(net::make_grpc_channel(loop, world.network(), world.clock(), "unix:/run/csi.sock"));
    plugin = make_claim_volumes({&loop, &pool, &files, client.get(), "/root", [this] { return known ? &facts : nullptr; }});
  }
  std::string directory(const std::string& pod) const { return "/root/pods/uid-" + pod + "/volumes/kubernetes.io~csi/data"; }

  std::string set_up(const std::string& name) {
    cluster.put(pod_text(name));
    auto pod = std::make_shared<node::Pod>(node::read_pod(*cluster.get("Pod", name)));
    node::VolumeRequest request;
    request.pod = pod;
    request.volume = pod->spec()["volumes"].items()[0];
    request.name = "data";
    request.directory = directory(name);
    request.view = cluster.view();
    std::optional<Result<node::VolumeReady>> outcome;
    loop.post([&] { plugin->set_up(std::move(request), [&](Result<node::VolumeReady> ready) { outcome.emplace(std::move(ready)); }); });
    REQUIRE(world.run_until([&] { return outcome.has_value(); }, 1h));
    return outcome->ok() ? (*outcome)->host_path : "error: " + outcome->error().message();
  }
  std::string tear_down(const std::string& name) {
    std::optional<Result<void>> outcome;
    loop.post([&] { plugin->tear_down("uid-" + name, directory(name), [&](Result<void> gone) { outcome.emplace(std::move(gone)); }); });
    REQUIRE(world.run_until([&] { return outcome.has_value(); }, 1h));
    return outcome->ok() ? "" : outcome->error().message();
  }
  bool exists(const std::string& path) { return files.info(path, false).value().has_value(); }

  world_sim::SimWorld world;
  FaultDriver driver;
  world_sim::SimLoop& loop;
  node::LoopPool pool;
  node::MemoryFiles files;
  workloads::TestCluster cluster;
  DriverFacts facts;
  bool known = true;
  std::unique_ptr<CsiClient> client;
  std::unique_ptr<node::VolumePlugin> plugin;
};

}  // namespace

TEST_CASE("claim volumes: staged once, published for each pod, unstaged with the last") {
  Bench b;
  CHECK(b.set_up("one") == b.directory("one") + "/mount");
  CHECK(b.set_up("two") == b.directory("two") + "/mount");
  CHECK(b.driver.staged.size() == 1);
  CHECK(b.driver.published.size() == 2);
  CHECK(b.driver.last_mode == 7);
  b.open();
  CHECK(b.tear_down("one").empty());
  CHECK(b.driver.staged.size() == 1);
  CHECK(b.driver.published.size() == 1);
  CHECK(b.tear_down("two").empty());
  CHECK(b.driver.staged.empty());
  CHECK(b.driver.published.empty());
  CHECK(b.tear_down("two").empty());
}

TEST_CASE("claim volumes: a fault at any call leaves nothing") {
  for (const Fault kind : {Fault::kBefore, Fault::kAfter, Fault::kHang}) {
    for (int at = 0; at < 4; ++at) {
      for (const bool restart : {false, true}) {
        CAPTURE(static_cast<int>(kind));
        CAPTURE(at);
        CAPTURE(restart);
        Bench b(static_cast<std::uint64_t>(at) + 1);
        b.driver.kind = kind;
        b.driver.fault_at = at;
        std::string outcome = b.set_up("one");
        CHECK(outcome.starts_with("error") == (at < 2));
        if (restart) b.open();
        if (outcome.starts_with("error") && at == 0) outcome = b.set_up("one");  // tried again; at 1 the pod is given up
        std::string left = b.tear_down("one");
        CHECK(left.empty() == (at < 2));
        if (!left.empty()) left = b.tear_down("one");
        CHECK(left.empty());
        CHECK(b.driver.staged.empty());
        CHECK(b.driver.published.empty());
        CHECK_FALSE(b.exists(b.directory("one")));
        CHECK_FALSE(b.exists("/root/plugins/kubernetes.io/csi/x/aaa9402664f1a41f40ebbc52c9993eb66aeb366602958fdfaa283b71e64db123"));
      }
    }
  }
}

TEST_CASE("claim volumes: what is not ready says why") {
  Bench b;
  b.known = false;
  CHECK(b.set_up("one") == "error: driver name x not found in the list of registered CSI drivers");
  b.known = true;
  b.put_volume(R"(,"volumeMode":"Block")");
  CHECK(b.set_up("one") == "error: volumeMode Block: this node gives no raw devices to pods");
  b.put_volume("");
  b.cluster.put(R"({"kind":"PersistentVolumeClaim","metadata":{"name":"c"},"spec":{},"status":{"phase":"Pending"}})");
  CHECK(b.set_up("one") == "error: PVC c is not bound");
  b.cluster.remove("PersistentVolumeClaim", "c");
  CHECK(b.set_up("one") == "error: persistentvolumeclaim \"c\" not found");
  CHECK(b.driver.calls == 0);
}

}  // namespace plinth::csi
