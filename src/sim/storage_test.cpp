// Claims, attachments, expansions and snapshots over a driver that fails at any call and a platform that crashes after any
// write: everything comes to rest, nothing is left, nothing in use goes.
#include "api/quantity.h"
#include "csi/driver_site.h"
#include "platform/direct_cluster.h"
#include "sim/fake_storage.h"
#include "sim/workloads_testing.h"

namespace plinth::sim {
namespace {

using namespace std::chrono_literals;
using Fault = FakeStorage::Fault;

const std::string kCore = "/api/v1/namespaces/default/";
const std::string kClaims = kCore + "persistentvolumeclaims";
const std::string kSnapshots = "/apis/snapshot.storage.k8s.io/v1/namespaces/default/volumesnapshots";
const std::string kContents = "/apis/snapshot.storage.k8s.io/v1/volumesnapshotcontents";
const std::string kVolumes = "/api/v1/persistentvolumes";
const std::string kAttachments = "/apis/storage.k8s.io/v1/volumeattachments";

struct Bench {
  explicit Bench(std::uint64_t seed) : platform(seed, with_workloads()), storage(platform.world()), node(platform) {
    boot();
    node.run(2s);
    created(
        platform, "/apis/storage.k8s.io/v1/csinodes",
        R"({"apiVersion":"storage.k8s.io/v1","kind":"CSINode","metadata":{"name":"n1"},"spec":{"drivers":[{"name":"fake.example.com","nodeID":"id-n1","topologyKeys":[]}]}})");
    created(
        platform, "/apis/storage.k8s.io/v1/csidrivers",
        R"({"apiVersion":"storage.k8s.io/v1","kind":"CSIDriver","metadata":{"name":"fake.example.com"},"spec":{"attachRequired":true}})");
    created(
        platform, "/apis/storage.k8s.io/v1/storageclasses",
        R"({"apiVersion":"storage.k8s.io/v1","kind":"StorageClass","metadata":{"name":"fake"},"provisioner":"fake.example.com","allowVolumeExpansion":true})");
    created(
        platform, "/apis/snapshot.storage.k8s.io/v1/volumesnapshotclasses",
        R"({"apiVersion":"snapshot.storage.k8s.io/v1","kind":"VolumeSnapshotClass","metadata":{"name":"fake","annotations":{"snapshot.storage.kubernetes.io/is-default-class":"true"}},"driver":"fake.example.com","deletionPolicy":"Delete"})");
  }
  ~Bench() { site.reset(); }

  void boot() {
    REQUIRE(platform.boot().ok());
    csi::SiteParts parts;
    parts.loop = &platform.loop();
    parts.clock = &platform.world().clock();
    parts.network = &platform.world().network();
    parts.make_cluster = [this] {
      return std::make_unique<platform::DirectCluster>(platform.control().api(), platform.control().store(), platform.loop());
    };
    site = std::make_unique<csi::DriverSite>(std::move(parts), FakeStorage::kAddress, csi::Controls::kYes, [] {});
    platform.loop().post([this] { site->start(); });
  }
  void crash() {
    site.reset();
    platform.crash();
    boot();
  }

  void claim(const std::string& name, const std::string& more = "", const std::string& size = "1Gi") {
    platform.call(
        "POST", kClaims,
        R"({"apiVersion":"v1","kind":"PersistentVolumeClaim","metadata":{"name":")" + name +
            R"("},"spec":{"storageClassName":"fake","accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":")" +
            size + "\"}}" + more + "}}");
  }
  void pod(const std::string& name, const std::string& claim) {
    platform.call(
        "POST", kPods,
        R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":")" + name +
            R"("},"spec":{"containers":[{"name":"c","image":"i"}],"volumes":[{"name":"d","persistentVolumeClaim":{"claimName":")" +
            claim + R"("}}]}})");
  }
  void snapshot(const std::string& name, const std::string& claim) {
    platform.call("POST", kSnapshots,
                  R"({"apiVersion":"snapshot.storage.k8s.io/v1","kind":"VolumeSnapshot","metadata":{"name":")" + name +
                      R"("},"spec":{"source":{"persistentVolumeClaimName":")" + claim + "\"}}}");
  }
  void expand(const std::string& name, const std::string& size) {
    platform.call("PATCH", kClaims + "/" + name, R"({"spec":{"resources":{"requests":{"storage":")" + size + "\"}}}}");
  }
  void remove(const std::string& path) { platform.call("DELETE", path); }
  std::size_t number(const std::string& path) { return read(platform, path)["items"].size(); }
  std::string text(const std::string& path, std::initializer_list<std::string_view> members) {
    const Document object = read(platform, path);
    Value at = object.root();
    for (const std::string_view member : members) at = at[member];
    return at.is_string() ? std::string(at.as_string()) : to_json(at);
  }

  SimPlatform platform;
  FakeStorage storage;
  FakeNode node;
  std::unique_ptr<csi::DriverSite> site;
};

// Each bound claim has storage of at least its size, and no two the same.
void check_bound(Bench& b) {
  std::set<std::string> handles;
  const Document claims = read(b.platform, kClaims);
  for (const Value& claim : claims["items"].items()) {
    if (claim["status"]["phase"].as_string() != "Bound") continue;
    const auto answer = b.platform.call("GET", kVolumes + "/" + std::string(claim["spec"]["volumeName"].as_string()));
    REQUIRE(answer.status == 200);
    const Document volume = parse_json(answer.body).value();
    const std::string handle(volume["spec"]["csi"]["volumeHandle"].as_string());
    CHECK(handles.insert(handle).second);
    CHECK_MESSAGE(b.storage.volumes.count(handle) == 1,
                  "claim " << claim["metadata"]["name"].as_string() << " has lost " << handle);
    const auto size = api::Quantity::parse(claim["status"]["capacity"]["storage"].as_string());
    CHECK((size.ok() && size->value() <= b.storage.volumes[handle].bytes));
  }
}

void check_nothing_left(Bench& b) {
  CHECK(b.storage.wrongs.empty());
  for (const std::string& wrong : b.storage.wrongs) MESSAGE(wrong);
  for (const std::string& kind : {kClaims, kVolumes, kAttachments, kSnapshots, kContents}) {
    const Document left = read(b.platform, kind);
    CHECK_MESSAGE(left["items"].size() == 0, to_json(left.root()));
  }
  CHECK(b.storage.volumes.empty());
  CHECK(b.storage.snapshots.empty());
  CHECK(b.storage.attached.empty());
}

void remove_all(Bench& b) {
  for (const std::string& kind : {std::string(kPods), kSnapshots, kClaims}) {
    const Document list = read(b.platform, kind);
    for (const Value& object : list["items"].items())
      b.remove(kind + "/" + std::string(object["metadata"]["name"].as_string()));
  }
}

// A claim's whole life.
void live(Bench& b, Duration each) {
  b.claim("a");
  b.node.run(each);
  b.pod("p", "a");
  b.expand("a", "2Gi");
  b.node.run(each);
  b.snapshot("s", "a");
  b.node.run(each);
  b.claim("restored", R"(,"dataSource":{"kind":"VolumeSnapshot","apiGroup":"snapshot.storage.k8s.io","name":"s"})", "2Gi");
  b.claim("clone", R"(,"dataSource":{"kind":"PersistentVolumeClaim","name":"a"})", "2Gi");
  b.node.run(each);
}

}  // namespace

TEST_CASE("storage: a claim is made, attached, expanded, copied, and goes") {
  Bench b(1);
  b.storage.delayed_snapshots = true;
  live(b, 5s);
  CHECK(b.text(kClaims + "/a", {"status", "capacity", "storage"}) == "2Gi");
  CHECK(b.text(kClaims + "/a", {"status", "conditions"}) == "null");
  CHECK(b.text(kClaims + "/restored", {"status", "phase"}) == "Bound");
  CHECK(b.text(kClaims + "/clone", {"status", "phase"}) == "Bound");
  CHECK(b.text(kSnapshots + "/s", {"status", "readyToUse"}) == "true");
  CHECK(b.text(kSnapshots + "/s", {"status", "restoreSize"}) == "2Gi");
  CHECK(b.storage.attached.size() == 1);
  const Document attachments = read(b.platform, kAttachments);
  CHECK(attachments["items"].items().front()["status"]["attachmentMetadata"]["path"].as_string() == "/dev/volume-1");
  check_bound(b);
  remove_all(b);
  b.node.run(60s);
  check_nothing_left(b);
}

TEST_CASE("storage: a fault at any call, of any kind") {
  for (const Fault kind : {Fault::kBefore, Fault::kAfter, Fault::kLost, Fault::kHang}) {
    for (int at = 0; at < 14; ++at) {
      CAPTURE(static_cast<int>(kind));
      CAPTURE(at);
      Bench b(static_cast<std::uint64_t>(at) + 1);
      b.storage.fault = [&](int call, const std::string&) { return call == at ? kind : Fault::kNone; };
      live(b, kind == Fault::kHang ? Duration(70s) : Duration(8s));
      check_bound(b);
      CHECK(b.text(kClaims + "/restored", {"status", "phase"}) == "Bound");
      remove_all(b);
      b.node.run(kind == Fault::kHang ? Duration(180s) : Duration(90s));
      check_nothing_left(b);
    }
  }
}

TEST_CASE("storage: random work, faults and crashes") {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    CAPTURE(seed);
    Bench b(seed);
    world_sim::SimRandom random(seed * 77);
    b.storage.delayed_snapshots = random.coin();
    b.storage.fault = [&](int, const std::string&) {
      return random.below(4) == 0 ? static_cast<Fault>(1 + random.below(4)) : Fault::kNone;
    };
    for (int turn = 0; turn < 24; ++turn) {
      const std::string n = std::to_string(random.below(3)), other = std::to_string(random.below(3));
      switch (random.below(9)) {
        case 0:
        case 1:
          b.claim("c" + n);
          break;
        case 2:
          b.remove(kClaims + "/c" + n);
          break;
        case 3:
          b.pod("p" + n, "c" + other);
          break;
        case 4:
          b.remove(std::string(kPods) + "/p" + n);
          break;
        case 5:
          b.expand("c" + n, std::to_string(2 + random.below(8)) + "Gi");
          break;
        case 6:
          b.snapshot("s" + n, "c" + other);
          break;
        case 7:
          b.remove(kSnapshots + "/s" + n);
          break;
        default:
          b.claim("r" + n,
                  R"(,"dataSource":{"kind":"VolumeSnapshot","apiGroup":"snapshot.storage.k8s.io","name":"s)" + other + "\"}",
                  "8Gi");
      }
      const bool cut = random.below(4) == 0;
      if (cut) b.platform.world().disk().crash_after_writes(1 + random.below(6));
      b.node.run(std::chrono::milliseconds(200 + random.below(3000)), 200ms);
      if (cut || random.below(4) == 0) b.crash();
    }
    b.crash();
    b.storage.fault = nullptr;
    b.node.run(5min, 2s);
    check_bound(b);
    remove_all(b);
    b.node.run(6min, 2s);
    check_nothing_left(b);
  }
}

TEST_CASE("storage: a size that cannot be had, and one that can after all") {
  Bench b(3);
  b.claim("a");
  b.node.run(3s);
  b.expand("a", "9Gi");
  b.node.run(5s);
  CHECK(b.text(kClaims + "/a", {"status", "allocatedResourceStatuses", "storage"}) == "ControllerResizeInfeasible");
  CHECK(events_of(b.platform, "a", "VolumeResizeFailed").size() == 1);
  const int asked = b.storage.calls["ControllerExpandVolume"];
  b.node.run(60s);
  CHECK(b.storage.calls["ControllerExpandVolume"] == asked);  // asked again, but seldom
  b.expand("a", "3Gi");
  b.node.run(5s);
  CHECK(b.text(kClaims + "/a", {"status", "capacity", "storage"}) == "3Gi");
  CHECK(b.text(kClaims + "/a", {"status", "allocatedResourceStatuses"}) == "null");
  CHECK(b.platform.call("PATCH", kClaims + "/a", R"({"spec":{"resources":{"requests":{"storage":"2Gi"}}}})").status == 422);
}

}  // namespace plinth::sim
