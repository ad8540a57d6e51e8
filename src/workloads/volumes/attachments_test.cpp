#include "workloads/volumes/attachments.h"

#include <algorithm>

#include "workloads/common/test_cluster.h"

namespace plinth::workloads {
namespace {

// Two nodes, a bound claim `c` of volume `v` (exclusive), and a pod on n1 that uses it.
TestCluster cluster_with_pod() {
  TestCluster cluster;
  for (const char* name : {"n1", "n2"})
    cluster.put(R"({"kind":"Node","metadata":{"name":")" + std::string(name) + R"("},"status":{}})");
  cluster.put(
      R"({"kind":"PersistentVolume","metadata":{"name":"v"},"spec":{"accessModes":["ReadWriteOnce"],"claimRef":{"namespace":"default","name":"c","uid":"uid-c"},"csi":{"driver":"d","volumeHandle":"h"}}})");
  cluster.put(
      R"({"kind":"PersistentVolumeClaim","metadata":{"name":"c","annotations":{"pv.kubernetes.io/bind-completed":"yes"}},"spec":{"volumeName":"v"}})");
  cluster.put(
      R"({"kind":"Pod","metadata":{"name":"p"},"spec":{"nodeName":"n1","volumes":[{"name":"x","persistentVolumeClaim":{"claimName":"c"}}]},"status":{"phase":"Running"}})");
  return cluster;
}

void set_attached(TestCluster& cluster, const std::string& name, const std::string& status) {
  Draft draft(cluster.get("VolumeAttachment", name)->document);
  draft.set(draft.root(), "status", draft.clone(parse_json(status).value().root()));
  cluster.put(to_json(draft.root()));
}

bool told(const TestCluster& cluster, const std::string& event) {
  const auto events = cluster.events();
  return std::any_of(events.begin(), events.end(), [&](const std::string& e) { return e.starts_with(event); });
}

}  // namespace

TEST_CASE("names that upstream gives") {
  // sha256("hdn1"), computed with coreutils.
  CHECK(attachment_name("h", "d", "n1") == "csi-8e3bb36fda804646cae96ea9b03b4b77d9b692e45ea0ddda23cccc30a6b1c3fe");
  CHECK(attached_volume_name("d", "h") == "kubernetes.io/csi/d^h");
}

TEST_CASE("a volume is attached while a pod of the node uses it") {
  TestCluster cluster = cluster_with_pod();
  const auto controller = make_attach_controller();
  const std::string name = attachment_name("h", "d", "n1");
  CHECK(cluster.settle(*controller) == 1);
  CHECK(cluster.text("VolumeAttachment", name, "spec") ==
        R"({"attacher":"d","nodeName":"n1","source":{"persistentVolumeName":"v"}})");
  SUBCASE("told when it is attached, and taken away only when the node has let go") {
    set_attached(cluster, name, R"({"attached":true})");
    cluster.settle(*controller);
    CHECK(cluster.text("Node", "n1", "status.volumesAttached") == R"([{"name":"kubernetes.io/csi/d^h","devicePath":""}])");
    CHECK(told(cluster, "Normal SuccessfulAttachVolume p: AttachVolume.Attach succeeded for volume \"v\""));
    cluster.put(
        R"({"kind":"Node","metadata":{"name":"n1"},"status":{"volumesInUse":["kubernetes.io/csi/d^h"],"volumesAttached":[{"name":"kubernetes.io/csi/d^h","devicePath":""}]}})");
    cluster.remove("Pod", "p");
    CHECK(cluster.settle(*controller) == 0);
    cluster.put(
        R"({"kind":"Node","metadata":{"name":"n1"},"status":{"volumesAttached":[{"name":"kubernetes.io/csi/d^h","devicePath":""}]}})");
    cluster.settle(*controller);
    CHECK(cluster.text("Node", "n1", "status.volumesAttached") == "[]");
    CHECK(cluster.all("VolumeAttachment").empty());
  }
  SUBCASE("a failure is told to the pod") {
    set_attached(cluster, name, R"({"attached":false,"attachError":{"message":"no"}})");
    cluster.settle(*controller);
    CHECK(told(cluster, "Warning FailedAttachVolume p: AttachVolume.Attach failed for volume \"v\" : no"));
  }
  SUBCASE("on one node at a time") {
    cluster.put(
        R"({"kind":"Pod","metadata":{"name":"q"},"spec":{"nodeName":"n2","volumes":[{"name":"x","persistentVolumeClaim":{"claimName":"c"}}]},"status":{"phase":"Pending"}})");
    cluster.settle(*controller);
    CHECK(cluster.all("VolumeAttachment").size() == 1);
    CHECK(told(cluster, "Warning FailedAttachVolume q: Multi-Attach error for volume \"v\""));
  }
}

TEST_CASE("nothing to attach") {
  TestCluster cluster = cluster_with_pod();
  SUBCASE("the driver does not ask for it") {
    cluster.put(R"({"kind":"CSIDriver","metadata":{"name":"d"},"spec":{"attachRequired":false}})");
  }
  SUBCASE("the pod has ended") {
    cluster.put(
        R"({"kind":"Pod","metadata":{"name":"p"},"spec":{"nodeName":"n1","volumes":[{"name":"x","persistentVolumeClaim":{"claimName":"c"}}]},"status":{"phase":"Failed"}})");
  }
  SUBCASE("no driver behind it") {
    cluster.put(
        R"({"kind":"PersistentVolume","metadata":{"name":"v"},"spec":{"claimRef":{"namespace":"default","name":"c"},"hostPath":{}}})");
  }
  CHECK(cluster.settle(*make_attach_controller()) == 0);
}

}  // namespace plinth::workloads
