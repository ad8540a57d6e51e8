#include "control/volume_protection.h"

namespace plinth::control {
namespace {

using client::Change;
using client::Object;
using client::Plan;
using client::View;

// The request that puts `finalizer` on the object or takes it off, on condition that the object is still as it was seen.
client::Request change_finalizer(const Object& object, std::string_view finalizer, bool wanted, std::string_view manager) {
  Draft changed(object.document);
  Value finalizers = changed.array();
  for (const Value& f : object.metadata()["finalizers"].items()) {
    if (f.as_string() != finalizer) changed.push(finalizers, f);
  }
  if (wanted) changed.push(finalizers, changed.text(finalizer));
  changed.member_path(changed.root(), {"metadata", "finalizers"}) = finalizers;
  return client::update_request(object, "", changed.root(), manager);
}

// What both kinds have in common; keys are "ns/name".
class Protection : public client::Controller {
 public:
  Protection(std::string_view name, std::string_view plural, std::string_view finalizer)
      : name_(name), plural_(plural), finalizer_(finalizer) {}
  std::string_view name() const override { return name_; }

  void initial_keys(const View& view, std::vector<std::string>& keys) const override {
    view.list(*view.find_resource("", plural_), "", [&](const Object& object) {
      if (concerns(object)) keys.push_back(client::make_key(object.name_space, object.name));
      return true;
    });
  }

  Plan step(const View& view, const std::string& key, const client::StepContext&) const override {
    Plan plan;
    const auto [name_space, name] = client::split_key(key);
    const auto object = view.get(*view.find_resource("", plural_), name_space, name);
    if (!object || !concerns(*object)) return plan;
    if (!object->deleting())
      plan.requests.push_back(change_finalizer(*object, finalizer_, true, name_));
    else if (!is_used(view, *object))
      plan.requests.push_back(change_finalizer(*object, finalizer_, false, name_));
    return plan;
  }

  void keys_of(const Change& change, const View& view, std::vector<std::string>& keys) const override {
    const Object& object = change.object;
    if (!object.resource.group.empty()) return;
    if (object.resource.plural == plural_) {
      if (!change.deleted && concerns(object)) keys.push_back(client::make_key(object.name_space, object.name));
      return;
    }
    keys_of_other(change, view, keys);
  }

 protected:
  virtual bool is_used(const View& view, const Object& object) const = 0;
  virtual void keys_of_other(const Change&, const View&, std::vector<std::string>&) const {}
  // It has the finalizer and is to be deleted, or the other way round.
  bool concerns(const Object& object) const { return object.has_finalizer(finalizer_) == object.deleting(); }
  std::string_view plural() const { return plural_; }

 private:
  std::string_view name_, plural_, finalizer_;
};

// A kubelet is done with it, or was not asked: it only waits to be removed.
bool is_shut_down(const Object& pod) {
  const Value grace = pod.metadata()["deletionGracePeriodSeconds"];
  return pod.deleting() && grace.is_int() && grace.as_int() == 0;
}

// The claim that a volume of the pod names or has made for it; "" when it is of another kind.
std::string claim_name(const Object& pod, const Value& volume) {
  if (volume["persistentVolumeClaim"].is_object()) return std::string(volume["persistentVolumeClaim"]["claimName"].as_string());
  return volume["ephemeral"].is_object() ? pod.name + "-" + std::string(volume["name"].as_string()) : std::string();
}

bool is_controlled_by(const Object& claim, const Object& pod) {
  for (const Value& owner : claim.metadata()["ownerReferences"].items()) {
    if (owner["controller"].as_bool()) return owner["uid"].as_string() == pod.uid;
  }
  return false;
}

class ClaimProtection final : public Protection {
 public:
  ClaimProtection() : Protection("pvc-protection-controller", "persistentvolumeclaims", "kubernetes.io/pvc-protection") {}

 private:
  // Before a pod has a node no kubelet sees it, and none starts a pod whose claim is being deleted.
  bool is_used(const View& view, const Object& claim) const override {
    bool used = false;
    view.list(*view.find_resource("", "pods"), claim.name_space, [&](const Object& pod) {
      if (pod["spec"]["nodeName"].as_string().empty()) return true;
      for (const Value& volume : pod["spec"]["volumes"].items()) {
        if (claim_name(pod, volume) != claim.name) continue;
        const bool made_for_pod = volume["ephemeral"].is_object();
        used = used || !made_for_pod || (!is_shut_down(pod) && is_controlled_by(claim, pod));
      }
      return !used;
    });
    return used;
  }

  void keys_of_other(const Change& change, const View& view, std::vector<std::string>& keys) const override {
    const Object& pod = change.object;
    if (pod.resource.plural != "pods" || !may_release(change)) return;
    const auto claims = view.find_resource("", plural());
    for (const Value& volume : pod["spec"]["volumes"].items()) {
      const std::string name = claim_name(pod, volume);
      if (name.empty()) continue;
      const auto claim = view.get(*claims, pod.name_space, name);
      if (claim && concerns(*claim)) keys.push_back(client::make_key(pod.name_space, name));
    }
  }

  static bool may_release(const Change& change) {
    return change.deleted || change.object.deleting() || change.object["spec"]["nodeName"].as_string().empty();
  }
};

class VolumeProtection final : public Protection {
 public:
  VolumeProtection() : Protection("pv-protection-controller", "persistentvolumes", "kubernetes.io/pv-protection") {}

 private:
  bool is_used(const View&, const Object& volume) const override { return volume["status"]["phase"].as_string() == "Bound"; }
};

}  // namespace

std::unique_ptr<client::Controller> make_claim_protection() { return std::make_unique<ClaimProtection>(); }
std::unique_ptr<client::Controller> make_volume_protection() { return std::make_unique<VolumeProtection>(); }

}  // namespace plinth::control
