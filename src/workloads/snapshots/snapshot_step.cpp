#include <algorithm>

#include "base/time_text.h"
#include "workloads/csi/snapshot_class.h"
#include "workloads/snapshots/snapshot_objects.h"
#include "workloads/snapshots/snapshots.h"
#include "workloads/volumes/claims.h"

namespace plinth::workloads {
namespace {

using client::Object;
using client::Plan;
using client::View;

Value without(Draft& draft, const Object& object, std::initializer_list<std::string_view> marks) {
  Value list = draft.array();
  for (const Value& finalizer : object.metadata()["finalizers"].items()) {
    if (std::find(marks.begin(), marks.end(), finalizer.as_string()) == marks.end()) draft.push(list, draft.clone(finalizer));
  }
  return list;
}

// A claim that is still being made of it.
bool is_restored(const View& view, const Object& snapshot) {
  bool found = false;
  view.list(claims_resource(), snapshot.name_space, [&](const Object& claim) {
    const Value spec = claim["spec"];
    const Value source = spec["dataSourceRef"].is_object() ? spec["dataSourceRef"] : spec["dataSource"];
    found = source["kind"].as_string() == "VolumeSnapshot" && source["name"].as_string() == snapshot.name &&
            source["apiGroup"].as_string() == kSnapshotGroup && claim["status"]["phase"].as_string() == "Pending" &&
            !claim.deleting();
    return !found;
  });
  return found;
}

// One snapshot and everything that one look at it needs.
class SnapshotStep {
 public:
  SnapshotStep(const View& view, const Object& snapshot, client::EventRecorder& events, std::int64_t wall_ns, Plan& plan)
      : view_(view), snapshot_(snapshot), events_(events), wall_ns_(wall_ns), plan_(plan) {}

  void run() {
    if (snapshot_.deleting()) return remove();
    if (!snapshot_.has_finalizer(kBoundFinalizer) || !snapshot_.has_finalizer(kSourceFinalizer)) return mark();
    const bool taken = snapshot_["spec"]["source"]["persistentVolumeClaimName"].is_string();
    if (taken && snapshot_["spec"]["volumeSnapshotClassName"].as_string().empty()) return take_default_class();
    const auto content = view_.get(contents_resource(), "", content_name(snapshot_));
    if (content && !means(*content, snapshot_)) return misbound(*content, taken);
    if (!content && snapshot_["status"]["boundVolumeSnapshotContentName"].is_string())
      return fail("SnapshotContentMissing", "VolumeSnapshotContent is missing");
    if (!content) return taken ? create_content() : fail("SnapshotContentMissing", "VolumeSnapshotContent is missing");
    if ((*content)["spec"]["volumeSnapshotRef"]["uid"].as_string().empty()) return bind(*content, taken);
    take_status(*content);
  }

 private:
  void update(Draft& draft, std::string_view subresource) {
    plan_.requests.push_back(client::update_request(snapshot_, subresource, draft.root(), kSnapshotController));
  }

  void mark() {
    Draft draft(snapshot_.document);
    Value list = without(draft, snapshot_, {kBoundFinalizer, kSourceFinalizer});
    draft.push(list, draft.text(kSourceFinalizer));
    draft.push(list, draft.text(kBoundFinalizer));
    draft.set(draft.member(draft.root(), "metadata"), "finalizers", list);
    update(draft, "");
  }

  // The content goes first, where it is to go; a snapshot that a claim is being made of stays until then.
  void remove() {
    if (!snapshot_.has_finalizer(kBoundFinalizer) && !snapshot_.has_finalizer(kSourceFinalizer)) return;
    if (is_restored(view_, snapshot_)) {
      events_.warning_once(snapshot_, "SnapshotDeletePending", "Snapshot is being used to restore a PVC");
      return;
    }
    const auto content = view_.get(contents_resource(), "", content_name(snapshot_));
    const bool mine =
        content && means(*content, snapshot_) && !(*content)["spec"]["volumeSnapshotRef"]["uid"].as_string().empty();
    if (mine && content_must_go(*content)) return;
    Draft draft(snapshot_.document);
    draft.set(draft.member(draft.root(), "metadata"), "finalizers",
              without(draft, snapshot_, {kBoundFinalizer, kSourceFinalizer}));
    update(draft, "");
  }

  // Whether something is to be done, or waited for, before the snapshot can go.
  bool content_must_go(const Object& content) {
    if (annotation(content, kBeingDeleted).empty()) {
      Draft patch;
      patch.member_path(patch.root(), {"metadata", "annotations", kBeingDeleted}) = patch.text("yes");
      plan_.requests.push_back(client::merge_patch_request(content, "", std::move(patch), true, kSnapshotController));
      return true;
    }
    if (content["spec"]["deletionPolicy"].as_string() != "Delete") return false;
    if (!content.deleting()) plan_.requests.push_back(client::delete_request(content, "", false));
    return true;
  }

  void take_default_class() {
    const auto volume = source_volume();
    if (!volume.ok())
      return fail("SetDefaultSnapshotClassFailed",
                  "Failed to set default snapshot class with error " + volume.error().message());
    std::vector<std::string> names;
    view_.list(snapshot_classes_resource(), "", [&](const Object& one) {
      const bool same = one["driver"].as_string() == (*volume)["spec"]["csi"]["driver"].as_string();
      if (same && annotation(one, kDefaultClass) == "true") names.push_back(one.name);
      return true;
    });
    if (names.size() != 1) {
      const std::string why = names.empty() ? "cannot find default snapshot class"
                                            : std::to_string(names.size()) + " default snapshot classes were found";
      return fail("SetDefaultSnapshotClassFailed", "Failed to set default snapshot class with error " + why);
    }
    Draft draft(snapshot_.document);
    draft.set(draft.member(draft.root(), "spec"), "volumeSnapshotClassName", names.front());
    update(draft, "");
  }

  // Of the claim that is to be copied.
  Result<Object> source_volume() {
    const std::string name(snapshot_["spec"]["source"]["persistentVolumeClaimName"].as_string());
    const auto claim = view_.get(claims_resource(), snapshot_.name_space, name);
    if (!claim)
      return Error(Reason::kNotFound, "failed to retrieve PVC " + name + ": persistentvolumeclaim \"" + name + "\" not found");
    if (!is_bound(*claim)) return Error(Reason::kInvalid, "the PVC " + name + " is not yet bound to a PV");
    auto volume = view_.get(volumes_resource(), "", (*claim)["spec"]["volumeName"].as_string());
    if (!volume || (*volume)["spec"]["claimRef"]["uid"].as_string() != claim->uid)
      return Error(Reason::kInvalid, "the volume of PVC " + name + " is not bound to it");
    if (!(*volume)["spec"]["csi"].is_object())
      return Error(Reason::kInvalid, "snapshotting volume " + volume->name + ": only volumes of CSI drivers have snapshots");
    return std::move(*volume);
  }

  void create_content() {
    const std::string class_name(snapshot_["spec"]["volumeSnapshotClassName"].as_string());
    const auto one = view_.get(snapshot_classes_resource(), "", class_name);
    const std::string prefix = "Failed to create snapshot content with error ";
    if (!one)
      return fail("SnapshotContentCreationFailed", prefix + "failed to get snapshot class " + class_name + ": not found");
    auto volume = source_volume();
    if (!volume.ok()) return fail("SnapshotContentCreationFailed", prefix + volume.error().message());
    if ((*volume)["spec"]["csi"]["driver"].as_string() != (*one)["driver"].as_string())
      return fail("SnapshotContentCreationFailed",
                  prefix + "the volume is of driver " + std::string((*volume)["spec"]["csi"]["driver"].as_string()) +
                      ", snapshot class " + class_name + " of driver " + std::string((*one)["driver"].as_string()));
    auto parameters =
        read_snapshot_parameters((*one)["parameters"], content_name(snapshot_), snapshot_.name, snapshot_.name_space);
    if (!parameters.ok()) return fail("SnapshotContentCreationFailed", prefix + parameters.error().message());
    const std::string claim_name(snapshot_["spec"]["source"]["persistentVolumeClaimName"].as_string());
    const auto claim = view_.get(claims_resource(), snapshot_.name_space, claim_name);
    if (!claim->has_finalizer(kClaimFinalizer)) {
      if (claim->deleting()) return fail("SnapshotContentCreationFailed", prefix + "PVC " + claim_name + " is being deleted");
      Draft draft(claim->document);
      Value list = without(draft, *claim, {});
      draft.push(list, draft.text(kClaimFinalizer));
      draft.set(draft.member(draft.root(), "metadata"), "finalizers", list);
      plan_.requests.push_back(client::update_request(*claim, "", draft.root(), kSnapshotController));
      return;
    }
    const Draft content = content_object(*volume, *one, *parameters);
    plan_.requests.push_back(client::create_request(contents_resource(), "", content.root(), kSnapshotController));
    events_.normal(
        snapshot_, "CreatingSnapshot",
        "Waiting for a snapshot " + snapshot_.name_space + "/" + snapshot_.name + " to be created by the CSI driver.");
  }

  Draft content_object(const Object& volume, const Object& one, const SnapshotParameters& parameters) {
    Draft draft;
    Value& root = draft.root() = draft.object();
    draft.set(root, "apiVersion", "snapshot.storage.k8s.io/v1");
    draft.set(root, "kind", "VolumeSnapshotContent");
    Value& metadata = draft.member_path(root, {"metadata"}) = draft.object();
    draft.set(metadata, "name", content_name(snapshot_));
    if (parameters.secrets) {
      draft.member_path(metadata, {"annotations", kDeletionSecretName}) = draft.text(parameters.secrets->name);
      draft.member_path(metadata, {"annotations", kDeletionSecretNamespace}) = draft.text(parameters.secrets->name_space);
    }
    draft.push(draft.member(metadata, "finalizers") = draft.array(), draft.text(kContentFinalizer));
    Value spec = draft.object();
    draft.set(spec, "volumeSnapshotRef", reference(draft));
    draft.member_path(spec, {"source", "volumeHandle"}) = draft.text(volume["spec"]["csi"]["volumeHandle"].as_string());
    draft.set(spec, "volumeSnapshotClassName", one.name);
    draft.set(spec, "deletionPolicy", one["deletionPolicy"].as_string());
    draft.set(spec, "driver", one["driver"].as_string());
    const std::string_view mode = volume["spec"]["volumeMode"].as_string();
    draft.set(spec, "sourceVolumeMode", mode.empty() ? std::string_view("Filesystem") : mode);
    draft.set(draft.root(), "spec", spec);
    return draft;
  }

  Value reference(Draft& draft) {
    Value out = draft.object();
    draft.set(out, "apiVersion", "snapshot.storage.k8s.io/v1");
    draft.set(out, "kind", "VolumeSnapshot");
    draft.set(out, "namespace", snapshot_.name_space);
    draft.set(out, "name", snapshot_.name);
    draft.set(out, "uid", snapshot_.uid);
    draft.set(out, "resourceVersion", std::to_string(snapshot_.revision));
    return out;
  }

  void misbound(const Object& content, bool taken) {
    if (taken)
      return fail("SnapshotContentMisbound", "VolumeSnapshotContent [" + content.name + "] is bound to a different snapshot");
    fail("SnapshotContentMisbound",
         "VolumeSnapshotContent [" + content.name + "] is bound to a different snapshot or names none");
  }

  // A content that was made by hand for it.
  void bind(const Object& content, bool taken) {
    if (!taken && !content["spec"]["source"]["snapshotHandle"].is_string())
      return fail("SnapshotContentMismatch", "VolumeSnapshotContent " + content.name +
                                                 " is dynamically provisioned while expecting a pre-provisioned one");
    Draft draft(content.document);
    Value& spec = draft.member(draft.root(), "spec");
    draft.set(draft.member(spec, "volumeSnapshotRef"), "uid", snapshot_.uid);
    const std::string_view class_name = snapshot_["spec"]["volumeSnapshotClassName"].as_string();
    if (!class_name.empty() && spec["volumeSnapshotClassName"].is_null())
      draft.set(spec, "volumeSnapshotClassName", class_name);
    plan_.requests.push_back(client::update_request(content, "", draft.root(), kSnapshotController));
  }

  void take_status(const Object& content) {
    const Value from = content["status"], before = snapshot_["status"];
    Draft draft(snapshot_.document);
    Value status = draft.object();
    draft.set(status, "boundVolumeSnapshotContentName", content.name);
    const bool ready = from["readyToUse"].as_bool();
    draft.set(status, "readyToUse", Value::of(ready));
    if (!from["creationTime"].is_null() && from["creationTime"].as_int() > 0)
      draft.set(status, "creationTime", format_rfc3339(from["creationTime"].as_int()));
    if (!from["restoreSize"].is_null())
      draft.set(status, "restoreSize", api::Quantity(from["restoreSize"].as_int(), api::Quantity::Format::kBinarySi).text());
    if (from["error"].is_object()) draft.set(status, "error", draft.clone(from["error"]));
    if (equal(before, status)) return;
    draft.set(draft.root(), "status", status);
    update(draft, "status");
    const std::string name = snapshot_.name_space + "/" + snapshot_.name;
    if (before["creationTime"].is_null() && !status["creationTime"].is_null())
      events_.normal(snapshot_, "SnapshotCreated", "Snapshot " + name + " was successfully created by the CSI driver.");
    if (ready && !before["readyToUse"].as_bool())
      events_.normal(snapshot_, "SnapshotReady", "Snapshot " + name + " is ready to use.");
    if (const std::string_view why = from["error"]["message"].as_string(); !why.empty())
      events_.warning_once(snapshot_, "SnapshotCreationFailed", std::string(why));
  }

  void fail(std::string_view reason, const std::string& message) {
    events_.warning_once(snapshot_, reason, message);
    if (snapshot_["status"]["error"]["message"].as_string() == message && !snapshot_["status"]["readyToUse"].as_bool()) return;
    Draft draft(snapshot_.document);
    Value& status = draft.member(draft.root(), "status");
    if (!status.is_object()) status = draft.object();
    Value error = draft.object();
    draft.set(error, "message", message);
    draft.set(error, "time", format_rfc3339(wall_ns_));
    draft.set(status, "error", error);
    draft.set(status, "readyToUse", Value::of(false));
    update(draft, "status");
  }

  const View& view_;
  const Object& snapshot_;
  client::EventRecorder& events_;
  const std::int64_t wall_ns_;
  Plan& plan_;
};

}  // namespace

void snapshot_step(const View& view, const Object& snapshot, client::EventRecorder& events, std::int64_t wall_ns, Plan& plan) {
  SnapshotStep(view, snapshot, events, wall_ns, plan).run();
}

void content_step(const View& view, const Object& content, Plan& plan) {
  const Value reference = content["spec"]["volumeSnapshotRef"];
  const std::string uid(reference["uid"].as_string());
  if (!content.deleting() && !content.has_finalizer(kContentFinalizer)) {
    Draft draft(content.document);
    Value list = without(draft, content, {});
    draft.push(list, draft.text(kContentFinalizer));
    draft.set(draft.member(draft.root(), "metadata"), "finalizers", list);
    plan.requests.push_back(client::update_request(content, "", draft.root(), kSnapshotController));
    return;
  }
  if (uid.empty()) return;
  const auto snapshot = view.get(snapshots_resource(), reference["namespace"].as_string(), reference["name"].as_string());
  if (snapshot && snapshot->uid == uid) return;
  const bool goes = content["spec"]["deletionPolicy"].as_string() == "Delete";
  const bool marked = !annotation(content, kBeingDeleted).empty();
  if (marked && (!goes || content.deleting())) return;
  // Not on the word of a view that may be behind: what is marked may be deleted.
  plan.requests.push_back(
      client::check_absent(snapshots_resource(), reference["namespace"].as_string(), reference["name"].as_string(), uid));
  if (marked) {
    plan.requests.push_back(client::delete_request(content, "", false));
    return;
  }
  Draft patch;
  patch.member_path(patch.root(), {"metadata", "annotations", kBeingDeleted}) = patch.text("yes");
  plan.requests.push_back(client::merge_patch_request(content, "", std::move(patch), true, kSnapshotController));
}

void snapshot_source_step(const View& view, const Object& claim, Plan& plan) {
  if (!claim.has_finalizer(kClaimFinalizer)) return;
  bool used = false;
  view.list(snapshots_resource(), claim.name_space, [&](const Object& snapshot) {
    const bool of_it = snapshot["spec"]["source"]["persistentVolumeClaimName"].as_string() == claim.name;
    used = of_it && !snapshot.deleting() && !snapshot["status"]["readyToUse"].as_bool();
    return !used;
  });
  if (used) return;
  Draft draft(claim.document);
  draft.set(draft.member(draft.root(), "metadata"), "finalizers", without(draft, claim, {kClaimFinalizer}));
  plan.requests.push_back(client::update_request(claim, "", draft.root(), kSnapshotController));
}

}  // namespace plinth::workloads
