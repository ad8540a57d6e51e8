#include "workloads/snapshots/snapshots.h"

#include <algorithm>

#include "workloads/common/test_cluster.h"
#include "workloads/csi/snapshot.h"
#include "workloads/snapshots/snapshot_objects.h"
#include "workloads/volumes/claims.h"

namespace plinth::workloads {
namespace {

const CsiDriverInfo kDriver = {.name = "d", .snapshots = true, .lists_snapshots = true};

std::string snapshot_class(const std::string& name, bool is_default, const std::string& driver = "d",
                           const std::string& more = "") {
  return R"({"kind":"VolumeSnapshotClass","metadata":{"name":")" + name +
         R"(","annotations":{"snapshot.storage.kubernetes.io/is-default-class":")" + (is_default ? "true" : "false") +
         R"("}},"driver":")" + driver + R"(","deletionPolicy":"Delete")" + more + "}";
}

// A bound claim `c` of driver d, and a snapshot `s` of it.
TestCluster cluster_with_snapshot(const std::string& spec = R"("source":{"persistentVolumeClaimName":"c"})") {
  TestCluster cluster;
  cluster.put(
      R"({"kind":"PersistentVolume","metadata":{"name":"v"},"spec":{"volumeMode":"Block","claimRef":{"namespace":"default","name":"c","uid":"uid-c"},"csi":{"driver":"d","volumeHandle":"h"}}})");
  cluster.put(
      R"({"kind":"PersistentVolumeClaim","metadata":{"name":"c","annotations":{"pv.kubernetes.io/bind-completed":"yes"}},"spec":{"volumeName":"v"},"status":{"phase":"Bound"}})");
  cluster.put(R"({"kind":"VolumeSnapshot","metadata":{"name":"s"},"spec":{)" + spec + "}}");
  return cluster;
}

bool told(const TestCluster& cluster, const std::string& event) {
  const auto events = cluster.events();
  return std::any_of(events.begin(), events.end(), [&](const std::string& e) { return e.find(event) != std::string::npos; });
}

// The driver's side, carried out: "-", "take NAME", "find HANDLE", "delete HANDLE", "plan".
std::string decided(TestCluster& cluster, const std::string& content) {
  auto decision = decide_snapshot(*cluster.view(), *cluster.get("VolumeSnapshotContent", content), kDriver, "m");
  if (const auto* refusal = std::get_if<Refusal>(&decision)) return refusal->message;
  if (auto* take = std::get_if<TakeSnapshot>(&decision)) {
    cluster.carry_out(take->marks);
    return "take " + take->call.name + " of " + take->call.source_volume +
           (take->call.secrets ? " with " + take->call.secrets->name : "");
  }
  if (const auto* find = std::get_if<FindSnapshot>(&decision)) return "find " + find->handle;
  if (const auto* gone = std::get_if<DeleteSnapshot>(&decision)) return "delete " + gone->handle;
  if (auto* plan = std::get_if<client::Plan>(&decision)) {
    if (plan->requests.empty()) return "-";
    cluster.carry_out(*plan);
    return "plan";
  }
  return "-";
}

}  // namespace

TEST_CASE("snapshots: taken, shown, and gone with its content") {
  TestCluster cluster = cluster_with_snapshot();
  cluster.put(snapshot_class("other", true, "e"));
  cluster.put(snapshot_class(
      "mine", true, "d",
      R"(,"parameters":{"csi.storage.k8s.io/snapshotter-secret-name":"for-${volumesnapshot.name}","csi.storage.k8s.io/snapshotter-secret-namespace":"x","a":"b"})"));
  const auto controller = make_snapshot_controller();
  cluster.settle(*controller);
  const std::string content = "snapcontent-uid-s";
  CHECK(cluster.text("VolumeSnapshot", "s", "spec.volumeSnapshotClassName") == "mine");
  CHECK(cluster.text("VolumeSnapshotContent", content, "spec.source.volumeHandle") == "h");
  CHECK(cluster.text("VolumeSnapshotContent", content, "spec.sourceVolumeMode") == "Block");
  CHECK(cluster.get("PersistentVolumeClaim", "c")->has_finalizer(kClaimFinalizer));
  CHECK(decided(cluster, content) == "take snapshot-uid-s of h with for-s");
  CHECK(annotation(*cluster.get("VolumeSnapshotContent", content), kBeingCreated) == "yes");
  cluster.carry_out(snapshot_taken_plan(*cluster.get("VolumeSnapshotContent", content),
                                        {"id", 1'790'000'000'000'000'000, 1 << 30, false}, "m"));
  cluster.settle(*controller);
  CHECK(cluster.text("VolumeSnapshot", "s", "status.readyToUse") == "false");
  CHECK(cluster.get("PersistentVolumeClaim", "c")->has_finalizer(kClaimFinalizer));
  CHECK(decided(cluster, content).starts_with("take"));
  cluster.carry_out(snapshot_taken_plan(*cluster.get("VolumeSnapshotContent", content),
                                        {"id", 1'790'000'000'000'000'000, 1 << 30, true}, "m"));
  cluster.settle(*controller);
  CHECK(
      cluster.text("VolumeSnapshot", "s", "status") ==
      R"({"boundVolumeSnapshotContentName":"snapcontent-uid-s","readyToUse":true,"creationTime":"2026-09-21T14:13:20Z","restoreSize":"1Gi"})");
  CHECK_FALSE(cluster.get("PersistentVolumeClaim", "c")->has_finalizer(kClaimFinalizer));
  CHECK(told(cluster, "SnapshotReady s: Snapshot default/s is ready to use."));
  CHECK(decided(cluster, content) == "-");
  // A claim that is being made of it keeps it.
  cluster.put(
      R"({"kind":"PersistentVolumeClaim","metadata":{"name":"r"},"spec":{"dataSource":{"kind":"VolumeSnapshot","apiGroup":"snapshot.storage.k8s.io","name":"s"}},"status":{"phase":"Pending"}})");
  cluster.end("VolumeSnapshot", "s");
  cluster.settle(*controller);
  CHECK(told(cluster, "Warning SnapshotDeletePending s: Snapshot is being used to restore a PVC"));
  CHECK_FALSE(cluster.get("VolumeSnapshotContent", content)->deleting());
  cluster.remove("PersistentVolumeClaim", "r");
  cluster.settle(*controller);
  CHECK(cluster.get("VolumeSnapshot", "s"));
  CHECK(decided(cluster, content) == "delete id");
  cluster.carry_out(snapshot_deleted_plan(*cluster.get("VolumeSnapshotContent", content), "m"));
  cluster.settle(*controller);
  CHECK_FALSE(cluster.get("VolumeSnapshotContent", content));
  CHECK_FALSE(cluster.get("VolumeSnapshot", "s"));
}

TEST_CASE("snapshots: one that is there already, and is kept") {
  TestCluster cluster = cluster_with_snapshot(R"("source":{"volumeSnapshotContentName":"given"})");
  const auto controller = make_snapshot_controller();
  cluster.settle(*controller);
  CHECK(cluster.text("VolumeSnapshot", "s", "status.error.message") == "VolumeSnapshotContent is missing");
  const auto content = [&](const std::string& source, const std::string& name) {
    cluster.put(
        R"({"kind":"VolumeSnapshotContent","metadata":{"name":"given"},"spec":{"driver":"d","deletionPolicy":"Retain","source":)" +
        source + R"(,"volumeSnapshotRef":{"namespace":"default","name":")" + name + "\"}}}");
    cluster.settle(*controller);
  };
  content(R"({"snapshotHandle":"id"})", "other");
  CHECK(told(cluster, "SnapshotContentMisbound"));
  content(R"({"volumeHandle":"h"})", "s");
  CHECK(told(cluster, "SnapshotContentMismatch"));
  content(R"({"snapshotHandle":"id"})", "s");
  CHECK(cluster.text("VolumeSnapshotContent", "given", "spec.volumeSnapshotRef.uid") == "uid-s");
  CHECK(decided(cluster, "given") == "find id");
  cluster.carry_out(snapshot_taken_plan(*cluster.get("VolumeSnapshotContent", "given"), {"id", 1, 5, true}, "m"));
  cluster.settle(*controller);
  CHECK(cluster.text("VolumeSnapshot", "s", "status.restoreSize") == "5");
  CHECK(cluster.text("VolumeSnapshot", "s", "status.error") == "null");
  cluster.end("VolumeSnapshot", "s");
  cluster.settle(*controller);
  CHECK_FALSE(cluster.get("VolumeSnapshot", "s"));
  CHECK(cluster.get("VolumeSnapshotContent", "given"));
  CHECK(decided(cluster, "given") == "-");
  cluster.end("VolumeSnapshotContent", "given");
  CHECK(decided(cluster, "given") == "plan");
  CHECK_FALSE(cluster.get("VolumeSnapshotContent", "given"));
}

TEST_CASE("snapshots: what cannot be taken says why") {
  struct Case {
    const char* spec;
    std::vector<std::string> objects;
    const char* message;
  };
  const std::string free =
      R"({"kind":"PersistentVolumeClaim","metadata":{"name":"free"},"spec":{},"status":{"phase":"Pending"}})";
  const Case cases[] = {
      {R"("source":{"persistentVolumeClaimName":"c"})",
       {},
       "Failed to set default snapshot class with error cannot find default snapshot class"},
      {R"("source":{"persistentVolumeClaimName":"c"})",
       {snapshot_class("a", true), snapshot_class("b", true)},
       "Failed to set default snapshot class with error 2 default snapshot classes were found"},
      {R"("source":{"persistentVolumeClaimName":"c"},"volumeSnapshotClassName":"none")",
       {},
       "Failed to create snapshot content with error failed to get snapshot class none: not found"},
      {R"("source":{"persistentVolumeClaimName":"gone"},"volumeSnapshotClassName":"a")",
       {snapshot_class("a", false)},
       "Failed to create snapshot content with error failed to retrieve PVC gone: persistentvolumeclaim \"gone\" not found"},
      {R"("source":{"persistentVolumeClaimName":"free"},"volumeSnapshotClassName":"a")",
       {snapshot_class("a", false), free},
       "Failed to create snapshot content with error the PVC free is not yet bound to a PV"},
      {R"("source":{"persistentVolumeClaimName":"c"},"volumeSnapshotClassName":"a")",
       {snapshot_class("a", false, "e")},
       "Failed to create snapshot content with error the volume is of driver d, snapshot class a of driver e"},
      {R"("source":{"persistentVolumeClaimName":"c"},"volumeSnapshotClassName":"a")",
       {snapshot_class("a", false, "d", R"(,"parameters":{"csi.storage.k8s.io/what":"x"})")},
       "Failed to create snapshot content with error parameter csi.storage.k8s.io/what: no such key is known"},
  };
  for (const Case& one : cases) {
    CAPTURE(one.message);
    TestCluster cluster = cluster_with_snapshot(one.spec);
    for (const std::string& object : one.objects) cluster.put(object);
    cluster.settle(*make_snapshot_controller());
    CHECK(cluster.text("VolumeSnapshot", "s", "status.error.message") == one.message);
    CHECK(told(cluster, one.message));
    CHECK(cluster.all("VolumeSnapshotContent").empty());
  }
}

TEST_CASE("snapshots: a content whose snapshot is gone goes too, but not before the call that makes it has ended") {
  TestCluster cluster = cluster_with_snapshot(R"("source":{"persistentVolumeClaimName":"c"},"volumeSnapshotClassName":"a")");
  cluster.put(snapshot_class("a", false));
  const auto controller = make_snapshot_controller();
  cluster.settle(*controller);
  const std::string content = "snapcontent-uid-s";
  CHECK(decided(cluster, content).starts_with("take"));
  cluster.end("VolumeSnapshot", "s");
  cluster.settle(*controller);
  CHECK(cluster.get("VolumeSnapshotContent", content)->deleting());
  CHECK(decided(cluster, content).starts_with("take"));
  SUBCASE("it was taken") {
    cluster.carry_out(snapshot_taken_plan(*cluster.get("VolumeSnapshotContent", content), {"id", 1, 5, true}, "m"));
    CHECK(decided(cluster, content) == "delete id");
  }
  SUBCASE("it was refused") {
    cluster.carry_out(snapshot_failed_plan(*cluster.get("VolumeSnapshotContent", content), "no", true, TestCluster::kNow, "m"));
    CHECK(decided(cluster, content) == "plan");
    CHECK_FALSE(cluster.get("VolumeSnapshotContent", content));
  }
}

}  // namespace plinth::workloads
