#include "workloads/csi/provision.h"

#include "workloads/common/test_cluster.h"
#include "workloads/csi/topology.h"

namespace plinth::workloads {
namespace {

const CsiDriverInfo kDriver{"example.com/x", false, true, true, true, true, true};

std::string claim(const std::string& spec = "", const std::string& annotations = "",
                  const std::string& modes = R"(["ReadWriteOnce"])") {
  return R"({"kind":"PersistentVolumeClaim","metadata":{"name":"c","annotations":{"volume.kubernetes.io/storage-provisioner":"example.com/x")" +
         annotations + R"(}},"spec":{"storageClassName":"k","accessModes":)" + modes +
         R"(,"resources":{"requests":{"storage":"1Gi"}})" + spec + R"(},"status":{"phase":"Pending"}})";
}

std::string storage_class(const std::string& parameters = "{}", const std::string& more = "") {
  return R"({"kind":"StorageClass","metadata":{"name":"k"},"provisioner":"example.com/x","reclaimPolicy":"Delete","volumeBindingMode":"Immediate","parameters":)" +
         parameters + more + "}";
}

// A text for what was decided: "-", "call", or the message of a refusal.
std::string decided(const ProvisionDecision& decision) {
  if (const auto* refusal = std::get_if<Refusal>(&decision)) return refusal->message;
  if (const auto* reschedule = std::get_if<Reschedule>(&decision)) return "reschedule: " + reschedule->message;
  if (const auto* unmark = std::get_if<Unmark>(&decision)) return "unmark" + unmark->message;
  if (const auto* call = std::get_if<CreateVolumeCall>(&decision)) return call->abandoned ? "abandoned" : "call";
  return "-";
}

std::string decide(const std::vector<std::string>& objects, const CsiDriverInfo& driver = kDriver) {
  TestCluster cluster;
  for (const std::string& object : objects) cluster.put(object);
  return decided(decide_provision(*cluster.view(), *cluster.get("PersistentVolumeClaim", "c"), driver));
}

}  // namespace

TEST_CASE("a claim that is marked as being provisioned") {
  const auto marked = [](const std::string& spec, const std::string& metadata) {
    std::string text = claim(spec);
    return text.insert(text.find(R"("name":"c")"), R"("finalizers":["volume.plinth.dev/being-provisioned"],)" + metadata);
  };
  const std::string going = R"("deletionTimestamp":"2026-09-21T14:00:00Z",)";
  const std::string volume = R"({"kind":"PersistentVolume","metadata":{"name":"pvc-uid-c"}})";
  CHECK(decide({storage_class(), marked("", "")}) == "call");
  CHECK(decide({storage_class(), marked("", ""), volume}) == "unmark");
  // Nobody wants the volume any more, but a call that was made may have made it.
  CHECK(decide({storage_class(), marked("", going)}) == "abandoned");
  CHECK(decide({storage_class(), marked("", going), volume}) == "unmark");
  CHECK(decide({storage_class(), marked(R"(,"volumeName":"another")", "")}) == "abandoned");
  CHECK(decide({storage_class(), claim(R"(,"volumeName":"another")")}) == "-");
  CHECK(decide({marked("", going)}) ==
        "unmarkwhether driver example.com/x has made volume pvc-uid-c is not known: storageclass.storage.k8s.io \"k\" is gone");
}

TEST_CASE("which claims a driver is asked for") {
  const std::string late = R"(,"volumeBindingMode":"WaitForFirstConsumer")";
  const std::string late_class =
      R"({"kind":"StorageClass","metadata":{"name":"k"},"provisioner":"example.com/x","volumeBindingMode":"WaitForFirstConsumer"})";
  struct Case {
    const char* why;
    std::vector<std::string> objects;
    const char* decided;
  };
  const Case cases[] = {
      {"its own", {storage_class(), claim()}, "call"},
      {"another driver's",
       {storage_class(),
        R"({"kind":"PersistentVolumeClaim","metadata":{"name":"c","annotations":{"volume.kubernetes.io/storage-provisioner":"other"}},"spec":{"storageClassName":"k"}})"},
       "-"},
      {"one that has a volume", {storage_class(), claim(R"(,"volumeName":"v")")}, "-"},
      {"one whose volume was made already",
       {storage_class(), claim(), R"({"kind":"PersistentVolume","metadata":{"name":"pvc-uid-c"}})"},
       "-"},
      {"one that waits for its pod", {late_class, claim()}, "-"},
      {"one whose pod has a node", {late_class, claim("", R"(,"volume.kubernetes.io/selected-node":"n1")")}, "call"},
      {"no class", {claim()}, "storageclass.storage.k8s.io \"k\" not found"},
      {"a selector", {storage_class(), claim(R"(,"selector":{"matchLabels":{"a":"b"}})")}, "claim Selector is not supported"},
      {"an unknown parameter",
       {storage_class(R"({"csi.storage.k8s.io/nope":"1"})"), claim()},
       "parameter csi.storage.k8s.io/nope: no such key is known"},
      {"half a secret",
       {storage_class(R"({"csi.storage.k8s.io/provisioner-secret-name":"s"})"), claim()},
       "parameters: either name and namespace for csi.storage.k8s.io/provisioner-secret-* are given or none; only one is"},
      {"a template that is none",
       {storage_class(
            R"({"csi.storage.k8s.io/node-stage-secret-name":"${pvc.uid}","csi.storage.k8s.io/node-stage-secret-namespace":"x"})"),
        claim()},
       "parameter csi.storage.k8s.io/node-stage-secret-name: cannot resolve ${pvc.uid}"},
      {"filled by somebody else",
       {storage_class(), claim(R"(,"dataSourceRef":{"apiGroup":"example.com","kind":"Thing","name":"t"})")},
       "-"},
      {"a clone of nothing",
       {storage_class(), claim(R"(,"dataSource":{"kind":"PersistentVolumeClaim","name":"s"})")},
       "persistentvolumeclaim \"s\" not found"},
      {"a clone of what is not bound",
       {storage_class(), claim(R"(,"dataSource":{"kind":"PersistentVolumeClaim","name":"s"})"),
        R"({"kind":"PersistentVolumeClaim","metadata":{"name":"s"},"spec":{},"status":{"phase":"Pending"}})"},
       "the PVC DataSource s must be bound"},
      {"a clone that is too small",
       {storage_class(), claim(R"(,"dataSource":{"kind":"PersistentVolumeClaim","name":"s"})"),
        R"({"kind":"PersistentVolumeClaim","metadata":{"name":"s"},"spec":{"volumeName":"v"},"status":{"phase":"Bound"}})",
        R"({"kind":"PersistentVolume","metadata":{"name":"v"},"spec":{"capacity":{"storage":"2Gi"},"csi":{"driver":"example.com/x","volumeHandle":"h"}}})"},
       "requested volume size must be greater than or equal to 2Gi, the size of the source PVC s"},
      {"a snapshot that is not there",
       {storage_class(), claim(R"(,"dataSource":{"apiGroup":"snapshot.storage.k8s.io","kind":"VolumeSnapshot","name":"s"})")},
       "snapshot s not found"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.why);
    CHECK(decide(c.objects) == c.decided);
  }
  CsiDriverInfo plain = kDriver;
  plain.multi_writer_modes = false;
  CHECK(decide({storage_class(), claim("", "", R"(["ReadWriteOncePod"])")}, plain) ==
        "access mode ReadWriteOncePod is not supported by driver example.com/x");
}

TEST_CASE("what is asked, and the volume that follows from the answer") {
  TestCluster cluster;
  cluster.put(storage_class(
      R"({"kind":"fast","csi.storage.k8s.io/fstype":"xfs","csi.storage.k8s.io/provisioner-secret-name":"${pvc.name}-s","csi.storage.k8s.io/provisioner-secret-namespace":"${pvc.namespace}"})",
      R"(,"mountOptions":["noatime"])"));
  cluster.put(claim());
  const auto object = cluster.get("PersistentVolumeClaim", "c");
  const auto decision = decide_provision(*cluster.view(), *object, kDriver);
  const auto* call = std::get_if<CreateVolumeCall>(&decision);
  REQUIRE(call != nullptr);
  CHECK(call->name == "pvc-uid-c");
  CHECK(call->required_bytes == 1 << 30);
  CHECK(call->parameters == std::map<std::string, std::string>{{"kind", "fast"}});
  CHECK(call->secrets == SecretReference{"c-s", "default"});
  REQUIRE(call->capabilities.size() == 1);
  CHECK(call->capabilities[0].fs_type == "xfs");
  CHECK(call->capabilities[0].mount_flags == std::vector<std::string>{"noatime"});
  CHECK(call->capabilities[0].mode == CsiAccessMode::kSingleNodeMultiWriter);

  CHECK(problem_of_answer(*call, {"h", 1 << 30, {}, {}, false}).empty());
  CHECK(problem_of_answer(*call, {"h", 1, {}, {}, false}) ==
        "created volume capacity 1 less than requested capacity 1073741824");
  CreateVolumeCall copy = *call;
  copy.source_volume = "s";
  CHECK(problem_of_answer(copy, {"h", 0, {}, {}, false}) == "volume content source missing");

  const Draft volume =
      volume_object(*cluster.view(), *object, *call, {"h", 0, {{"a", "b"}}, {{{"zone", "z1"}}}, false}, kDriver);
  cluster.put(to_json(volume.root()));
  auto text = [&](const char* path) { return cluster.text("PersistentVolume", "pvc-uid-c", path); };
  CHECK(text("spec.capacity.storage") == "1Gi");
  CHECK(text("spec.persistentVolumeReclaimPolicy") == "Delete");
  CHECK(text("spec.csi.volumeHandle") == "h");
  CHECK(text("spec.csi.volumeAttributes.a") == "b");
  CHECK(text("spec.nodeAffinity") ==
        R"({"required":{"nodeSelectorTerms":[{"matchExpressions":[{"key":"zone","operator":"In","values":["z1"]}]}]}})");
  CHECK(text("spec.claimRef.uid") == "uid-c");
  CHECK(text("metadata.finalizers.0") == "external-provisioner.volume.kubernetes.io/finalizer");
}

TEST_CASE("where a volume may be") {
  TestCluster cluster;
  for (const char* name : {"a", "b"}) {
    const std::string n(name);
    cluster.put(R"({"kind":"Node","metadata":{"name":")" + n + R"(","labels":{"zone":"z)" + n + "\"}}}");
    cluster.put(R"({"kind":"CSINode","metadata":{"name":")" + n +
                R"("},"spec":{"drivers":[{"name":"x","nodeID":"i","topologyKeys":["zone"]}]}})");
  }
  cluster.put(R"({"kind":"Node","metadata":{"name":"bare"}})");
  const Document allowed = parse_json(R"([{"matchLabelExpressions":[{"key":"zone","values":["za"]}]}])").value();
  struct Case {
    const char* why;
    Value allowed;
    const char *node, *told;
  };
  const Case cases[] = {
      {"anywhere", Value(), "", "za zb | za zb"},
      {"the pod's node first", Value(), "b", "za zb | zb za"},
      {"what the class allows", allowed.root(), "", "za | za"},
      {"a node that the class does not allow", allowed.root(), "b",
       "selected node \"b\" is not in the allowed topologies of the class"},
      {"a node without the driver", Value(), "bare", "CSINode \"bare\" does not contain driver x"},
      {"a node that is gone", Value(), "gone", "node \"gone\" not found"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.why);
    const auto found = topology_requirement(*cluster.view(), "x", c.allowed, c.node);
    std::string told;
    if (!found.ok()) {
      told = found.error().message();
    } else {
      for (const CsiTopology& t : found->requisite) told += t.at("zone") + " ";
      told += "|";
      for (const CsiTopology& t : found->preferred) told += " " + t.at("zone");
    }
    CHECK(told == c.told);
  }
}

TEST_CASE("which volumes are deleted") {
  auto volume = [](const std::string& phase, const std::string& policy, const std::string& by) {
    return R"({"kind":"PersistentVolume","metadata":{"name":"v","annotations":{"pv.kubernetes.io/provisioned-by":")" + by +
           R"("}},"spec":{"persistentVolumeReclaimPolicy":")" + policy +
           R"(","claimRef":{"namespace":"default","name":"c","uid":"u"},"csi":{"volumeHandle":"h"}},"status":{"phase":")" +
           phase + "\"}}";
  };
  const std::string attachment =
      R"({"kind":"VolumeAttachment","metadata":{"name":"a"},"spec":{"source":{"persistentVolumeName":"v"}}})";
  struct Case {
    std::vector<std::string> objects;
    const char* decided;
  };
  const Case cases[] = {
      {{volume("Released", "Delete", "example.com/x")}, "h"},
      {{volume("Bound", "Delete", "example.com/x")}, "-"},
      {{volume("Released", "Retain", "example.com/x")}, "-"},
      {{volume("Released", "Delete", "other")}, "-"},
      {{volume("Released", "Delete", "example.com/x"), attachment}, "persistentvolume v is still attached to a node"},
  };
  for (const Case& c : cases) {
    TestCluster cluster;
    for (const std::string& object : c.objects) cluster.put(object);
    const auto decision = decide_delete(*cluster.view(), *cluster.get("PersistentVolume", "v"), kDriver);
    std::string told = "-";
    if (const auto* call = std::get_if<DeleteVolumeCall>(&decision)) told = call->volume_id;
    if (const auto* refusal = std::get_if<Refusal>(&decision)) told = refusal->message;
    CHECK(told == c.decided);
  }
}

}  // namespace plinth::workloads
