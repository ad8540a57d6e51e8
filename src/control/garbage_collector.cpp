#include "control/garbage_collector.h"

#include <algorithm>
#include <set>

#include "base/json.h"

namespace plinth::control {
namespace {

using client::Change;
using client::Object;
using client::OwnerReference;
using client::Plan;
using client::View;

constexpr std::string_view kName = "generic-garbage-collector";
constexpr std::string_view kForeground = "foregroundDeletion";
constexpr std::string_view kOrphan = "orphan";

// An owner counts as present when an object of that uid is there, under the kind and name that the reference says, in a
// namespace that the dependent may refer to.
bool is_present(const View& view, const Object& dependent, const OwnerReference& owner) {
  const auto object = view.by_uid(owner.uid);
  if (!object || object->name != owner.name || object->resource.kind != owner.kind) return false;
  return object->name_space.empty() || object->name_space == dependent.name_space;
}

// The owner's kind, if it is known at all: while it is not, nothing is concluded from the absence of its objects.
std::optional<client::Resource> kind_of(const View& view, const OwnerReference& owner) {
  const std::size_t slash = owner.api_version.find('/');
  const std::string group = slash == std::string::npos ? "" : owner.api_version.substr(0, slash);
  for (const client::Resource& r : view.resources()) {
    if (r.group == group && r.kind == owner.kind) return r;
  }
  return std::nullopt;
}

// How long until an owner of a kind that is not known is looked for again.
constexpr std::int64_t kUnknownKindNs = 30'000'000'000;

Value without_finalizer(Draft& draft, const Object& object, std::string_view finalizer) {
  Value kept = draft.array();
  for (const Value& f : object.metadata()["finalizers"].items()) {
    if (f.as_string() != finalizer) draft.push(kept, draft.clone(f));
  }
  return kept;
}

client::Request drop_finalizer(const Object& object, std::string_view finalizer) {
  Draft patch;
  patch.root() = patch.object();
  Value& metadata = patch.member(patch.root(), "metadata");
  metadata = patch.object();
  patch.member(metadata, "finalizers") = without_finalizer(patch, object, finalizer);
  return client::merge_patch_request(object, "", std::move(patch), /*same_revision=*/true, kName);
}

// The dependent without its references to the uids named.
template <typename Drop>
client::Request drop_owners(const Object& dependent, Drop drop) {
  Draft patch;
  patch.root() = patch.object();
  Value& metadata = patch.member(patch.root(), "metadata");
  metadata = patch.object();
  Value kept = patch.array();
  for (const Value& o : dependent.metadata()["ownerReferences"].items()) {
    if (!drop(o["uid"].as_string())) patch.push(kept, patch.clone(o));
  }
  patch.member(metadata, "ownerReferences") = kept;
  return client::merge_patch_request(dependent, "", std::move(patch), /*same_revision=*/true, kName);
}

// Keys are uids.
class GarbageCollector final : public client::Controller {
 public:
  std::string_view name() const override { return kName; }

  void keys_of(const Change& change, const View& view, std::vector<std::string>& keys) const override {
    if (change.deleted) {
      for (const Object& dependent : view.owned_by(change.object.uid)) keys.push_back(dependent.uid);
      // An owner that waits for this dependent goes on.
      for (const OwnerReference& owner : change.object.owners()) keys.push_back(owner.uid);
      return;
    }
    if (has_work(change.object)) keys.push_back(change.object.uid);
    if (change.object.deleting()) return;
    for (const OwnerReference& owner : change.object.owners()) {
      if (const auto object = view.by_uid(owner.uid); object && object->deleting()) keys.push_back(owner.uid);
    }
  }

  void initial_keys(const View& view, std::vector<std::string>& keys) const override {
    for (const client::Resource& resource : view.resources()) {
      view.list(resource, "", [&](const Object& object) {
        if (has_work(object)) keys.push_back(object.uid);
        return true;
      });
    }
  }

  Plan step(const View& view, const std::string& key, const client::StepContext&) const override {
    Plan plan;
    const auto object = view.by_uid(key);
    if (!object) return plan;
    if (object->deleting()) {
      if (object->has_finalizer(kOrphan))
        plan_orphan(view, *object, plan);
      else if (object->has_finalizer(kForeground))
        plan_foreground(view, *object, plan);
      return plan;
    }
    plan_dependent(view, *object, plan);
    return plan;
  }

 private:
  static bool has_work(const Object& object) {
    if (object.deleting()) return object.has_finalizer(kOrphan) || object.has_finalizer(kForeground);
    return object.has_owners();
  }

  static void plan_orphan(const View& view, const Object& owner, Plan& plan) {
    for (const Object& dependent : view.owned_by(owner.uid)) {
      plan.requests.push_back(drop_owners(dependent, [&](std::string_view uid) { return uid == owner.uid; }));
    }
    plan.requests.push_back(drop_finalizer(owner, kOrphan));
  }

  // Whether somebody else, who is not waiting for its dependents either, owns it too.
  static bool has_other_owner(const View& view, const Object& dependent, const std::string& uid) {
    for (const OwnerReference& owner : dependent.owners()) {
      if (owner.uid == uid) continue;
      if (!kind_of(view, owner)) return true;  // nobody knows: then it stays
      if (!is_present(view, dependent, owner)) continue;
      const auto live = view.by_uid(owner.uid);
      if (!live->deleting() || !live->has_finalizer(kForeground)) return true;
    }
    return false;
  }

  // Dependents that block go first; each in the foreground when it has dependents of its own. Those that somebody else owns too
  // stay, and lose their reference. Those that wait for this owner in turn do not block it: a circle would wait for ever.
  static void plan_foreground(const View& view, const Object& owner, Plan& plan) {
    bool blocked = false;
    for (const Object& dependent : blocking_dependents(view, owner)) {
      if (dependent.deleting() && waits_for(view, dependent, owner.uid)) continue;
      blocked = true;
      if (dependent.deleting()) continue;
      if (has_other_owner(view, dependent, owner.uid)) {
        plan.requests.push_back(drop_owners(dependent, [&](std::string_view uid) { return uid == owner.uid; }));
        continue;
      }
      const bool has_dependents = !view.owned_by(dependent.uid).empty();
      plan.requests.push_back(
          client::delete_request(dependent, has_dependents ? "Foreground" : "Background", /*same_revision=*/false));
    }
    if (!blocked) plan.requests.push_back(drop_finalizer(owner, kForeground));
  }

  static std::vector<Object> blocking_dependents(const View& view, const Object& owner) {
    std::vector<Object> out;
    for (Object& dependent : view.owned_by(owner.uid)) {
      const auto references = dependent.owners();
      const bool blocks = std::any_of(references.begin(), references.end(),
                                      [&](const OwnerReference& r) { return r.uid == owner.uid && r.blocks_deletion; });
      if (blocks) out.push_back(std::move(dependent));
    }
    return out;
  }

  // Whether an object that is deleted in the foreground is held up by that one, directly or over others.
  static bool waits_for(const View& view, const Object& object, const std::string& uid) {
    constexpr std::size_t kLookedAtMax = 10'000;
    std::set<std::string> seen;
    std::vector<Object> open{object};
    while (!open.empty() && seen.size() < kLookedAtMax) {
      const Object at = std::move(open.back());
      open.pop_back();
      if (at.uid == uid) return true;
      if (!seen.insert(at.uid).second || !at.deleting() || !at.has_finalizer(kForeground)) continue;
      for (Object& dependent : blocking_dependents(view, at)) open.push_back(std::move(dependent));
    }
    return false;
  }

  static void plan_dependent(const View& view, const Object& object, Plan& plan) {
    const std::vector<OwnerReference> owners = object.owners();
    if (owners.empty()) return;
    std::vector<std::string> absent;
    std::vector<client::Request> checks;  // the view may be behind: an owner that it lacks may be there
    std::size_t present = 0, waiting = 0;
    for (const OwnerReference& owner : owners) {
      if (is_present(view, object, owner)) {
        const auto live = view.by_uid(owner.uid);
        if (live->deleting() && live->has_finalizer(kForeground))
          ++waiting;
        else
          ++present;
      } else if (const auto kind = kind_of(view, owner)) {
        absent.push_back(owner.uid);
        const bool reachable = !kind->namespaced || !object.name_space.empty();
        if (reachable) checks.push_back(client::check_absent(*kind, object.name_space, owner.name, owner.uid));
      } else {
        ++present;
        plan.revisit_ns = kUnknownKindNs;
      }
    }
    const bool acts = present == 0 ? waiting == 0 : !absent.empty() || waiting > 0;
    if (acts) plan.requests = std::move(checks);
    if (present == 0 && waiting == 0) {
      plan.requests.push_back(client::delete_request(object, own_policy(object), /*same_revision=*/true));
    } else if (present > 0 && (!absent.empty() || waiting > 0)) {
      plan.requests.push_back(drop_owners(object, [&](std::string_view uid) {
        if (std::find(absent.begin(), absent.end(), uid) != absent.end()) return true;
        const auto live = view.by_uid(uid);
        return live && live->deleting() && live->has_finalizer(kForeground);
      }));
    }
  }

  // Finalizers of the garbage collector that are there already decide how the object goes.
  static std::string_view own_policy(const Object& object) {
    if (object.has_finalizer(kOrphan)) return "Orphan";
    if (object.has_finalizer(kForeground)) return "Foreground";
    return "Background";
  }
};

}  // namespace

std::unique_ptr<client::Controller> make_garbage_collector() { return std::make_unique<GarbageCollector>(); }

}  // namespace plinth::control
