// A pod's volume over a driver that fails at every call, before and after it has acted, or does not answer.
#include "csi/claim_volumes.h"

#include <optional>
#include <set>

#include <doctest/doctest.h>

#include "csi.pb.h"
#include "node/host/loop_pool.h"
#include "node/host/memory_files.h"
#include "workloads/common/test_cluster.h"
#include "workloads/volumes/attachments.h"
#include "world_sim/sim_world.h"

namespace plinth::csi {
namespace {

using namespace std::chrono_literals;
namespace wire = ::csi::v1;

enum class Fault { kNone, kBefore, kAfter, kHang };

// Keeps what is staged and published, as a driver's node does.
struct FaultDriver {
  explicit FaultDriver(world_sim::SimWorld& world) : loop(world.new_loop("driver")) {
    server =
        net::make_grpc_server(loop, world.clock(), [this](net::GrpcRequest request, std::shared_ptr<net::GrpcResponder> to) {
          const Fault fault = calls++ == fault_at ? kind : Fault::kNone;
          called.push_back(request.path.substr(request.path.rfind('/') + 1));
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
    listener =
        world.network()
            .listen(loop, "unix:/run/csi.sock", nullptr, [this](std::unique_ptr<Stream> s) { server->serve(std::move(s)); })
            .value();
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
      publish_context = {in.publish_context().begin(), in.publish_context().end()};
      last_mode = in.volume_capability().access_mode().mode();
    } else if (method == "NodePublishVolume") {
      wire::NodePublishVolumeRequest in;
      REQUIRE(in.ParseFromString(request.message));
      if (!in.staging_target_path().empty() && !staged.contains(in.staging_target_path()))
        return {net::GrpcCode::kFailedPrecondition, "not staged"};
      published[in.target_path()] = in.readonly();
      last_context = {in.volume_context().begin(), in.volume_context().end()};
      last_block = in.volume_capability().has_block();
    } else if (method == "NodeUnpublishVolume") {
      wire::NodeUnpublishVolumeRequest in;
      REQUIRE(in.ParseFromString(request.message));
      published.erase(in.target_path());
    } else if (method == "NodeUnstageVolume") {
      wire::NodeUnstageVolumeRequest in;
      REQUIRE(in.ParseFromString(request.message));
      CHECK(published.empty());
      staged.erase(in.staging_target_path());
    } else if (method == "NodeExpandVolume") {
      wire::NodeExpandVolumeRequest in;
      REQUIRE(in.ParseFromString(request.message));
      if (expand_code != net::GrpcCode::kOk && !(grows_unpublished && published.empty())) return {expand_code, "cannot grow"};
      expanded.push_back(in.volume_path());
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
  StringMap publish_context, last_context;
  bool last_block = false;
  std::vector<std::string> called, expanded;
  net::GrpcCode expand_code = net::GrpcCode::kOk;
  bool grows_unpublished = false;
  std::vector<std::shared_ptr<net::GrpcResponder>> hanging;
  int calls = 0, fault_at = -1, last_mode = 0;
  Fault kind = Fault::kNone;
};

const std::string kClaimVolume = R"({"name":"data","persistentVolumeClaim":{"claimName":"c"}})";
std::string pod_text(const std::string& name, const std::string& volume = kClaimVolume, const std::string& container = "{}") {
  return R"({"kind":"Pod","metadata":{"name":")" + name + R"("},"spec":{"volumes":[)" + volume + R"(],"containers":[)" +
         container + "]}}";
}

// Requests of the node against the test's cluster.
struct ClusterTransport final : client::Transport {
  ClusterTransport(Loop& loop, workloads::TestCluster& cluster) : loop(loop), cluster(cluster) {}
  void call(client::Request request, UniqueFunction<void(Result<client::Response>)> done) override {
    const bool is_token = request.target.ends_with("/token");
    if (is_token) token_requests.push_back(request.target + " " + request.body);
    const bool ok = is_token ? gives_tokens : cluster.make(request);
    if (is_token && ok) {
      const std::string number = std::to_string(token_requests.size());
      loop.post([held = std::make_shared<UniqueFunction<void(Result<client::Response>)>>(std::move(done)), number] {
        (*held)(
            client::Response{201, R"({"status":{"token":"t)" + number + R"(","expirationTimestamp":"2026-01-01T01:00:00Z"}})"});
      });
      return;
    }
    auto held = std::make_shared<UniqueFunction<void(Result<client::Response>)>>(std::move(done));
    loop.post([held, ok] {
      (*held)(client::Response{ok ? 200 : 409, ok ? "{}" : R"({"kind":"Status","reason":"Conflict","code":409})"});
    });
  }
  Loop& loop;
  workloads::TestCluster& cluster;
  std::vector<std::string> token_requests;
  bool gives_tokens = true;
};

struct Bench {
  explicit Bench(std::uint64_t seed = 1)
      : world(seed), driver(world), loop(world.new_loop("node")), pool(loop), transport(loop, cluster) {
    facts.info.name = "x";
    facts.stages = facts.node_multi_writer_modes = facts.node_expands = true;
    open();
    cluster.put(R"({"kind":"CSIDriver","metadata":{"name":"x"},"spec":{"attachRequired":false}})");
    cluster.put(
        R"({"kind":"PersistentVolumeClaim","metadata":{"name":"c","annotations":{"pv.kubernetes.io/bind-completed":"yes"}},"spec":{"volumeName":"v"},"status":{"phase":"Bound"}})");
    put_volume("");
  }
  ~Bench() {
    plugin.reset();
    client.reset();
    world.run_until_idle();
  }
  void put_volume(const std::string& more) {
    cluster.put(
        R"({"kind":"PersistentVolume","metadata":{"name":"v"},"spec":{"accessModes":["ReadWriteOnce"],"claimRef":{"name":"c","namespace":"default","uid":"uid-c"},"csi":{"driver":"x","volumeHandle":"h","fsType":"ext4"})" +
        more + "}}");
  }
  // As a start of the platform does it: nothing is remembered.
  void open() {
    plugin.reset();
    client = std::make_shared<CsiClient>(net::make_grpc_channel(loop, world.network(), world.clock(), "unix:/run/csi.sock"));
    const auto find = [this](std::string_view name) -> std::optional<NodeDriver> {
      if (!known || name != "x") return std::nullopt;
      return NodeDriver{client, std::make_shared<const DriverFacts>(facts)};
    };
    plugin = make_claim_volumes({&loop, &pool, &world.clock(), &files, &transport, find, "/kubelet", {}});
  }
  std::string directory(const std::string& pod) const { return "/kubelet/pods/uid-" + pod + "/volumes/kubernetes.io~csi/data"; }

  std::string set_up(const std::string& name, const std::string& volume = kClaimVolume, const std::string& container = "{}") {
    if (!cluster.get("Pod", name)) cluster.put(pod_text(name, volume, container));
    auto pod = std::make_shared<node::Pod>(node::read_pod(*cluster.get("Pod", name)));
    node::VolumeRequest request;
    request.pod = pod;
    request.volume = pod->spec()["volumes"].items()[0];
    request.name = "data";
    request.directory = directory(name);
    request.view = cluster.view();
    request.facts.node_name = "n";
    request.tell = [this](bool, const std::string& reason, const std::string& message) {
      told.push_back(reason + ": " + message);
    };
    std::optional<Result<node::VolumeReady>> outcome;
    loop.post([&] {
      plugin->set_up(std::move(request), [&](Result<node::VolumeReady> ready) { outcome.emplace(std::move(ready)); });
    });
    REQUIRE(world.run_until([&] { return outcome.has_value(); }, 1h));
    if (!outcome->ok()) return "error: " + outcome->error().message();
    device = (*outcome)->device;
    return (*outcome)->host_path;
  }
  std::string tear_down(const std::string& name) {
    std::optional<Result<void>> outcome;
    loop.post([&] {
      plugin->tear_down("uid-" + name, directory(name), [&](Result<void> gone) { outcome.emplace(std::move(gone)); });
    });
    REQUIRE(world.run_until([&] { return outcome.has_value(); }, 1h));
    return outcome->ok() ? "" : outcome->error().message();
  }
  bool exists(const std::string& path) { return files.info(path, false).value().has_value(); }
  void sweep() {
    loop.post([&] { plugin->sweep(); });
    world.run_for(1s);
  }
  // Neither with the driver nor on disk.
  void check_nothing_left() {
    CHECK(driver.staged.empty());
    CHECK(driver.published.empty());
    CHECK_FALSE(exists(directory("one")));
    for (const char* folder : {"/x", "/volumeDevices/staging", "/volumeDevices/publish"}) {
      const std::string path = std::string("/kubelet/plugins/kubernetes.io/csi") + folder;
      CHECK_MESSAGE((!exists(path) || files.list(path).value().empty()), path);
    }
  }

  world_sim::SimWorld world;
  FaultDriver driver;
  world_sim::SimLoop& loop;
  node::LoopPool pool;
  node::MemoryFiles files;
  workloads::TestCluster cluster;
  ClusterTransport transport;
  DriverFacts facts;
  bool known = true, device = false;
  std::vector<std::string> told;
  std::shared_ptr<CsiClient> client;
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
        b.check_nothing_left();
      }
    }
  }
}

TEST_CASE("claim volumes: what is not ready says why") {
  Bench b;
  b.known = false;
  CHECK(b.set_up("one") == "error: driver name x not found in the list of registered CSI drivers");
  b.known = true;
  b.cluster.put(R"({"kind":"PersistentVolumeClaim","metadata":{"name":"c"},"spec":{},"status":{"phase":"Pending"}})");
  CHECK(b.set_up("one") == "error: PVC c is not bound");
  b.cluster.remove("PersistentVolumeClaim", "c");
  CHECK(b.set_up("one") == "error: persistentvolumeclaim \"c\" not found");
  CHECK(b.driver.calls == 0);
}

const std::string kBlock = R"(,"volumeMode":"Block")";

TEST_CASE("claim volumes: a raw device") {
  Bench b;
  b.put_volume(kBlock);
  CHECK(b.set_up("one") == "/kubelet/plugins/kubernetes.io/csi/volumeDevices/publish/v/uid-one");
  CHECK(b.device);
  CHECK(b.driver.last_block);
  CHECK(b.driver.staged == std::set<std::string>{"/kubelet/plugins/kubernetes.io/csi/volumeDevices/staging/v"});
  CHECK(b.set_up("two", kClaimVolume, R"({"name":"c","volumeMounts":[{"name":"data","mountPath":"/d"}]})") ==
        "error: volume data has volumeMode Block, but is specified in volumeMounts");
  b.open();
  CHECK(b.tear_down("one").empty());
  b.check_nothing_left();
  b.put_volume("");
  CHECK(b.set_up("three", kClaimVolume, R"({"name":"c","volumeDevices":[{"name":"data","devicePath":"/d"}]})") ==
        "error: volume data has volumeMode Filesystem, but is specified in volumeDevices");
}

TEST_CASE("claim volumes: inline") {
  const std::string volume = R"({"name":"data","csi":{"driver":"x","volumeAttributes":{"size":"1"}}})";
  Bench b;
  b.cluster.remove("CSIDriver", "x");
  CHECK(b.set_up("one", volume) == "error: volume mode \"Ephemeral\" not supported by driver x (no CSIDriver object)");
  b.cluster.put(
      R"({"kind":"CSIDriver","metadata":{"name":"x"},"spec":{"attachRequired":false,"volumeLifecycleModes":["Persistent"]}})");
  CHECK(b.set_up("one", volume) ==
        "error: volume mode \"Ephemeral\" not supported by driver x (only supports [\"Persistent\"])");
  CHECK(b.driver.calls == 0);
  b.cluster.put(
      R"({"kind":"CSIDriver","metadata":{"name":"x"},"spec":{"attachRequired":false,"podInfoOnMount":true,"volumeLifecycleModes":["Ephemeral"]}})");
  CHECK(b.set_up("one", volume) == b.directory("one") + "/mount");
  CHECK(b.driver.called == std::vector<std::string>{"NodePublishVolume"});
  CHECK(b.driver.last_context["size"] == "1");
  CHECK(b.driver.last_context["csi.storage.k8s.io/pod.name"] == "one");
  CHECK(b.driver.last_context["csi.storage.k8s.io/ephemeral"] == "true");
  CHECK(b.tear_down("one").empty());
  b.check_nothing_left();
}

TEST_CASE("claim volumes: tokens of the pod's service account, for drivers that ask for them") {
  Bench b;
  b.cluster.put(R"({"kind":"CSIDriver","metadata":{"name":"x"},"spec":{"attachRequired":false,"requiresRepublish":true,)"
                R"("tokenRequests":[{"audience":""},{"audience":"vault","expirationSeconds":1200}]}})");
  b.transport.gives_tokens = false;
  CHECK(b.set_up("one").starts_with("error: no token of the pod's service account: "));
  CHECK(b.driver.published.empty());
  b.transport.gives_tokens = true;
  b.transport.token_requests.clear();
  CHECK(b.set_up("one") == b.directory("one") + "/mount");
  REQUIRE(b.transport.token_requests.size() == 2);
  CHECK(b.transport.token_requests[0].starts_with("/api/v1/namespaces/default/serviceaccounts/default/token "));
  CHECK(
      b.transport.token_requests[0].find(
          R"("audiences":[],"expirationSeconds":3600,"boundObjectRef":{"apiVersion":"v1","kind":"Pod","name":"one","uid":"uid-one"})") !=
      std::string::npos);
  CHECK(b.transport.token_requests[1].find(R"("audiences":["vault"],"expirationSeconds":1200)") != std::string::npos);
  const std::string told =
      R"({"":{"token":"t1","expirationTimestamp":"2026-01-01T01:00:00Z"},"vault":{"token":"t2","expirationTimestamp":"2026-01-01T01:00:00Z"}})";
  CHECK(b.driver.last_context["csi.storage.k8s.io/serviceAccount.tokens"] == told);
  // Told again, the same ones until they have used most of their time.
  b.driver.last_context.clear();
  CHECK(b.set_up("one") == b.directory("one") + "/mount");
  CHECK(b.driver.last_context["csi.storage.k8s.io/serviceAccount.tokens"] == told);
  b.world.run_for(50min);
  CHECK(b.set_up("one") == b.directory("one") + "/mount");
  CHECK(b.driver.last_context["csi.storage.k8s.io/serviceAccount.tokens"].find("t3") != std::string::npos);
  CHECK(b.tear_down("one").empty());
  b.check_nothing_left();
}

TEST_CASE("claim volumes: attached first where the driver asks for it") {
  Bench b;
  b.cluster.remove("CSIDriver", "x");  // one without that object is attached
  CHECK(b.set_up("one") == "error: volume v is not attached to this node yet");
  const std::string name = workloads::attachment_name("h", "x", "n");
  b.cluster.put(R"({"kind":"VolumeAttachment","metadata":{"name":")" + name +
                R"("},"status":{"attached":true,"attachmentMetadata":{"lun":"7"}}})");
  CHECK(b.set_up("one") == b.directory("one") + "/mount");
  CHECK(b.driver.publish_context["lun"] == "7");
}

// The claim has been told of one size, its volume has another.
void put_grown(Bench& b, const std::string& volume_bytes) {
  b.put_volume(R"(,"capacity":{"storage":")" + volume_bytes + R"("})");
  b.cluster.put(
      R"({"kind":"PersistentVolumeClaim","metadata":{"name":"c","annotations":{"pv.kubernetes.io/bind-completed":"yes"}},"spec":{"volumeName":"v"},)"
      R"("status":{"phase":"Bound","capacity":{"storage":"1Gi"},"allocatedResourceStatuses":{"storage":"NodeResizePending"},)"
      R"("conditions":[{"type":"FileSystemResizePending","status":"True"},{"type":"Other","status":"True"}]}})");
}

TEST_CASE("claim volumes: grown before it is published, and while it is mounted") {
  Bench b;
  put_grown(b, "1Gi");
  CHECK(b.set_up("one") == b.directory("one") + "/mount");
  CHECK(b.driver.expanded.empty());
  CHECK(b.set_up("one") == b.directory("one") + "/mount");
  CHECK(b.driver.calls == 2);  // nothing is asked again
  put_grown(b, "2Gi");
  CHECK(b.set_up("one") == b.directory("one") + "/mount");
  b.world.run_for(1s);
  CHECK(b.driver.calls == 3);
  REQUIRE(b.driver.expanded.size() == 1);
  CHECK(b.driver.expanded[0].ends_with("/globalmount"));
  CHECK(b.cluster.text("PersistentVolumeClaim", "c", "status.capacity.storage") == "2Gi");
  CHECK(b.cluster.text("PersistentVolumeClaim", "c", "status.conditions") == R"([{"type":"Other","status":"True"}])");
  CHECK(b.cluster.text("PersistentVolumeClaim", "c", "status.allocatedResourceStatuses") == "null");
  CHECK(b.told ==
        std::vector<std::string>{"FileSystemResizeSuccessful: MountVolume.NodeExpandVolume succeeded for volume \"v\""});
  put_grown(b, "3Gi");
  CHECK(b.set_up("two") == b.directory("two") + "/mount");
  b.world.run_for(1s);
  CHECK(b.driver.called == std::vector<std::string>{"NodeStageVolume", "NodePublishVolume", "NodeExpandVolume",
                                                    "NodeStageVolume", "NodeExpandVolume", "NodePublishVolume"});
  CHECK(b.cluster.text("PersistentVolumeClaim", "c", "status.capacity.storage") == "3Gi");
}

TEST_CASE("claim volumes: what cannot grow while it is mounted grows with the next pod") {
  Bench b;
  b.driver.expand_code = net::GrpcCode::kFailedPrecondition;
  b.driver.grows_unpublished = true;
  put_grown(b, "1Gi");
  CHECK(b.set_up("one") == b.directory("one") + "/mount");
  put_grown(b, "2Gi");
  for (int i = 0; i < 3; ++i) CHECK(b.set_up("one") == b.directory("one") + "/mount");
  CHECK(b.driver.calls == 3);  // asked once
  REQUIRE(b.told.size() == 1);
  CHECK(b.told[0].starts_with("VolumeResizeFailed: NodeExpandVolume failed for volume \"v\""));
  CHECK(b.cluster.text("PersistentVolumeClaim", "c", "status.conditions.0.type") == "FileSystemResizePending");
  CHECK(b.tear_down("one").empty());
  CHECK(b.set_up("two") == b.directory("two") + "/mount");
  b.world.run_for(1s);
  CHECK(b.cluster.text("PersistentVolumeClaim", "c", "status.capacity.storage") == "2Gi");
}

TEST_CASE("claim volumes: what can never grow is told, and used as it is") {
  Bench b;
  b.driver.expand_code = net::GrpcCode::kOutOfRange;
  put_grown(b, "2Gi");
  CHECK(b.set_up("one") == b.directory("one") + "/mount");
  b.world.run_for(1s);
  CHECK(b.cluster.text("PersistentVolumeClaim", "c", "status.allocatedResourceStatuses.storage") == "NodeResizeInfeasible");
  CHECK(b.cluster.text("PersistentVolumeClaim", "c", "status.capacity.storage") == "1Gi");
  CHECK(b.set_up("one") == b.directory("one") + "/mount");
  CHECK(b.driver.calls == 3);
}

TEST_CASE("claim volumes: ReadWriteOncePod, and a claim that is going") {
  Bench b;
  b.cluster.put(
      R"({"kind":"PersistentVolume","metadata":{"name":"v"},"spec":{"accessModes":["ReadWriteOncePod"],"claimRef":{"name":"c","namespace":"default","uid":"uid-c"},"csi":{"driver":"x","volumeHandle":"h","fsType":"ext4"}}})");
  CHECK(b.set_up("one") == b.directory("one") + "/mount");
  CHECK(b.driver.last_mode == 6);
  CHECK(b.set_up("two") == "error: volume uses the ReadWriteOncePod access mode and is already in use by another pod");
  b.cluster.put(
      R"({"kind":"PersistentVolumeClaim","metadata":{"name":"c","deletionTimestamp":"2026-09-21T14:00:00Z","annotations":{"pv.kubernetes.io/bind-completed":"yes"}},"spec":{"volumeName":"v"},"status":{"phase":"Bound"}})");
  b.open();
  CHECK(b.set_up("one") == b.directory("one") + "/mount");  // it had it before
  CHECK(b.tear_down("one").empty());
  CHECK(b.set_up("two") == "error: PVC is being deleted");
}

TEST_CASE("claim volumes: a record that is damaged holds nothing up") {
  Bench b;
  CHECK(b.set_up("one") == b.directory("one") + "/mount");
  REQUIRE(b.files.write(b.directory("one") + "/vol_data.json", "{", 0600).ok());
  b.open();
  CHECK(b.tear_down("one").empty());
  CHECK_FALSE(b.exists(b.directory("one")));
  CHECK(b.driver.staged.size() == 1);
  b.driver.published.clear();  // its mount was taken away
  b.sweep();
  b.check_nothing_left();
}

// The platform is killed at its nth use of the disk; what comes next finds the rest and ends it.
TEST_CASE("claim volumes: killed at any point") {
  for (const bool block : {false, true}) {
    for (const bool while_going : {false, true}) {
      for (const bool again : {false, true}) {
        int at = 0;
        for (bool reached = true; reached; ++at) {
          CAPTURE(block);
          CAPTURE(while_going);
          CAPTURE(again);
          CAPTURE(at);
          REQUIRE(at < 200);
          Bench b(static_cast<std::uint64_t>(at) + 1);
          if (block) b.put_volume(kBlock);
          if (while_going) REQUIRE_FALSE(b.set_up("one").starts_with("error"));
          int left = at;
          reached = false;
          b.files.set_fault([&](std::string_view, const std::string&) -> Result<void> {
            if (!reached && left-- > 0) return {};
            reached = true;
            return internal_error("killed");
          });
          if (while_going)
            (void)b.tear_down("one");
          else
            (void)b.set_up("one");
          b.files.set_fault(nullptr);
          b.open();
          if (again) CHECK_FALSE(b.set_up("one").starts_with("error"));
          CHECK(b.tear_down("one").empty());
          b.sweep();
          b.check_nothing_left();
        }
        CHECK(at > 3);
      }
    }
  }
}

}  // namespace plinth::csi
