#include "workloads/volumes/claim_step.h"

#include <algorithm>

#include "base/text.h"
#include "workloads/common/pod_state.h"
#include "workloads/csi/provision.h"
#include "workloads/volumes/claims.h"

namespace plinth::workloads {
namespace {

using client::Object;
using client::Plan;
using client::View;

constexpr std::string_view kLostReference = "Bound claim has lost reference to PersistentVolume. Data on the volume is lost!";
constexpr std::string_view kLostVolume = "Bound claim has lost its PersistentVolume. Data on the volume is lost!";
constexpr std::string_view kMisbound = "Two claims are bound to the same volume, this one is bound incorrectly";
constexpr std::string_view kPreResizeCapacity = "volume.alpha.kubernetes.io/pre-resize-capacity";

// One claim and everything that one look at it needs.
class ClaimStep {
 public:
  ClaimStep(const View& view, const Object& claim, client::EventRecorder& events, Plan& plan)
      : view_(view), claim_(claim), events_(events), plan_(plan) {}

  void run() {
    if (claim_.metadata()["annotations"].find(kBindCompleted) != nullptr) return check_bound();
    // What is going gets no volume any more.
    if (claim_.deleting()) return;
    if (claim_["spec"]["volumeName"].as_string().empty()) return find_volume();
    take_named_volume();
  }

 private:
  void check_bound() {
    const std::string_view name = claim_["spec"]["volumeName"].as_string();
    if (name.empty()) return lose("ClaimLost", kLostReference);
    const auto volume = view_.get(volumes_resource(), "", name);
    if (!volume) return lose("ClaimLost", kLostVolume);
    const Value reference = (*volume)["spec"]["claimRef"];
    if (!reference.is_null() && reference["uid"].as_string() != claim_.uid) return lose("ClaimMisbound", kMisbound);
    bind(*volume);
  }

  void find_volume() {
    std::vector<Object> volumes;
    view_.list(volumes_resource(), "", [&](const Object& volume) {
      volumes.push_back(volume);
      return true;
    });
    const bool waits = waits_for_consumer(view_, claim_);
    if (const Object* match = find_match(claim_, volumes, nullptr, waits)) return bind(*match);
    if (!names_class(claim_)) {
      if (const auto chosen = default_class(view_)) return take_class(chosen->name);
    }
    if (waits && annotation(claim_, kSelectedNode).empty()) {
      tell_what_is_waited_for();
    } else if (!class_name(claim_).empty()) {
      return hand_to_provisioner();
    } else {
      events_.normal_once(claim_, "FailedBinding",
                          "no persistent volumes available for this claim and no storage class is set");
    }
    set_status("Pending", nullptr);
  }

  void take_class(const std::string& name) {
    Draft draft(claim_.document);
    draft.set(draft.member(draft.root(), "spec"), "storageClassName", name);
    plan_.requests.push_back(client::update_request(claim_, "", draft.root(), kBinderName));
  }

  void tell_what_is_waited_for() {
    std::vector<std::string> pods;
    view_.list(*view_.find_resource("", "pods"), claim_.name_space, [&](const Object& pod) {
      if (!pod["spec"]["nodeName"].as_string().empty() || is_terminal(pod.document.root())) return true;
      for (const Value& volume : pod["spec"]["volumes"].items()) {
        if (claim_name(pod, volume) == claim_.name) pods.push_back(pod.name);
      }
      return true;
    });
    if (pods.empty())
      events_.normal_once(claim_, "WaitForFirstConsumer", "waiting for first consumer to be created before binding");
    else
      events_.normal_once(
          claim_, "WaitForPodScheduled",
          std::string("waiting for ") + (pods.size() > 1 ? "pods " : "pod ") + join(pods, ",") + " to be scheduled");
  }

  void hand_to_provisioner() {
    const auto found = class_of(view_, claim_);
    if (!found) {
      events_.warning_once(claim_, "ProvisioningFailed",
                           "storageclass.storage.k8s.io \"" + std::string(class_name(claim_)) + "\" not found");
      return;
    }
    const std::string provisioner((*found)["provisioner"].as_string());
    // Names of plug-ins that are compiled in; there are none here.
    if (provisioner.starts_with("kubernetes.io/")) {
      events_.warning_once(claim_, "ProvisioningFailed", "no volume plugin matched name: " + provisioner);
      return;
    }
    if (annotation(claim_, kProvisioner) != provisioner) {
      Draft draft(claim_.document);
      Value& annotations = draft.member_path(draft.root(), {"metadata", "annotations"});
      draft.set(annotations, kProvisionerBeta, provisioner);
      draft.set(annotations, kProvisioner, provisioner);
      plan_.requests.push_back(client::update_request(claim_, "", draft.root(), kBinderName));
    }
    events_.normal_once(claim_, "ExternalProvisioning",
                        "Waiting for a volume to be created either by the external provisioner '" + provisioner +
                            "' or manually by the system administrator. If volume creation is delayed, please verify that the "
                            "provisioner is running and correctly registered.");
  }

  void take_named_volume() {
    const auto volume = view_.get(volumes_resource(), "", claim_["spec"]["volumeName"].as_string());
    if (!volume) return set_status("Pending", nullptr);
    if ((*volume)["spec"]["claimRef"].is_null()) {
      const std::string why = mismatch(*volume, claim_);
      if (why.empty()) return bind(*volume);
      events_.warning_once(claim_, "VolumeMismatch", "Cannot bind to requested volume \"" + volume->name + "\": " + why);
      return set_status("Pending", nullptr);
    }
    if (refers_to(*volume, claim_)) return bind(*volume);
    events_.warning_once(claim_, "FailedBinding", "volume \"" + volume->name + "\" already bound to a different claim.");
    set_status("Pending", nullptr);
  }

  // The first of these that is missing: the volume's reference, its phase, the claim's, its status.
  void bind(const Object& volume) {
    if (volume["spec"]["claimRef"]["uid"].as_string() != claim_.uid) return reserve(volume);
    if (volume["status"]["phase"].as_string() != "Bound") {
      Draft draft(volume.document);
      draft.set(draft.member(draft.root(), "status"), "phase", "Bound");
      plan_.requests.push_back(client::update_request(volume, "status", draft.root(), kBinderName));
      return;
    }
    const bool named = claim_["spec"]["volumeName"].as_string() == volume.name;
    if (!named || claim_.metadata()["annotations"].find(kBindCompleted) == nullptr) {
      Draft draft(claim_.document);
      Value& annotations = draft.member_path(draft.root(), {"metadata", "annotations"});
      if (!named) draft.set(annotations, kBoundByController, "yes");
      draft.set(annotations, kBindCompleted, "yes");
      draft.set(draft.member(draft.root(), "spec"), "volumeName", volume.name);
      // The volume that was made for it is there: its provisioner has nothing more to find out.
      if (volume.name == volume_name_for(claim_)) drop_finalizer(draft, kBeingProvisioned);
      plan_.requests.push_back(client::update_request(claim_, "", draft.root(), kBinderName));
      return;
    }
    set_status("Bound", &volume);
  }

  void drop_finalizer(Draft& draft, std::string_view name) {
    if (!claim_.has_finalizer(name)) return;
    Value list = draft.array();
    for (const Value& finalizer : claim_.metadata()["finalizers"].items()) {
      if (finalizer.as_string() != name) draft.push(list, finalizer);
    }
    draft.set(draft.member(draft.root(), "metadata"), "finalizers", list);
  }

  void reserve(const Object& volume) {
    Draft draft(volume.document);
    if (volume["spec"]["claimRef"].is_null())
      draft.set(draft.member_path(draft.root(), {"metadata", "annotations"}), kBoundByController, "yes");
    draft.member_path(draft.root(), {"spec", "claimRef"}) = claim_reference(draft, claim_);
    plan_.requests.push_back(client::update_request(volume, "", draft.root(), kBinderName));
  }

  void lose(std::string_view reason, std::string_view message) {
    if (claim_["status"]["phase"].as_string() == "Lost") return;
    set_status("Lost", nullptr);
    events_.warning(claim_, reason, std::string(message));
  }

  void set_status(std::string_view phase, const Object* volume) {
    const Value before = claim_["status"];
    Draft draft(claim_.document);
    Value& status = draft.member(draft.root(), "status");
    if (!status.is_object()) status = draft.object();
    const bool new_phase = before["phase"].as_string() != phase;
    bool changed = new_phase;
    draft.set(status, "phase", phase);
    if (volume == nullptr) {
      for (const std::string_view field : {"accessModes", "capacity", "currentVolumeAttributesClassName"})
        changed = draft.remove(status, field) || changed;
    } else {
      const Value spec = (*volume)["spec"];
      if (!equal(before["accessModes"], spec["accessModes"])) {
        draft.set(status, "accessModes", draft.clone(spec["accessModes"]));
        changed = true;
      }
      if (new_phase) set_capacity(draft, status, *volume);
      if (new_phase && spec["volumeAttributesClassName"].is_string())
        draft.set(status, "currentVolumeAttributesClassName", spec["volumeAttributesClassName"].as_string());
    }
    if (changed) plan_.requests.push_back(client::update_request(claim_, "status", draft.root(), kBinderName));
  }

  // A volume that is being expanded has the size from before until its file system has grown.
  static void set_capacity(Draft& draft, Value& status, const Object& volume) {
    const std::string_view before = annotation(volume, kPreResizeCapacity);
    draft.set(status, "capacity", draft.clone(volume["spec"]["capacity"]));
    if (!before.empty()) draft.set(draft.member(status, "capacity"), "storage", before);
  }

  const View& view_;
  const Object& claim_;
  client::EventRecorder& events_;
  Plan& plan_;
};

}  // namespace

void claim_step(const View& view, const Object& claim, client::EventRecorder& events, Plan& plan) {
  ClaimStep(view, claim, events, plan).run();
}

}  // namespace plinth::workloads
