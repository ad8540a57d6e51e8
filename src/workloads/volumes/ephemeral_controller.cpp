#include "client/events.h"
#include "workloads/common/owner.h"
#include "workloads/common/pod_state.h"
#include "workloads/volumes/claims.h"
#include "workloads/volumes/volumes.h"

namespace plinth::workloads {
namespace {

using client::Object;
using client::Plan;
using client::View;

constexpr std::string_view kName = "ephemeral-volume-controller";

bool has_ephemeral(const Object& pod) {
  for (const Value& volume : pod["spec"]["volumes"].items()) {
    if (volume["ephemeral"].is_object()) return true;
  }
  return false;
}

// Keys are pods.
class EphemeralVolumes final : public client::Controller {
 public:
  std::string_view name() const override { return kName; }

  void keys_of(const client::Change& change, const View&, std::vector<std::string>& keys) const override {
    const Object& object = change.object;
    if (object.resource.is("", "pods")) {
      if (!change.deleted && has_ephemeral(object)) keys.push_back(client::make_key(object.name_space, object.name));
    } else if (object.resource.is("", "persistentvolumeclaims") && change.deleted && object.has_owners()) {
      const Value owner = controlling_reference(object.document.root());
      if (owner["kind"].as_string() == "Pod") keys.push_back(client::make_key(object.name_space, owner["name"].as_string()));
    }
  }

  void initial_keys(const View& view, std::vector<std::string>& keys) const override {
    view.list(*view.find_resource("", "pods"), "", [&](const Object& pod) {
      if (has_ephemeral(pod)) keys.push_back(client::make_key(pod.name_space, pod.name));
      return true;
    });
  }

  Plan step(const View& view, const std::string& key, const client::StepContext& context) const override {
    Plan plan;
    const auto [name_space, name] = client::split_key(key);
    const auto pod = view.get(*view.find_resource("", "pods"), name_space, name);
    if (!pod || pod->deleting() || is_terminal(pod->document.root())) return plan;
    client::EventRecorder events(view, kName, context.wall_ns, plan);
    for (const Value& volume : (*pod)["spec"]["volumes"].items()) {
      if (!volume["ephemeral"].is_object()) continue;
      const std::string claim_of_volume = claim_name(*pod, volume);
      const auto claim = view.get(claims_resource(), name_space, claim_of_volume);
      if (!claim) {
        plan.requests.push_back(create(*pod, volume, claim_of_volume));
      } else if (!is_controlled_by(*claim, pod->uid)) {
        events.warning_once(*pod, "FailedBinding",
                            "ephemeral volume " + std::string(volume["name"].as_string()) + ": PVC " + claim->name_space + "/" +
                                claim->name + " was not created for pod " + pod->name_space + "/" + pod->name +
                                " (pod is not owner)");
      }
    }
    return plan;
  }

 private:
  static client::Request create(const Object& pod, const Value& volume, const std::string& name) {
    const Value pvc_template = volume["ephemeral"]["volumeClaimTemplate"];
    Draft draft;
    Value& root = draft.root() = draft.object();
    draft.set(root, "apiVersion", "v1");
    draft.set(root, "kind", "PersistentVolumeClaim");
    Value metadata = draft.object();
    draft.set(metadata, "name", name);
    for (const std::string_view marks : {"labels", "annotations"}) {
      const Value given = pvc_template["metadata"][marks];
      if (given.size() > 0) draft.set(metadata, marks, draft.clone(given));
    }
    Value owners = draft.array();
    draft.push(owners, controller_reference(draft, pod));
    draft.set(metadata, "ownerReferences", owners);
    draft.set(root, "metadata", metadata);
    draft.set(root, "spec", draft.clone(pvc_template["spec"]));
    return client::create_request(claims_resource(), pod.name_space, root, kName);
  }
};

}  // namespace

std::unique_ptr<client::Controller> make_ephemeral_volumes() { return std::make_unique<EphemeralVolumes>(); }

}  // namespace plinth::workloads
