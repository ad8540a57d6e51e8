#include "workloads/csi/provision.h"

#include <algorithm>

#include "workloads/csi/topology.h"
#include "workloads/volumes/claims.h"

namespace plinth::workloads {
namespace {

using client::Object;

constexpr std::string_view kSnapshotGroup = "snapshot.storage.k8s.io";
constexpr std::string_view kIdentity = "storage.kubernetes.io/csiProvisionerIdentity";
constexpr std::string_view kDeletionSecretName = "volume.kubernetes.io/provisioner-deletion-secret-name";
constexpr std::string_view kDeletionSecretNamespace = "volume.kubernetes.io/provisioner-deletion-secret-namespace";
constexpr std::string_view kFinalizer = "external-provisioner.volume.kubernetes.io/finalizer";
constexpr std::string_view kAllowModeChange = "snapshot.storage.kubernetes.io/allow-volume-mode-change";

// Whoever is to provision it.
bool is_of(const Object& claim, const CsiDriverInfo& driver) {
  const std::string_view named = annotation(claim, kProvisioner);
  return (named.empty() ? annotation(claim, kProvisionerBeta) : named) == driver.name;
}

// Going, or met by another volume.
bool is_abandoned(const Object& claim) { return claim.deleting() || !claim["spec"]["volumeName"].as_string().empty(); }

// The claim is to be met by this driver, and now.
bool is_ours(const client::View& view, const Object& claim, const CsiDriverInfo& driver) {
  if (is_abandoned(claim) || !is_of(claim, driver)) return false;
  return !waits_for_consumer(view, claim) || !annotation(claim, kSelectedNode).empty();
}

bool is_block(const Object& object) { return object["spec"]["volumeMode"].as_string() == "Block"; }

Result<CsiAccessMode> access_mode(std::string_view mode, const CsiDriverInfo& driver) {
  if (mode == "ReadWriteOnce")
    return driver.multi_writer_modes ? CsiAccessMode::kSingleNodeMultiWriter : CsiAccessMode::kSingleNodeWriter;
  if (mode == "ReadOnlyMany") return CsiAccessMode::kMultiNodeReaderOnly;
  if (mode == "ReadWriteMany") return CsiAccessMode::kMultiNodeMultiWriter;
  if (mode == "ReadWriteOncePod" && driver.multi_writer_modes) return CsiAccessMode::kSingleNodeSingleWriter;
  return Error(Reason::kInvalid, "access mode " + std::string(mode) + " is not supported by driver " + driver.name);
}

Result<std::vector<CsiCapability>> capabilities(const Object& claim, const Object& storage_class, const std::string& fs_type,
                                                const CsiDriverInfo& driver) {
  std::vector<CsiCapability> out;
  for (const Value& mode : claim["spec"]["accessModes"].items()) {
    CsiCapability one;
    one.block = is_block(claim);
    one.mode = TRY(access_mode(mode.as_string(), driver));
    if (!one.block) {
      one.fs_type = fs_type;
      for (const Value& option : storage_class["mountOptions"].items()) one.mount_flags.emplace_back(option.as_string());
    }
    out.push_back(std::move(one));
  }
  return out;
}

// What the claim is to be filled from, from either field; null for nothing.
Value source_of(const Object& claim) {
  const Value reference = claim["spec"]["dataSourceRef"];
  return reference.is_object() ? reference : claim["spec"]["dataSource"];
}

Error refuse(std::string message) { return Error(Reason::kInvalid, std::move(message)); }

Result<std::string> snapshot_source(const client::View& view, const Object& claim, const std::string& name,
                                    const CsiDriverInfo& driver) {
  if (!driver.snapshots) return refuse("CSI driver " + driver.name + " does not support snapshot restore");
  const auto snapshots = view.find_resource(kSnapshotGroup, "volumesnapshots");
  const auto contents = view.find_resource(kSnapshotGroup, "volumesnapshotcontents");
  const auto snapshot = snapshots ? view.get(*snapshots, claim.name_space, name) : std::nullopt;
  if (!snapshot) return refuse("snapshot " + name + " not found");
  if (snapshot->deleting()) return refuse("snapshot " + name + " is currently being deleted");
  const Value status = (*snapshot)["status"];
  const std::string content_name(status["boundVolumeSnapshotContentName"].as_string());
  if (content_name.empty()) return refuse("snapshot " + name + " not bound");
  if (!status["readyToUse"].as_bool()) return refuse("snapshot " + name + " is not Ready");
  const auto content = contents ? view.get(*contents, "", content_name) : std::nullopt;
  if (!content) return refuse("snapshotcontent " + content_name + " not found");
  const Value reference = (*content)["spec"]["volumeSnapshotRef"];
  if (reference["uid"].as_string() != snapshot->uid)
    return refuse("snapshotcontent " + content_name + " is bound to a different snapshot");
  if ((*content)["spec"]["driver"].as_string() != driver.name)
    return refuse("snapshot " + name + " is of driver " + std::string((*content)["spec"]["driver"].as_string()));
  const std::string_view taken_as = (*content)["spec"]["sourceVolumeMode"].as_string();
  const std::string_view wanted = is_block(claim) ? "Block" : "Filesystem";
  if (!taken_as.empty() && taken_as != wanted && annotation(*content, kAllowModeChange) != "true")
    return refuse("requested volume " + claim.name_space + "/" + claim.name +
                  " modifies the mode of the source volume but does not have permission to do so. " +
                  std::string(kAllowModeChange) + " annotation is not present on snapshotcontent " + content_name);
  const auto least = api::Quantity::parse(status["restoreSize"].as_string());
  if (least.ok() && requested_storage(claim).compare(*least) < 0)
    return refuse("requested volume size " + requested_storage(claim).text() + " is less than the size " + least->text() +
                  " for the source snapshot " + name);
  return std::string((*content)["status"]["snapshotHandle"].as_string());
}

Result<std::string> clone_source(const client::View& view, const Object& claim, const std::string& name,
                                 const CsiDriverInfo& driver) {
  if (!driver.clones) return refuse("CSI driver " + driver.name + " does not support clone operations");
  const auto source = view.get(claims_resource(), claim.name_space, name);
  if (!source) return refuse("persistentvolumeclaim \"" + name + "\" not found");
  if ((*source)["status"]["phase"].as_string() != "Bound") return refuse("the PVC DataSource " + name + " must be bound");
  if (source->deleting()) return refuse("the PVC DataSource " + name + " is currently being deleted");
  const auto volume = view.get(volumes_resource(), "", (*source)["spec"]["volumeName"].as_string());
  if (!volume || (*volume)["spec"]["csi"]["driver"].as_string() != driver.name)
    return refuse("the source volume of " + name + " is not one of driver " + driver.name);
  if (is_block(*source) != is_block(claim)) return refuse("the source and destination volume modes do not match");
  if (requested_storage(claim).compare(storage_of(*volume)) < 0)
    return refuse("requested volume size must be greater than or equal to " + storage_of(*volume).text() +
                  ", the size of the source PVC " + name);
  return std::string((*volume)["spec"]["csi"]["volumeHandle"].as_string());
}

Result<void> set_source(const client::View& view, const Object& claim, const CsiDriverInfo& driver, CreateVolumeCall& call) {
  const Value source = source_of(claim);
  if (source.is_null()) return {};
  const std::string_view kind = source["kind"].as_string(), group = source["apiGroup"].as_string(),
                         space = source["namespace"].as_string();
  const std::string name(source["name"].as_string());
  if (!space.empty() && space != claim.name_space) return refuse("a data source in another namespace is not supported");
  if (kind == "VolumeSnapshot" && group == kSnapshotGroup)
    call.source_snapshot = TRY(snapshot_source(view, claim, name, driver));
  else if (kind == "PersistentVolumeClaim" && group.empty())
    call.source_volume = TRY(clone_source(view, claim, name, driver));
  return {};
}

// A kind that a populator fills: the volume is made by way of another claim, which the populator owns.
bool is_populated(const Object& claim) {
  const Value source = source_of(claim);
  if (source.is_null()) return false;
  const std::string_view kind = source["kind"].as_string(), group = source["apiGroup"].as_string();
  return !(kind == "VolumeSnapshot" && group == kSnapshotGroup) && !(kind == "PersistentVolumeClaim" && group.empty());
}

Result<CreateVolumeCall> create_call(const client::View& view, const Object& claim, const Object& storage_class,
                                     const CsiDriverInfo& driver) {
  CreateVolumeCall call;
  call.name = volume_name_for(claim);
  call.required_bytes = requested_storage(claim).value();
  ClassParameters parameters = TRY(read_class_parameters(storage_class["parameters"], call.name, claim));
  call.capabilities = TRY(capabilities(claim, storage_class, parameters.fs_type, driver));
  call.parameters = std::move(parameters.driver);
  if (const auto found = parameters.secrets.find(SecretUse::kProvisioner); found != parameters.secrets.end())
    call.secrets = found->second;
  TRY(set_source(view, claim, driver, call));
  return call;
}

void set_secret(Draft& draft, Value& csi, std::string_view member, const ClassParameters& parameters, SecretUse use) {
  const auto found = parameters.secrets.find(use);
  if (found == parameters.secrets.end()) return;
  Value reference = draft.object();
  draft.set(reference, "name", found->second.name);
  draft.set(reference, "namespace", found->second.name_space);
  draft.set(csi, member, reference);
}

Value csi_source(Draft& draft, const CreateVolumeCall& call, const CreateVolumeAnswer& answer,
                 const ClassParameters& parameters, const CsiDriverInfo& driver) {
  Value csi = draft.object(10);
  draft.set(csi, "driver", driver.name);
  draft.set(csi, "volumeHandle", answer.volume_id);
  if (!call.capabilities.empty() && !call.capabilities.front().fs_type.empty())
    draft.set(csi, "fsType", call.capabilities.front().fs_type);
  Value attributes = draft.object();
  for (const auto& [key, value] : answer.volume_context) draft.set(attributes, key, value);
  // Upstream's is made anew at each start of a provisioner; here the volume's own name, which does not change.
  draft.set(attributes, kIdentity, call.name + "-" + driver.name);
  draft.set(csi, "volumeAttributes", attributes);
  set_secret(draft, csi, "controllerPublishSecretRef", parameters, SecretUse::kControllerPublish);
  set_secret(draft, csi, "nodeStageSecretRef", parameters, SecretUse::kNodeStage);
  set_secret(draft, csi, "nodePublishSecretRef", parameters, SecretUse::kNodePublish);
  set_secret(draft, csi, "controllerExpandSecretRef", parameters, SecretUse::kControllerExpand);
  set_secret(draft, csi, "nodeExpandSecretRef", parameters, SecretUse::kNodeExpand);
  return csi;
}

Value metadata_of(Draft& draft, const CreateVolumeCall& call, const CsiDriverInfo& driver, bool deletes) {
  Value metadata = draft.object();
  draft.set(metadata, "name", call.name);
  Value annotations = draft.object();
  draft.set(annotations, kProvisionedBy, driver.name);
  draft.set(annotations, kDeletionSecretName, call.secrets ? call.secrets->name : "");
  draft.set(annotations, kDeletionSecretNamespace, call.secrets ? call.secrets->name_space : "");
  draft.set(metadata, "annotations", annotations);
  // The storage is deleted first, whichever object goes first.
  if (deletes) draft.push(draft.member(metadata, "finalizers"), draft.text(kFinalizer));
  return metadata;
}

bool is_attached(const client::View& view, const Object& volume) {
  bool found = false;
  const auto attachments = view.find_resource("storage.k8s.io", "volumeattachments");
  if (!attachments) return false;
  view.list(*attachments, "", [&](const Object& attachment) {
    found = attachment["spec"]["source"]["persistentVolumeName"].as_string() == volume.name;
    return !found;
  });
  return found;
}

// The same call once more: it says what became of the earlier ones.
ProvisionDecision decide_abandoned(const client::View& view, const Object& claim, const CsiDriverInfo& driver) {
  const std::string unknown =
      "whether driver " + driver.name + " has made volume " + volume_name_for(claim) + " is not known: ";
  const auto storage_class = class_of(view, claim);
  if (!storage_class) return Unmark{unknown + "storageclass.storage.k8s.io \"" + std::string(class_name(claim)) + "\" is gone"};
  auto call = create_call(view, claim, *storage_class, driver);
  if (!call.ok()) return Unmark{unknown + call.error().message()};
  call->abandoned = true;
  if (driver.topology) {
    auto topology =
        topology_requirement(view, driver.name, (*storage_class)["allowedTopologies"], annotation(claim, kSelectedNode));
    if (topology.ok()) call->requisite = std::move(topology->requisite), call->preferred = std::move(topology->preferred);
  }
  return std::move(*call);
}

client::Request finalizer_request(const Object& claim, bool wanted, std::string_view manager) {
  Draft patch;
  Value list = patch.array();
  for (const Value& finalizer : claim.metadata()["finalizers"].items()) {
    if (finalizer.as_string() != kBeingProvisioned) patch.push(list, patch.clone(finalizer));
  }
  if (wanted) patch.push(list, patch.text(kBeingProvisioned));
  patch.member_path(patch.root(), {"metadata", "finalizers"}) = list;
  return client::merge_patch_request(claim, "", std::move(patch), /*same_revision=*/true, manager);
}

}  // namespace

client::Request mark_request(const Object& claim, std::string_view manager) { return finalizer_request(claim, true, manager); }
client::Request unmark_request(const Object& claim, std::string_view manager) {
  return finalizer_request(claim, false, manager);
}

std::string volume_name_for(const Object& claim) { return "pvc-" + claim.uid; }

ProvisionDecision decide_provision(const client::View& view, const Object& claim, const CsiDriverInfo& driver) {
  const bool marked = claim.has_finalizer(kBeingProvisioned) && is_of(claim, driver);
  // It was made before, and the binder has not come to it yet.
  if (view.get(volumes_resource(), "", volume_name_for(claim))) {
    if (marked) return Unmark();
    return NoDecision();
  }
  if (marked && is_abandoned(claim)) return decide_abandoned(view, claim, driver);
  if (!is_ours(view, claim, driver) || is_populated(claim)) return NoDecision();
  if (!driver.creates_volumes) return Refusal{"CSI driver " + driver.name + " does not support dynamic provisioning"};
  const auto storage_class = class_of(view, claim);
  if (!storage_class) return Refusal{"storageclass.storage.k8s.io \"" + std::string(class_name(claim)) + "\" not found"};
  if (!claim["spec"]["selector"].is_null()) return Refusal{"claim Selector is not supported"};
  auto call = create_call(view, claim, *storage_class, driver);
  if (!call.ok()) return Refusal{call.error().message()};
  if (driver.topology) {
    auto topology =
        topology_requirement(view, driver.name, (*storage_class)["allowedTopologies"], annotation(claim, kSelectedNode));
    if (!topology.ok()) return Reschedule{"error generating accessibility requirements: " + topology.error().message()};
    call->requisite = std::move(topology->requisite);
    call->preferred = std::move(topology->preferred);
  }
  return std::move(*call);
}

std::string problem_of_answer(const CreateVolumeCall& call, const CreateVolumeAnswer& answer) {
  if (answer.volume_id.empty()) return "the driver gave no volume id";
  if (answer.capacity_bytes != 0 && answer.capacity_bytes < call.required_bytes)
    return "created volume capacity " + std::to_string(answer.capacity_bytes) + " less than requested capacity " +
           std::to_string(call.required_bytes);
  const bool wants_source = !call.source_snapshot.empty() || !call.source_volume.empty();
  return wants_source && !answer.has_source ? "volume content source missing" : "";
}

Draft volume_object(const client::View& view, const Object& claim, const CreateVolumeCall& call,
                    const CreateVolumeAnswer& answer, const CsiDriverInfo& driver) {
  const auto storage_class = class_of(view, claim);
  const Value none = Value();
  const Value parameters_of_class = storage_class ? (*storage_class)["parameters"] : none;
  auto read = read_class_parameters(parameters_of_class, call.name, claim);
  const ClassParameters parameters = read.ok() ? std::move(*read) : ClassParameters();
  const std::string_view policy = storage_class ? (*storage_class)["reclaimPolicy"].as_string() : std::string_view();
  const std::int64_t bytes = answer.capacity_bytes != 0 ? answer.capacity_bytes : call.required_bytes;
  Draft draft;
  Value& root = draft.root() = draft.object();
  draft.set(root, "apiVersion", "v1");
  draft.set(root, "kind", "PersistentVolume");
  draft.set(root, "metadata", metadata_of(draft, call, driver, policy != "Retain"));
  Value spec = draft.object(12);
  draft.set(draft.member(spec, "capacity"), "storage", api::Quantity(bytes, api::Quantity::Format::kBinarySi).text());
  draft.set(spec, "accessModes", draft.clone(claim["spec"]["accessModes"]));
  draft.set(spec, "persistentVolumeReclaimPolicy", policy.empty() ? std::string_view("Delete") : policy);
  draft.set(spec, "storageClassName", class_name(claim));
  draft.set(spec, "volumeMode", is_block(claim) ? "Block" : "Filesystem");
  if (storage_class && (*storage_class)["mountOptions"].size() > 0)
    draft.set(spec, "mountOptions", draft.clone((*storage_class)["mountOptions"]));
  if (const Value affinity = volume_node_affinity(draft, answer.topology); !affinity.is_null())
    draft.set(spec, "nodeAffinity", affinity);
  draft.set(spec, "csi", csi_source(draft, call, answer, parameters, driver));
  draft.set(spec, "claimRef", claim_reference(draft, claim));
  draft.set(draft.root(), "spec", spec);
  return draft;
}

DeleteDecision decide_delete(const client::View& view, const Object& volume, const CsiDriverInfo& driver) {
  const Value spec = volume["spec"];
  if (annotation(volume, kProvisionedBy) != driver.name || spec["persistentVolumeReclaimPolicy"].as_string() != "Delete")
    return NoDecision();
  // A volume that is still somebody's, or reserved, is not touched; one that was deleted by hand keeps its storage until it is
  // free.
  const std::string_view phase = volume["status"]["phase"].as_string();
  const bool released = phase == "Released" || phase == "Failed" || (volume.deleting() && phase != "Bound");
  if (!released || spec["claimRef"].is_null()) return NoDecision();
  if (volume.deleting() && !volume.has_finalizer(kFinalizer)) return NoDecision();
  if (is_attached(view, volume)) return Refusal{"persistentvolume " + volume.name + " is still attached to a node"};
  DeleteVolumeCall call;
  call.volume_id = spec["csi"]["volumeHandle"].as_string();
  if (call.volume_id.empty()) return Refusal{"persistentvolume " + volume.name + " has no volume handle"};
  const std::string_view secret = annotation(volume, kDeletionSecretName), space = annotation(volume, kDeletionSecretNamespace);
  if (!secret.empty() && !space.empty()) call.secrets = SecretReference{std::string(secret), std::string(space)};
  return call;
}

}  // namespace plinth::workloads
