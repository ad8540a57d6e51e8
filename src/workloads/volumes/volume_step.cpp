#include "workloads/volumes/claim_step.h"
#include "workloads/volumes/claims.h"

namespace plinth::workloads {
namespace {

using client::Object;
using client::Plan;
using client::View;

client::Request phase_request(const Object& volume, std::string_view phase, std::string_view message) {
  Draft draft(volume.document);
  Value& status = draft.member(draft.root(), "status");
  if (!status.is_object()) status = draft.object();
  draft.set(status, "phase", phase);
  if (message.empty())
    draft.remove(status, "message");
  else
    draft.set(status, "message", message);
  return client::update_request(volume, "status", draft.root(), kBinderName);
}

void set_phase(const Object& volume, std::string_view phase, Plan& plan) {
  if (volume["status"]["phase"].as_string() != phase) plan.requests.push_back(phase_request(volume, phase, ""));
}

void fail(const Object& volume, std::string_view reason, const std::string& message, client::EventRecorder& events,
          Plan& plan) {
  const Value status = volume["status"];
  if (status["phase"].as_string() == "Failed" && status["message"].as_string() == message) return;
  plan.requests.push_back(phase_request(volume, "Failed", message));
  events.warning(volume, reason, message);
}

// What is left of a volume whose claim is gone. Storage is deleted by the provisioner that made it.
void reclaim(const Object& volume, client::EventRecorder& events, Plan& plan) {
  const std::string_view policy = volume["spec"]["persistentVolumeReclaimPolicy"].as_string();
  if (policy == "Recycle") return fail(volume, "VolumeFailedRecycle", "No recycler plugin found for the volume!", events, plan);
  if (policy != "Delete") return;
  const std::string_view provisioner = annotation(volume, kProvisionedBy);
  if (provisioner.empty() || provisioner.starts_with("kubernetes.io/"))
    fail(volume, "VolumeFailedDelete",
         "error getting deleter volume plugin for volume \"" + volume.name + "\": no deletable volume plugin matched", events,
         plan);
}

void release(const Object& volume, const std::string& uid, client::EventRecorder& events, Plan& plan) {
  const Value reference = volume["spec"]["claimRef"];
  const std::string_view phase = volume["status"]["phase"].as_string();
  if (phase == "Released" || phase == "Failed") return reclaim(volume, events, plan);
  // Not on the word of a view that may be behind: what is released may be deleted.
  plan.requests.push_back(
      client::check_absent(claims_resource(), reference["namespace"].as_string(), reference["name"].as_string(), uid));
  plan.requests.push_back(phase_request(volume, "Released", ""));
}

// Its claim went to another volume: free again, but for the name that somebody asked for.
void unbind(const Object& volume, Plan& plan) {
  Draft draft(volume.document);
  Value& spec = draft.member(draft.root(), "spec");
  if (!annotation(volume, kBoundByController).empty()) {
    draft.remove(spec, "claimRef");
    draft.remove(draft.member_path(draft.root(), {"metadata", "annotations"}), kBoundByController);
  } else {
    draft.remove(draft.member(spec, "claimRef"), "uid");
  }
  plan.requests.push_back(client::update_request(volume, "", draft.root(), kBinderName));
}

}  // namespace

void volume_step(const View& view, const Object& volume, client::EventRecorder& events, Plan& plan) {
  const Value reference = volume["spec"]["claimRef"];
  const std::string uid(reference["uid"].as_string());
  if (reference.is_null() || uid.empty()) return set_phase(volume, "Available", plan);
  const auto claim = view.get(claims_resource(), reference["namespace"].as_string(), reference["name"].as_string());
  if (!claim || claim->uid != uid) return release(volume, uid, events, plan);
  const std::string_view bound_to = (*claim)["spec"]["volumeName"].as_string();
  if (bound_to.empty()) {
    if (same_mode(volume, *claim)) return;  // the claim's next look finishes it
    events.warning_once(volume, "VolumeMismatch",
                        "Cannot bind PersistentVolume to requested PersistentVolumeClaim \"" + claim->name +
                            "\" due to incompatible volumeMode.");
    events.warning_once(*claim, "VolumeMismatch",
                        "Cannot bind PersistentVolume \"" + volume.name +
                            "\" to requested PersistentVolumeClaim due to incompatible volumeMode.");
    return;
  }
  if (bound_to == volume.name) return set_phase(volume, "Bound", plan);
  const bool made_for_it = !annotation(volume, kProvisionedBy).empty();
  if (!made_for_it || volume["spec"]["persistentVolumeReclaimPolicy"].as_string() != "Delete") return unbind(volume, plan);
  // Made for a claim that took another one: nobody wants it.
  const std::string_view phase = volume["status"]["phase"].as_string();
  if (phase == "Released" || phase == "Failed") return reclaim(volume, events, plan);
  plan.requests.push_back(phase_request(volume, "Released", ""));
}

}  // namespace plinth::workloads
