#include "workloads/common/pod_state.h"
#include "workloads/volumes/claim_step.h"
#include "workloads/volumes/claims.h"
#include "workloads/volumes/volumes.h"

namespace plinth::workloads {
namespace {

using client::Object;
using client::Plan;
using client::View;

// Keys: "claim/NAMESPACE/NAME", "volume/NAME".
std::string claim_key(std::string_view name_space, std::string_view name) {
  return "claim/" + std::string(name_space) + "/" + std::string(name);
}
std::string volume_key(std::string_view name) { return "volume/" + std::string(name); }

class VolumeBinder final : public client::Controller {
 public:
  std::string_view name() const override { return kBinderName; }

  void keys_of(const client::Change& change, const View& view, std::vector<std::string>& keys) const override {
    const Object& object = change.object;
    if (object.resource.is("", "persistentvolumeclaims")) {
      keys_of_claim(object, view, keys);
    } else if (object.resource.is("", "persistentvolumes")) {
      keys_of_volume(object, view, keys);
    } else if (object.resource.is("storage.k8s.io", "storageclasses")) {
      unbound_claims(view, "", keys);
    } else if (object.resource.is("", "pods") && (change.created || change.deleted)) {
      // A claim says for whom it waits.
      for (const Value& volume : object["spec"]["volumes"].items()) {
        const std::string name = claim_name(object, volume);
        if (!name.empty()) keys.push_back(claim_key(object.name_space, name));
      }
    }
  }

  void initial_keys(const View& view, std::vector<std::string>& keys) const override {
    view.list(claims_resource(), "", [&](const Object& claim) {
      keys.push_back(claim_key(claim.name_space, claim.name));
      return true;
    });
    view.list(volumes_resource(), "", [&](const Object& volume) {
      keys.push_back(volume_key(volume.name));
      return true;
    });
  }

  Plan step(const View& view, const std::string& key, const client::StepContext& context) const override {
    Plan plan;
    client::EventRecorder events(view, kBinderName, context.wall_ns, plan);
    const auto [kind, rest] = client::split_key(key);
    if (kind == "volume") {
      if (const auto volume = view.get(volumes_resource(), "", rest)) volume_step(view, *volume, events, plan);
      return plan;
    }
    const auto [name_space, name] = client::split_key(rest);
    if (const auto claim = view.get(claims_resource(), name_space, name)) claim_step(view, *claim, events, plan);
    return plan;
  }

 private:
  static void keys_of_claim(const Object& claim, const View& view, std::vector<std::string>& keys) {
    keys.push_back(claim_key(claim.name_space, claim.name));
    const std::string_view volume = claim["spec"]["volumeName"].as_string();
    if (!volume.empty()) keys.push_back(volume_key(volume));
    // Volumes that are kept for it by name, or went to it while it took another.
    view.list(volumes_resource(), "", [&](const Object& other) {
      const Value reference = other["spec"]["claimRef"];
      if (reference["name"].as_string() == claim.name && reference["namespace"].as_string() == claim.name_space &&
          other.name != volume)
        keys.push_back(volume_key(other.name));
      return true;
    });
  }

  static void keys_of_volume(const Object& volume, const View& view, std::vector<std::string>& keys) {
    keys.push_back(volume_key(volume.name));
    const Value reference = volume["spec"]["claimRef"];
    if (!reference.is_null()) keys.push_back(claim_key(reference["namespace"].as_string(), reference["name"].as_string()));
    unbound_claims(view, volume.name, keys);
  }

  // Claims that have no volume, and those that name this one.
  static void unbound_claims(const View& view, std::string_view volume, std::vector<std::string>& keys) {
    view.list(claims_resource(), "", [&](const Object& claim) {
      const bool names_it = !volume.empty() && claim["spec"]["volumeName"].as_string() == volume;
      if (names_it || !is_bound(claim)) keys.push_back(claim_key(claim.name_space, claim.name));
      return true;
    });
  }
};

}  // namespace

std::unique_ptr<client::Controller> make_volume_binder() { return std::make_unique<VolumeBinder>(); }

}  // namespace plinth::workloads
