#include "workloads/volumes/volumes.h"

#include <algorithm>

#include "workloads/common/test_cluster.h"
#include "workloads/volumes/claims.h"

namespace plinth::workloads {
namespace {

std::string volume(const std::string& name, const std::string& spec = "", const std::string& size = "1Gi",
                   const std::string& metadata = "", const std::string& phase = "Available") {
  return R"({"kind":"PersistentVolume","metadata":{"name":")" + name + "\"" + metadata +
         R"(},"spec":{"capacity":{"storage":")" + size +
         R"("},"accessModes":["ReadWriteOnce"],"persistentVolumeReclaimPolicy":"Retain")" + spec + R"(},"status":{"phase":")" +
         phase + "\"}}";
}

std::string claim(const std::string& spec = "", const std::string& metadata = "", const std::string& phase = "Pending") {
  return R"({"kind":"PersistentVolumeClaim","metadata":{"name":"c")" + metadata +
         R"(},"spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"}})" + spec +
         R"(},"status":{"phase":")" + phase + "\"}}";
}

std::string storage_class(const std::string& name, const std::string& mode = "Immediate",
                          const std::string& provisioner = "example.com/x", const std::string& metadata = "") {
  return R"({"kind":"StorageClass","metadata":{"name":")" + name + "\"" + metadata + R"(},"provisioner":")" + provisioner +
         R"(","volumeBindingMode":")" + mode + "\"}";
}

constexpr const char* kBound = R"(,"annotations":{"pv.kubernetes.io/bind-completed":"yes"})";

bool told(const TestCluster& cluster, const std::string& event) {
  const auto events = cluster.events();
  return std::any_of(events.begin(), events.end(), [&](const std::string& e) { return e.starts_with(event); });
}

}  // namespace

TEST_CASE("which volume a claim gets") {
  struct Case {
    const char* why;
    std::vector<std::string> objects;
    const char* volume;  // "": none
    const char* event;
  };
  const Case cases[] = {
      {"the smallest that suits",
       {volume("big", "", "5Gi"), volume("small", "", "2Gi"), volume("tiny", "", "1Mi"), claim(R"(,"storageClassName":"")")},
       "small",
       ""},
      {"one that is kept for it, whatever its size",
       {volume("small"), volume("kept", R"(,"claimRef":{"namespace":"default","name":"c"})", "9Gi"),
        claim(R"(,"storageClassName":"")")},
       "kept",
       ""},
      {"not one that is kept for another",
       {volume("kept", R"(,"claimRef":{"namespace":"default","name":"other"})"), claim(R"(,"storageClassName":"")")},
       "",
       "Normal FailedBinding c: no persistent volumes available for this claim and no storage class is set"},
      {"the class",
       {storage_class("x"), volume("none"), volume("right", R"(,"storageClassName":"x")"), claim(R"(,"storageClassName":"x")")},
       "right",
       ""},
      {"the mode", {volume("fs"), claim(R"(,"storageClassName":"","volumeMode":"Block")")}, "", "Normal FailedBinding c: "},
      {"the access modes",
       {volume("rwo"),
        R"({"kind":"PersistentVolumeClaim","metadata":{"name":"c"},"spec":{"accessModes":["ReadWriteMany"],"storageClassName":"","resources":{"requests":{"storage":"1Gi"}}},"status":{"phase":"Pending"}})"},
       "",
       "Normal FailedBinding c: "},
      {"a selector",
       {volume("a"), volume("b", "", "1Gi", R"(,"labels":{"k":"v"})"),
        claim(R"(,"storageClassName":"","selector":{"matchLabels":{"k":"v"}})")},
       "b",
       ""},
      {"by name", {volume("a"), volume("b", "", "9Gi"), claim(R"(,"storageClassName":"","volumeName":"b")")}, "b", ""},
      {"by name, too small",
       {volume("b", "", "1Mi"), claim(R"(,"storageClassName":"","volumeName":"b")")},
       "",
       "Warning VolumeMismatch c: Cannot bind to requested volume \"b\": requested PV is too small"},
      {"by name, of another class",
       {volume("b", R"(,"storageClassName":"x")"), claim(R"(,"storageClassName":"","volumeName":"b")")},
       "",
       "Warning VolumeMismatch c: Cannot bind to requested volume \"b\": storageClassName does not match"},
      {"by name, another's",
       {volume("b", R"(,"claimRef":{"namespace":"default","name":"other","uid":"u"})", "1Gi", "", "Bound"),
        R"({"kind":"PersistentVolumeClaim","metadata":{"name":"other","uid":"u","annotations":{"pv.kubernetes.io/bind-completed":"yes"}},"spec":{"volumeName":"b","accessModes":["ReadWriteOnce"]},"status":{"phase":"Bound"}})",
        claim(R"(,"storageClassName":"","volumeName":"b")")},
       "",
       "Warning FailedBinding c: volume \"b\" already bound to a different claim."},
      {"a class that waits",
       {storage_class("x", "WaitForFirstConsumer"), volume("v", R"(,"storageClassName":"x")"),
        claim(R"(,"storageClassName":"x")")},
       "",
       "Normal WaitForFirstConsumer c: waiting for first consumer to be created before binding"},
      {"a class that waits, with a pod",
       {storage_class("x", "WaitForFirstConsumer"), claim(R"(,"storageClassName":"x")"),
        R"({"kind":"Pod","metadata":{"name":"p"},"spec":{"volumes":[{"persistentVolumeClaim":{"claimName":"c"}}]}})"},
       "",
       "Normal WaitForPodScheduled c: waiting for pod p to be scheduled"},
      {"a class that is not there",
       {claim(R"(,"storageClassName":"x")")},
       "",
       "Warning ProvisioningFailed c: storageclass.storage.k8s.io \"x\" not found"},
      {"a class without a provisioner",
       {storage_class("x", "Immediate", "kubernetes.io/no-provisioner"), claim(R"(,"storageClassName":"x")")},
       "",
       "Warning ProvisioningFailed c: no volume plugin matched name: kubernetes.io/no-provisioner"},
      {"a provisioner",
       {storage_class("x"), claim(R"(,"storageClassName":"x")")},
       "",
       "Normal ExternalProvisioning c: Waiting for a volume to be created either by the external provisioner 'example.com/x'"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.why);
    TestCluster cluster;
    for (const std::string& object : c.objects) cluster.put(object);
    cluster.settle(*make_volume_binder());
    const bool bound = cluster.text("PersistentVolumeClaim", "c", "status.phase") == "Bound";
    CHECK((bound ? cluster.text("PersistentVolumeClaim", "c", "spec.volumeName") : "") == c.volume);
    if (bound) {
      CHECK(cluster.text("PersistentVolume", c.volume, "status.phase") == "Bound");
      CHECK(cluster.text("PersistentVolume", c.volume, "spec.claimRef.uid") == "uid-c");
      CHECK(cluster.text("PersistentVolumeClaim", "c", "status.capacity") ==
            cluster.text("PersistentVolume", c.volume, "spec.capacity"));
      CHECK(cluster.text("PersistentVolumeClaim", "c", "status.accessModes") == R"(["ReadWriteOnce"])");
    }
    if (*c.event != 0) CHECK_MESSAGE(told(cluster, c.event), (cluster.events().empty() ? "(no events)" : cluster.events()[0]));
    for (const client::Object& v : cluster.all("PersistentVolume")) {
      if (v.name != c.volume && v["spec"]["claimRef"].is_null()) CHECK(v["status"]["phase"].as_string() == "Available");
    }
  }
}

TEST_CASE("what the marks of a binding are") {
  TestCluster cluster;
  cluster.put(volume("v"));
  cluster.put(claim(R"(,"storageClassName":"")"));
  cluster.settle(*make_volume_binder());
  CHECK(cluster.text("PersistentVolume", "v", "metadata.annotations") == R"({"pv.kubernetes.io/bound-by-controller":"yes"})");
  CHECK(cluster.text("PersistentVolumeClaim", "c", "metadata.annotations") ==
        R"({"pv.kubernetes.io/bound-by-controller":"yes","pv.kubernetes.io/bind-completed":"yes"})");
}

TEST_CASE("a claim without a class gets the default when there is one") {
  TestCluster cluster;
  cluster.put(claim());
  const auto binder = make_volume_binder();
  cluster.settle(*binder);
  CHECK(cluster.text("PersistentVolumeClaim", "c", "spec.storageClassName") == "null");
  const std::string mark = R"(,"annotations":{"storageclass.kubernetes.io/is-default-class":"true"},"creationTimestamp":")";
  cluster.put(storage_class("old", "WaitForFirstConsumer", "example.com/x", mark + R"(2026-01-01T00:00:00Z")"));
  cluster.put(storage_class("new", "WaitForFirstConsumer", "example.com/x", mark + R"(2026-02-01T00:00:00Z")"));
  cluster.settle(*binder);
  CHECK(cluster.text("PersistentVolumeClaim", "c", "spec.storageClassName") == "new");
}

TEST_CASE("what becomes of bound claims and volumes whose other half changes") {
  const std::string reference = R"(,"claimRef":{"namespace":"default","name":"c","uid":"uid-c"})";
  TestCluster cluster;
  const auto binder = make_volume_binder();
  SUBCASE("the volume is gone") {
    cluster.put(claim(R"(,"volumeName":"v")", kBound, "Bound"));
    cluster.settle(*binder);
    CHECK(cluster.text("PersistentVolumeClaim", "c", "status.phase") == "Lost");
    CHECK(told(cluster, "Warning ClaimLost c: Bound claim has lost its PersistentVolume. Data on the volume is lost!"));
  }
  SUBCASE("the volume is another's") {
    cluster.put(claim(R"(,"volumeName":"v")", kBound, "Bound"));
    cluster.put(volume("v", R"(,"claimRef":{"namespace":"default","name":"c","uid":"other"})", "1Gi", "", "Bound"));
    cluster.settle(*binder);
    CHECK(cluster.text("PersistentVolumeClaim", "c", "status.phase") == "Lost");
    CHECK(told(cluster, "Warning ClaimMisbound c: "));
  }
  SUBCASE("the reference was taken away") {
    cluster.put(claim(R"(,"volumeName":"v")", kBound, "Bound"));
    cluster.put(volume("v"));
    cluster.settle(*binder);
    CHECK(cluster.text("PersistentVolume", "v", "spec.claimRef.uid") == "uid-c");
    CHECK(cluster.text("PersistentVolume", "v", "status.phase") == "Bound");
  }
  SUBCASE("the claim is gone: kept") {
    cluster.put(volume("v", reference, "1Gi", "", "Bound"));
    cluster.settle(*binder);
    CHECK(cluster.text("PersistentVolume", "v", "status.phase") == "Released");
    CHECK(cluster.text("PersistentVolume", "v", "spec.claimRef.uid") == "uid-c");
  }
  SUBCASE("the claim is gone: to be deleted by the provisioner that made it") {
    cluster.put(volume("v", reference + R"(,"persistentVolumeReclaimPolicy":"Delete")", "1Gi",
                       R"(,"annotations":{"pv.kubernetes.io/provisioned-by":"example.com/x"})", "Bound"));
    cluster.settle(*binder);
    CHECK(cluster.text("PersistentVolume", "v", "status.phase") == "Released");
  }
  SUBCASE("the claim is gone: nobody can delete it") {
    cluster.put(
        R"({"kind":"PersistentVolume","metadata":{"name":"v"},"spec":{"capacity":{"storage":"1Gi"},"persistentVolumeReclaimPolicy":"Delete","claimRef":{"namespace":"default","name":"c","uid":"uid-c"}},"status":{"phase":"Bound"}})");
    cluster.settle(*binder);
    CHECK(cluster.text("PersistentVolume", "v", "status.phase") == "Failed");
    CHECK(told(cluster,
               "Warning VolumeFailedDelete v: error getting deleter volume plugin for volume \"v\": no deletable volume plugin "
               "matched"));
  }
  SUBCASE("the claim was made anew") {
    cluster.put(volume("v", R"(,"claimRef":{"namespace":"default","name":"c","uid":"before"})", "1Gi", "", "Bound"));
    cluster.put(claim(R"(,"storageClassName":"")"));
    cluster.settle(*binder);
    CHECK(cluster.text("PersistentVolume", "v", "status.phase") == "Released");
    CHECK(cluster.text("PersistentVolumeClaim", "c", "status.phase") == "Pending");
  }
  SUBCASE("the claim took another volume") {
    cluster.put(claim(R"(,"volumeName":"w")", kBound, "Bound"));
    cluster.put(volume("w", reference, "1Gi", "", "Bound"));
    cluster.put(volume("v", reference, "1Gi", R"(,"annotations":{"pv.kubernetes.io/bound-by-controller":"yes"})", "Bound"));
    cluster.settle(*binder);
    CHECK(cluster.text("PersistentVolume", "v", "spec.claimRef") == "null");
    CHECK(cluster.text("PersistentVolume", "v", "status.phase") == "Available");
  }
  SUBCASE("an administrator gives a released volume free") {
    cluster.put(volume("v", "", "1Gi", "", "Released"));
    cluster.settle(*binder);
    CHECK(cluster.text("PersistentVolume", "v", "status.phase") == "Available");
  }
}

TEST_CASE("claims of ephemeral volumes") {
  TestCluster cluster;
  cluster.put(
      R"({"kind":"Pod","metadata":{"name":"p"},"spec":{"volumes":[{"name":"v","ephemeral":{"volumeClaimTemplate":{"metadata":{"labels":{"a":"b"}},"spec":{"accessModes":["ReadWriteOnce"]}}}}]}})");
  const auto controller = make_ephemeral_volumes();
  SUBCASE("made") {
    CHECK(cluster.settle(*controller) == 1);
    CHECK(cluster.text("PersistentVolumeClaim", "p-v", "spec") == R"({"accessModes":["ReadWriteOnce"]})");
    CHECK(cluster.text("PersistentVolumeClaim", "p-v", "metadata.ownerReferences.0.uid") == "uid-p");
    CHECK(cluster.text("PersistentVolumeClaim", "p-v", "metadata.labels") == R"({"a":"b"})");
  }
  SUBCASE("somebody else's is not taken") {
    cluster.put(R"({"kind":"PersistentVolumeClaim","metadata":{"name":"p-v"},"spec":{}})");
    cluster.settle(*controller);
    CHECK(told(
        cluster,
        "Warning FailedBinding p: ephemeral volume v: PVC default/p-v was not created for pod default/p (pod is not owner)"));
  }
}

}  // namespace plinth::workloads
