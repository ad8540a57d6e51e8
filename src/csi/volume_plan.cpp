#include "csi/volume_plan.h"

#include <fmt/format.h>
#include <openssl/sha.h>

#include "base/hex.h"
#include "base/quoted.h"
#include "csi/provisioner.h"
#include "node/pod/security.h"
#include "workloads/volumes/attachments.h"
#include "workloads/volumes/claims.h"

namespace plinth::csi {
namespace {

using client::Object;
using node::VolumeRequest;

const client::Resource kDrivers{"storage.k8s.io", "v1", "csidrivers", "CSIDriver", false};
const client::Resource kAttachments{"storage.k8s.io", "v1", "volumeattachments", "VolumeAttachment", false};

Error wait_for(std::string message) { return Error(Reason::kServiceUnavailable, std::move(message)); }

std::string claim_name(std::string_view pod, const Value& volume) {
  if (volume["ephemeral"].is_object()) return std::string(pod) + "-" + std::string(volume["name"].as_string());
  return std::string(volume["persistentVolumeClaim"]["claimName"].as_string());
}

// The claim that a pod's volume names, and its volume.
struct ClaimAndVolume {
  Object claim, volume;
};
Result<ClaimAndVolume> find_volume(const VolumeRequest& request) {
  const std::string name = claim_name(request.pod->name, request.volume);
  auto claim = request.view->get(workloads::claims_resource(), request.pod->name_space, name);
  if (!claim) return Error(Reason::kNotFound, "persistentvolumeclaim \"" + name + "\" not found");
  if (request.volume["ephemeral"].is_object()) {
    bool owned = false;
    for (const client::OwnerReference& owner : claim->owners()) owned = owned || owner.uid == request.pod->uid;
    if (!owned) return bad_request("PVC " + name + " was not created for pod " + request.pod->name);
  }
  if (!workloads::is_bound(*claim)) return wait_for("PVC " + name + " is not bound");
  const std::string volume_name((*claim)["spec"]["volumeName"].as_string());
  auto volume = request.view->get(workloads::volumes_resource(), "", volume_name);
  if (!volume) return Error(Reason::kNotFound, "persistentvolume \"" + volume_name + "\" not found");
  if ((*volume)["spec"]["claimRef"]["uid"].as_string() != claim->uid)
    return wait_for("persistentvolume \"" + volume_name + "\" is not bound to PVC " + name);
  return ClaimAndVolume{std::move(*claim), std::move(*volume)};
}

// A container that uses the volume in the other way than it can be used.
Result<void> check_mode(const VolumeRequest& request, bool block) {
  const char* member = block ? "volumeMounts" : "volumeDevices";
  for (const node::PodContainer& container : request.pod->containers) {
    for (const Value& use : container.spec[member].items()) {
      if (use["name"].as_string() != request.name) continue;
      return bad_request(fmt::format("volume {} has volumeMode {}, but is specified in {}", request.name,
                                     block ? "Block" : "Filesystem", member));
    }
  }
  return {};
}

std::string_view first_mode(const Value& spec) {
  return spec["accessModes"].size() > 0 ? spec["accessModes"].items()[0].as_string() : std::string_view();
}

workloads::CsiAccessMode access_mode(std::string_view mode, const DriverFacts& facts) {
  using Mode = workloads::CsiAccessMode;
  if (mode == "ReadOnlyMany") return Mode::kMultiNodeReaderOnly;
  if (mode == "ReadWriteMany") return Mode::kMultiNodeMultiWriter;
  if (!facts.node_multi_writer_modes) return Mode::kSingleNodeWriter;
  return mode == "ReadWriteOncePod" ? Mode::kSingleNodeSingleWriter : Mode::kSingleNodeMultiWriter;
}

Result<StringMap> secrets_of(const client::View& view, const Value& reference, std::string_view name_space = "") {
  if (!reference.is_object()) return StringMap();
  const std::string_view there = reference["namespace"].as_string();
  return secret_values(view, {std::string(reference["name"].as_string()), std::string(there.empty() ? name_space : there)});
}

StringMap texts(const Value& map) {
  StringMap out;
  for (const Member& member : map.members()) out[std::string(member.key())] = member.value.as_string();
  return out;
}

Result<NodeDriver> require_driver(const FindDriver& find_driver, std::string_view name) {
  auto driver = find_driver(name);
  if (!driver) return wait_for(fmt::format("driver name {} not found in the list of registered CSI drivers", name));
  return std::move(*driver);
}

// csi_plugin.go: what CSIDriver.podInfoOnMount asks for.
StringMap pod_info(const VolumeRequest& request, const std::optional<Object>& driver, bool ephemeral) {
  if (!driver || !(*driver)["spec"]["podInfoOnMount"].as_bool()) return {};
  const node::Pod& pod = *request.pod;
  return {{"csi.storage.k8s.io/pod.name", pod.name},
          {"csi.storage.k8s.io/pod.namespace", pod.name_space},
          {"csi.storage.k8s.io/pod.uid", pod.uid},
          {"csi.storage.k8s.io/serviceAccount.name", std::string(pod.spec()["serviceAccountName"].as_string())},
          {"csi.storage.k8s.io/ephemeral", ephemeral ? "true" : "false"}};
}

std::vector<node::TokenWish> tokens_of(const std::optional<Object>& driver) {
  std::vector<node::TokenWish> out;
  if (!driver) return out;
  for (const Value& request : (*driver)["spec"]["tokenRequests"].items()) {
    node::TokenWish wish;
    wish.audience = request["audience"].as_string();
    if (request["expirationSeconds"].is_int()) wish.expiration_s = request["expirationSeconds"].as_int();
    out.push_back(std::move(wish));
  }
  return out;
}

// Who gives the volume to the pod's group: the driver, the node, or nobody.
void choose_group(VolumePlan& plan, const VolumeRequest& request, const std::optional<Object>& driver, std::string_view mode) {
  const auto group = node::fs_group(*request.pod);
  if (!group || plan.data.block) return;
  if (plan.driver.facts->mount_group) {
    plan.call.mount_group = std::to_string(*group);
    return;
  }
  const std::string_view policy = driver ? (*driver)["spec"]["fsGroupPolicy"].as_string() : std::string_view();
  if (policy == "None" || plan.call.read_only) return;
  if (policy != "File" && (plan.call.capability.fs_type.empty() || !mode.starts_with("ReadWriteOnce"))) return;
  plan.group = group;
  plan.group_if_needed = request.pod->spec()["securityContext"]["fsGroupChangePolicy"].as_string() == "OnRootMismatch";
}

// Where CSIDriver does not say that it needs none, the controller's part has attached the volume first.
Result<StringMap> attachment_context(const VolumeRequest& request, const std::optional<Object>& driver,
                                     const VolumeData& data) {
  const Value required = driver ? (*driver)["spec"]["attachRequired"] : Value();
  if (!required.is_null() && !required.as_bool()) return StringMap();
  const std::string name = workloads::attachment_name(data.handle, data.driver, request.facts.node_name);
  const auto attachment = request.view->get(kAttachments, "", name);
  if (!attachment || !(*attachment)["status"]["attached"].as_bool()) {
    const std::string_view why =
        attachment ? (*attachment)["status"]["attachError"]["message"].as_string() : std::string_view();
    return wait_for(fmt::format("volume {} is not attached to this node yet{}{}", data.volume, why.empty() ? "" : ": ", why));
  }
  return texts((*attachment)["status"]["attachmentMetadata"]);
}

void place_data(VolumePlan& plan, const VolumeRequest& request, const std::string& root) {
  VolumeData& data = plan.data;
  const std::string devices = root + "/plugins/kubernetes.io/csi/volumeDevices";
  if (plan.driver.facts->stages && !data.ephemeral) {
    data.staging =
        data.block ? devices + "/staging/" + data.volume : staging_folder(root, data.driver, data.handle) + "/globalmount";
  }
  data.target = data.block ? devices + "/publish/" + data.volume + "/" + request.pod->uid : request.directory + "/mount";
  plan.call.volume_id = data.handle;
  plan.call.staging_path = data.staging;
  plan.call.target_path = data.target;
  plan.call.capability.block = data.block;
}

Result<std::optional<Growth>> growth_of(const VolumeRequest& request, const ClaimAndVolume& found, const DriverFacts& facts) {
  const Value told = found.claim["status"]["capacity"]["storage"], has = found.volume["spec"]["capacity"]["storage"];
  if (!facts.node_expands || !told.is_string() || !has.is_string()) return std::optional<Growth>();
  const auto before = api::Quantity::parse(told.as_string()), now = api::Quantity::parse(has.as_string());
  if (!before.ok() || !now.ok() || now->value() <= before->value()) return std::optional<Growth>();
  Growth growth{found.claim, std::string(has.as_string()), now->value(), {}};
  growth.secrets = TRY(secrets_of(*request.view, found.volume["spec"]["csi"]["nodeExpandSecretRef"]));
  return std::optional(std::move(growth));
}

Result<VolumePlan> plan_claim(const VolumeRequest& request, const FindDriver& find_driver, const std::string& root) {
  const ClaimAndVolume found = TRY(find_volume(request));
  const Value spec = found.volume["spec"], source = spec["csi"];
  VolumePlan plan;
  plan.data.block = spec["volumeMode"].as_string() == "Block";
  TRY(check_mode(request, plan.data.block));
  plan.read_only = request.volume["persistentVolumeClaim"]["readOnly"].as_bool();
  plan.claim_is_going = found.claim.deleting();
  const Value path = spec["local"].is_object() ? spec["local"]["path"] : spec["hostPath"]["path"];
  if (path.is_string()) {
    plan.path = path.as_string();
    return plan;
  }
  if (!source.is_object())
    return Error(Reason::kMethodNotAllowed,
                 "persistentvolume " + found.volume.name + " is of a kind that this node does not serve");
  plan.driver = TRY(require_driver(find_driver, source["driver"].as_string()));
  plan.data.driver = source["driver"].as_string();
  plan.data.handle = source["volumeHandle"].as_string();
  plan.data.volume = found.volume.name;
  plan.directory = request.directory;
  place_data(plan, request, root);
  const auto driver = request.view->get(kDrivers, "", plan.data.driver);
  const std::string_view mode = first_mode(spec);
  plan.exclusive = mode == "ReadWriteOncePod";
  plan.republish = driver && (*driver)["spec"]["requiresRepublish"].as_bool();
  NodeCall& call = plan.call;
  call.capability.fs_type = source["fsType"].as_string();
  for (const Value& option : spec["mountOptions"].items()) call.capability.mount_flags.emplace_back(option.as_string());
  call.capability.mode = access_mode(mode, *plan.driver.facts);
  call.read_only = plan.read_only || source["readOnly"].as_bool();
  call.volume_context = texts(source["volumeAttributes"]);
  call.publish_context = TRY(attachment_context(request, driver, plan.data));
  call.secrets = TRY(secrets_of(*request.view, source["nodeStageSecretRef"]));
  plan.publish_secrets = TRY(secrets_of(*request.view, source["nodePublishSecretRef"]));
  plan.pod_info = pod_info(request, driver, false);
  plan.tokens = tokens_of(driver);
  choose_group(plan, request, driver, mode);
  if (!call.read_only) plan.growth = TRY(growth_of(request, found, *plan.driver.facts));
  return plan;
}

// A volume that lives with its pod: nothing is provisioned, attached or staged.
Result<VolumePlan> plan_inline(const VolumeRequest& request, const FindDriver& find_driver, const std::string& root) {
  const Value source = request.volume["csi"];
  const std::string name(source["driver"].as_string());
  const auto driver = request.view->get(kDrivers, "", name);
  if (!driver)
    return bad_request(fmt::format("volume mode \"Ephemeral\" not supported by driver {} (no CSIDriver object)", name));
  bool serves = false;
  std::string modes;
  for (const Value& mode : (*driver)["spec"]["volumeLifecycleModes"].items()) {
    serves = serves || mode.as_string() == "Ephemeral";
    modes += (modes.empty() ? "" : " ") + quoted(mode.as_string());
  }
  if (!serves)
    return bad_request(fmt::format("volume mode \"Ephemeral\" not supported by driver {} (only supports [{}])", name, modes));
  TRY(check_mode(request, false));
  VolumePlan plan;
  plan.driver = TRY(require_driver(find_driver, name));
  plan.data.driver = name;
  plan.data.ephemeral = true;
  plan.data.volume = request.name;
  const std::string made_from = request.pod->name_space + request.pod->name + request.pod->uid + request.name;
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(made_from.data()), made_from.size(), digest);
  plan.data.handle = "csi-" + hex_encode({reinterpret_cast<const char*>(digest), sizeof(digest)});
  plan.directory = request.directory;
  place_data(plan, request, root);
  plan.read_only = source["readOnly"].as_bool();
  plan.call.read_only = plan.read_only;
  plan.call.capability.fs_type = source["fsType"].as_string();
  plan.call.volume_context = texts(source["volumeAttributes"]);
  plan.republish = (*driver)["spec"]["requiresRepublish"].as_bool();
  plan.publish_secrets = TRY(secrets_of(*request.view, source["nodePublishSecretRef"], request.pod->name_space));
  plan.pod_info = pod_info(request, driver, true);
  plan.tokens = tokens_of(driver);
  choose_group(plan, request, driver, "ReadWriteOnce");
  return plan;
}

}  // namespace

Result<VolumePlan> plan_volume(const VolumeRequest& request, const FindDriver& find_driver, const std::string& root) {
  if (request.volume["csi"].is_object()) return plan_inline(request, find_driver, root);
  return plan_claim(request, find_driver, root);
}

bool concerns_volume(const node::Pod& pod, const Value& volume, const Object& changed) {
  const client::Resource& kind = changed.resource;
  if (!kind.is("", "persistentvolumeclaims") && !kind.is("", "persistentvolumes") && kind.group != "storage.k8s.io")
    return false;
  if (volume["csi"].is_object()) {
    return changed.resource.is("storage.k8s.io", "csidrivers") && changed.name == volume["csi"]["driver"].as_string();
  }
  const std::string name = claim_name(pod.name, volume);
  if (changed.resource.is("", "persistentvolumeclaims")) return changed.name_space == pod.name_space && changed.name == name;
  if (changed.resource.is("", "persistentvolumes")) {
    const Value claim = changed["spec"]["claimRef"];
    return claim["namespace"].as_string() == pod.name_space && claim["name"].as_string() == name;
  }
  // Which volume it is about takes more than the object to know; there are few changes of them.
  return changed.resource.is("storage.k8s.io", "volumeattachments") &&
         changed["spec"]["nodeName"].as_string() == pod.spec()["nodeName"].as_string();
}

}  // namespace plinth::csi
