#include "workloads/snapshots/snapshot_objects.h"
#include "workloads/snapshots/snapshots.h"
#include "workloads/volumes/claims.h"

namespace plinth::workloads {
namespace {

using client::Object;
using client::View;

std::string snapshot_key(std::string_view name_space, std::string_view name) {
  return "snapshot/" + std::string(name_space) + "/" + std::string(name);
}
std::string claim_key(std::string_view name_space, std::string_view name) {
  return "claim/" + std::string(name_space) + "/" + std::string(name);
}

// Keys: "snapshot/NAMESPACE/NAME", "content/NAME", "claim/NAMESPACE/NAME".
class SnapshotController final : public client::Controller {
 public:
  std::string_view name() const override { return kSnapshotController; }

  void keys_of(const client::Change& change, const View& view, std::vector<std::string>& keys) const override {
    const Object& object = change.object;
    if (object.resource == snapshots_resource()) {
      keys_of_snapshot(object, keys);
    } else if (object.resource == contents_resource()) {
      keys.push_back("content/" + object.name);
      const Value reference = object["spec"]["volumeSnapshotRef"];
      keys.push_back(snapshot_key(reference["namespace"].as_string(), reference["name"].as_string()));
    } else if (object.resource == claims_resource()) {
      keys_of_claim(object, view, keys);
    } else if (object.resource == snapshot_classes_resource()) {
      waiting(view, keys);
    }
  }

  void initial_keys(const View& view, std::vector<std::string>& keys) const override {
    view.list(snapshots_resource(), "", [&](const Object& snapshot) {
      keys_of_snapshot(snapshot, keys);
      return true;
    });
    view.list(contents_resource(), "", [&](const Object& content) {
      keys.push_back("content/" + content.name);
      return true;
    });
    view.list(claims_resource(), "", [&](const Object& claim) {
      if (claim.has_finalizer(kClaimFinalizer)) keys.push_back(claim_key(claim.name_space, claim.name));
      return true;
    });
  }

  client::Plan step(const View& view, const std::string& key, const client::StepContext& context) const override {
    client::Plan plan;
    const auto [kind, rest] = client::split_key(key);
    if (kind == "content") {
      if (const auto content = view.get(contents_resource(), "", rest)) content_step(view, *content, plan);
      return plan;
    }
    const auto [name_space, name] = client::split_key(rest);
    if (kind == "claim") {
      if (const auto claim = view.get(claims_resource(), name_space, name)) snapshot_source_step(view, *claim, plan);
      return plan;
    }
    client::EventRecorder events(view, kSnapshotController, context.wall_ns, plan);
    if (const auto snapshot = view.get(snapshots_resource(), name_space, name))
      snapshot_step(view, *snapshot, events, context.wall_ns, plan);
    return plan;
  }

 private:
  static void keys_of_snapshot(const Object& snapshot, std::vector<std::string>& keys) {
    keys.push_back(snapshot_key(snapshot.name_space, snapshot.name));
    keys.push_back("content/" + content_name(snapshot));
    const std::string_view claim = snapshot["spec"]["source"]["persistentVolumeClaimName"].as_string();
    if (!claim.empty()) keys.push_back(claim_key(snapshot.name_space, claim));
  }

  // Those that wait for it, as what is to be copied or as what a copy becomes.
  static void keys_of_claim(const Object& claim, const View& view, std::vector<std::string>& keys) {
    keys.push_back(claim_key(claim.name_space, claim.name));
    const Value source =
        claim["spec"]["dataSourceRef"].is_object() ? claim["spec"]["dataSourceRef"] : claim["spec"]["dataSource"];
    if (source["kind"].as_string() == "VolumeSnapshot")
      keys.push_back(snapshot_key(claim.name_space, source["name"].as_string()));
    view.list(snapshots_resource(), claim.name_space, [&](const Object& snapshot) {
      const bool waits = !snapshot["status"]["boundVolumeSnapshotContentName"].is_string();
      if (waits && snapshot["spec"]["source"]["persistentVolumeClaimName"].as_string() == claim.name)
        keys.push_back(snapshot_key(snapshot.name_space, snapshot.name));
      return true;
    });
  }

  static void waiting(const View& view, std::vector<std::string>& keys) {
    view.list(snapshots_resource(), "", [&](const Object& snapshot) {
      if (!snapshot["status"]["boundVolumeSnapshotContentName"].is_string())
        keys.push_back(snapshot_key(snapshot.name_space, snapshot.name));
      return true;
    });
  }
};

}  // namespace

std::unique_ptr<client::Controller> make_snapshot_controller() { return std::make_unique<SnapshotController>(); }

}  // namespace plinth::workloads
