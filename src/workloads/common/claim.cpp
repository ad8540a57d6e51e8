#include "workloads/common/claim.h"

#include <algorithm>

#include "workloads/common/owner.h"

namespace plinth::workloads {
namespace {

using client::Object;
using client::Plan;

client::Request change_owner(const Object& object, const Object& owner, bool adopt, const ClaimOptions& options) {
  Draft patch;
  patch.root() = patch.object();
  Value& metadata = patch.member(patch.root(), "metadata");
  metadata = patch.object();
  Value references = patch.array();
  for (const Value& o : object.metadata()["ownerReferences"].items()) {
    if (o["uid"].as_string() != owner.uid) patch.push(references, patch.clone(o));
  }
  if (adopt) patch.push(references, controller_reference(patch, owner));
  patch.set(metadata, "ownerReferences", references.size() > 0 ? references : Value());
  if (!options.finalizer.empty() && object.has_finalizer(options.finalizer) != adopt) {
    Value finalizers = patch.array();
    for (const Value& f : object.metadata()["finalizers"].items()) {
      if (f.as_string() != options.finalizer) patch.push(finalizers, patch.clone(f));
    }
    if (adopt) patch.push(finalizers, patch.text(options.finalizer));
    patch.set(metadata, "finalizers", finalizers.size() > 0 ? finalizers : Value());
  }
  return client::merge_patch_request(object, "", std::move(patch), /*same_revision=*/true, options.manager);
}

}  // namespace

std::vector<Object> claim(const client::View& view, const Object& owner, const api::LabelSelector& selector,
                          const client::Resource& kind, const ClaimOptions& options, Plan& plan) {
  std::vector<Object> owned;
  const bool leaves_alone = options.only_owned || owner.deleting();
  for (Object& object : view.owned_by(owner.uid)) {
    if (object.resource != kind || !is_controlled_by(object, owner.uid)) continue;
    if (options.only_owned || selector.matches(object.metadata()["labels"])) {
      owned.push_back(std::move(object));
    } else if (!leaves_alone) {
      plan.requests.push_back(change_owner(object, owner, false, options));
    }
  }
  bool checked = false;
  if (!leaves_alone) {
    view.list_where(kind, owner.name_space, {&selector, /*ownerless=*/true}, [&](const Object& object) {
      if (object.deleting()) return true;
      if (options.adoptable && !options.adoptable(object)) return true;
      // An owner that has just been deleted must not adopt: what it left is to stay.
      if (!std::exchange(checked, true)) plan.requests.push_back(client::check_live(owner));
      plan.requests.push_back(change_owner(object, owner, true, options));
      owned.push_back(object);
      return true;
    });
  }
  std::sort(owned.begin(), owned.end(), [](const Object& a, const Object& b) { return a.name < b.name; });
  return owned;
}

void keys_of_matching(const client::View& view, const client::Resource& controllers, const Object& orphan,
                      std::vector<std::string>& keys) {
  if (view.count(controllers, orphan.name_space) == 0) return;
  const api::Labels labels = api::labels_of(orphan.metadata()["labels"]);
  if (labels.empty()) return;
  view.list(controllers, orphan.name_space, [&](const Object& controller) {
    const Value object = controller["spec"]["selector"];
    const bool map = controllers.is("", "replicationcontrollers");
    auto selector =
        map ? Result<api::LabelSelector>(api::LabelSelector::from_map(object)) : api::LabelSelector::from_object(object);
    if (selector.ok() && !selector->matches_everything() && selector->matches(labels))
      keys.push_back(client::make_key(controller.name_space, controller.name));
    return true;
  });
}

}  // namespace plinth::workloads
