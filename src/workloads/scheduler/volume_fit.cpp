#include "workloads/scheduler/volume_fit.h"

#include <algorithm>
#include <set>

#include "workloads/common/node_selection.h"
#include "workloads/common/owner.h"
#include "workloads/volumes/claims.h"

namespace plinth::workloads {
namespace {

using client::Object;

client::Resource storage_kind(std::string plural, std::string kind, bool namespaced) {
  return {"storage.k8s.io", "v1", std::move(plural), std::move(kind), namespaced};
}

bool is_exclusive(const Object& claim) {
  const Value modes = claim["spec"]["accessModes"];
  return std::any_of(modes.items().begin(), modes.items().end(),
                     [](const Value& m) { return m.as_string() == "ReadWriteOncePod"; });
}

// Old volumes name their zone in labels; several are joined by "__".
bool in_zone(const Object& volume, const Object& node) {
  for (const std::string_view key : {"topology.kubernetes.io/zone", "topology.kubernetes.io/region",
                                     "failure-domain.beta.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/region"}) {
    const Value* wanted = volume.metadata()["labels"].find(key);
    const Value* have = node.metadata()["labels"].find(key);
    if (wanted == nullptr || have == nullptr) continue;
    const std::string zones = "__" + std::string(wanted->as_string()) + "__";
    if (zones.find("__" + std::string(have->as_string()) + "__") == std::string::npos) return false;
  }
  return true;
}

client::Request reserve(const Object& volume, const Object& claim, std::string_view manager) {
  Draft draft(volume.document);
  draft.member_path(draft.root(), {"spec", "claimRef"}) = claim_reference(draft, claim);
  draft.set(draft.member_path(draft.root(), {"metadata", "annotations"}), kBoundByController, "yes");
  return client::update_request(volume, "", draft.root(), manager);
}

client::Request select_node(const Object& claim, const std::string& node, std::string_view manager) {
  Draft draft(claim.document);
  draft.set(draft.member_path(draft.root(), {"metadata", "annotations"}), kSelectedNode, node);
  return client::update_request(claim, "", draft.root(), manager);
}

}  // namespace

VolumeFit::VolumeFit(const client::View& view, const PodFacts& pod, const std::vector<PodFactsPtr>& pods)
    : view_(view), pod_(pod) {
  if (!pod.claims.empty()) read_claims(pods);
}

void VolumeFit::read_claims(const std::vector<PodFactsPtr>& pods) {
  for (const Value& volume : pod_.spec()["volumes"].items()) {
    const bool ephemeral = volume["ephemeral"].is_object();
    if (!ephemeral && !volume["persistentVolumeClaim"].is_object()) continue;
    const std::string name = ephemeral ? pod_.object.name + "-" + std::string(volume["name"].as_string())
                                       : std::string(volume["persistentVolumeClaim"]["claimName"].as_string());
    const auto claim = view_.get(claims_resource(), pod_.object.name_space, name);
    if (!claim) {
      problem_ = ephemeral ? "waiting for ephemeral volume controller to create the persistentvolumeclaim \"" + name + "\""
                           : "persistentvolumeclaim \"" + name + "\" not found";
      return;
    }
    if (problem_ = problem_of(*claim, ephemeral); !problem_.empty()) return;
    for (const PodFactsPtr& other : pods) {
      const bool uses = other->object.name_space == pod_.object.name_space && !other->node.empty() && !other->terminal &&
                        std::find(other->claims.begin(), other->claims.end(), name) != other->claims.end();
      if (uses && is_exclusive(*claim)) rivals_.push_back(other);
    }
    (is_bound(*claim) ? bound_ : delayed_).push_back(*claim);
  }
  for (const Object& claim : delayed_) {
    const bool waits = waits_for_consumer(view_, claim) && claim["spec"]["volumeName"].as_string().empty();
    if (!waits) problem_ = "pod has unbound immediate PersistentVolumeClaims";
  }
}

std::string VolumeFit::problem_of(const Object& claim, bool ephemeral) const {
  if (claim["status"]["phase"].as_string() == "Lost")
    return "persistentvolumeclaim \"" + claim.name + "\" bound to non-existent persistentvolume \"" +
           std::string(claim["spec"]["volumeName"].as_string()) + "\"";
  if (claim.deleting()) return "persistentvolumeclaim \"" + claim.name + "\" is being deleted";
  if (ephemeral && !is_controlled_by(claim, pod_.object.uid))
    return "PVC " + claim.name_space + "/" + claim.name + " was not created for pod " + pod_.object.name_space + "/" +
           pod_.object.name + " (pod is not owner)";
  return "";
}

const std::vector<Object>& VolumeFit::volumes() const {
  if (!volumes_) {
    volumes_.emplace();
    view_.list(volumes_resource(), "", [&](const Object& volume) {
      volumes_->push_back(volume);
      return true;
    });
  }
  return *volumes_;
}

Verdict VolumeFit::check(const NodeRoom& room) const {
  if (pod_.claims.empty()) return Verdict::ok();
  // One that is bound here may have been taken away to see whether that helps.
  const bool blocked = std::any_of(rivals_.begin(), rivals_.end(), [&](const PodFactsPtr& rival) {
    return rival->node != room.node.name || std::find(room.pods.begin(), room.pods.end(), rival) != room.pods.end();
  });
  if (blocked) {
    return Verdict::refuse(
        "node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod");
  }
  if (Verdict verdict = check_limits(room); !verdict.fits()) return verdict;
  if (Verdict verdict = check_bound(room); !verdict.fits()) return verdict;
  return check_unbound(room);
}

Verdict VolumeFit::check_bound(const NodeRoom& room) const {
  for (const Object& claim : bound_) {
    const auto volume = view_.get(volumes_resource(), "", claim["spec"]["volumeName"].as_string());
    if (!volume) return Verdict::refuse_for_good("node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)");
    if (!matches_node_selector((*volume)["spec"]["nodeAffinity"]["required"], room.node))
      return Verdict::refuse_for_good("node(s) had volume node affinity conflict");
    if (!in_zone(*volume, room.node)) return Verdict::refuse_for_good("node(s) had no available volume zone");
  }
  return Verdict::ok();
}

Verdict VolumeFit::check_unbound(const NodeRoom& room) const {
  const auto no_volume = [] { return Verdict::refuse_for_good("node(s) didn't find available persistent volumes to bind"); };
  std::vector<Object> left = delayed_.empty() ? std::vector<Object>() : volumes();
  for (const Object& claim : delayed_) {
    const std::string_view selected = annotation(claim, kSelectedNode);
    if (!selected.empty() && selected != room.node.name) return no_volume();
    if (const Object* match = selected.empty() ? find_match(claim, left, &room.node, /*waits=*/true) : nullptr) {
      const std::string name = match->name;
      std::erase_if(left, [&](const Object& volume) { return volume.name == name; });
      continue;
    }
    const bool reserved_elsewhere = std::any_of(left.begin(), left.end(), [&](const Object& v) { return refers_to(v, claim); });
    bool enough_space = true;
    if (reserved_elsewhere || !can_be_provisioned(claim, room, enough_space)) return no_volume();
    if (!enough_space) return Verdict::refuse_for_good("node(s) did not have enough free storage");
  }
  return Verdict::ok();
}

bool VolumeFit::can_be_provisioned(const Object& claim, const NodeRoom& room, bool& enough_space) const {
  const auto storage_class = class_of(view_, claim);
  if (!storage_class) return false;
  const std::string_view provisioner = (*storage_class)["provisioner"].as_string();
  if (provisioner.empty() || provisioner == kNoProvisioner) return false;
  if (!matches_topology_terms((*storage_class)["allowedTopologies"], room.node)) return false;
  enough_space = has_capacity(*storage_class, claim, room);
  return true;
}

// Only of drivers that say how much they have.
bool VolumeFit::has_capacity(const Object& storage_class, const Object& claim, const NodeRoom& room) const {
  const auto driver = view_.get(storage_kind("csidrivers", "CSIDriver", false), "", storage_class["provisioner"].as_string());
  if (!driver || !(*driver)["spec"]["storageCapacity"].as_bool()) return true;
  bool enough = false;
  const api::Quantity wanted = requested_storage(claim);
  view_.list(storage_kind("csistoragecapacities", "CSIStorageCapacity", true), "", [&](const Object& capacity) {
    if (capacity["storageClassName"].as_string() != storage_class.name) return true;
    const auto topology = api::LabelSelector::from_object(capacity["nodeTopology"]);
    const Value most = capacity["maximumVolumeSize"];
    const auto size = api::Quantity::parse((most.is_null() ? capacity["capacity"] : most).as_string());
    enough = topology.ok() && topology->matches(room.labels()) && size.ok() && size->compare(wanted) >= 0;
    return !enough;
  });
  return enough;
}

// The CSI driver behind a claim, and what counts as one volume of it.
std::string VolumeFit::driver_of(const std::string& name_space, const std::string& name, std::string& handle) const {
  const auto claim = view_.get(claims_resource(), name_space, name);
  if (!claim) return "";
  const std::string_view volume_name = (*claim)["spec"]["volumeName"].as_string();
  const auto volume = volume_name.empty() ? std::nullopt : view_.get(volumes_resource(), "", volume_name);
  if (volume) {
    handle = (*volume)["spec"]["csi"]["volumeHandle"].as_string();
    return std::string((*volume)["spec"]["csi"]["driver"].as_string());
  }
  const auto storage_class = class_of(view_, *claim);
  handle = name_space + "/" + name;
  return storage_class ? std::string((*storage_class)["provisioner"].as_string()) : std::string();
}

Verdict VolumeFit::check_limits(const NodeRoom& room) const {
  const auto csi_node = view_.get(storage_kind("csinodes", "CSINode", false), "", room.node.name);
  if (!csi_node) return Verdict::ok();
  for (const Value& driver : (*csi_node)["spec"]["drivers"].items()) {
    const Value most = driver["allocatable"]["count"];
    if (!most.is_int()) continue;
    std::set<std::string> here;
    auto add = [&](const PodFacts& pod) {
      std::size_t before = here.size();
      for (const std::string& claim : pod.claims) {
        std::string handle;
        if (driver_of(pod.object.name_space, claim, handle) == driver["name"].as_string()) here.insert(handle);
      }
      return here.size() - before;
    };
    for (const PodFactsPtr& pod : room.pods) add(*pod);
    if (add(pod_) > 0 && static_cast<std::int64_t>(here.size()) > most.as_int())
      return Verdict::refuse("node(s) exceed max volume count");
  }
  return Verdict::ok();
}

VolumePlan VolumeFit::plan(const NodeRoom& room, std::string_view manager) const {
  VolumePlan out;
  std::vector<Object> left = delayed_.empty() ? std::vector<Object>() : volumes();
  for (const Object& claim : delayed_) {
    out.waiting = true;
    if (!annotation(claim, kSelectedNode).empty()) continue;
    const Object* match = find_match(claim, left, &room.node, /*waits=*/true);
    if (match == nullptr) {
      out.requests.push_back(select_node(claim, room.node.name, manager));
      continue;
    }
    // One that has the claim's uid is reserved: the binder does the rest.
    if ((*match)["spec"]["claimRef"]["uid"].as_string() != claim.uid) out.requests.push_back(reserve(*match, claim, manager));
    const std::string name = match->name;
    std::erase_if(left, [&](const Object& volume) { return volume.name == name; });
  }
  return out;
}

}  // namespace plinth::workloads
