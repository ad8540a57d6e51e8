#include "workloads/statefulset/claim_retention.h"

#include "workloads/common/owner.h"
#include "workloads/common/pods.h"
#include "workloads/statefulset/identity.h"

namespace plinth::workloads {
namespace {

using client::Object;

// The references of a claim that are ours to change.
struct Marks {
  bool of_set = false, of_pod = false;
  bool stale = false;      // of an earlier set or pod of the name
  bool controlled = true;  // ours are controllers
  bool foreign = false;    // another one controls it
};

bool names(const Value& reference, std::string_view api_version, std::string_view kind, std::string_view name) {
  return reference["apiVersion"].as_string() == api_version && reference["kind"].as_string() == kind &&
         reference["name"].as_string() == name;
}

bool names_set(const Value& reference, const Object& set) { return names(reference, "apps/v1", "StatefulSet", set.name); }

Marks read_marks(const Object& set, const Object& claim, std::string_view pod_name, std::string_view pod_uid) {
  Marks out;
  for (const Value& reference : claim.metadata()["ownerReferences"].items()) {
    const std::string_view uid = reference["uid"].as_string();
    const bool controller = reference["controller"].as_bool();
    if (names_set(reference, set) || names(reference, "v1", "Pod", pod_name)) {
      const bool is_set = names_set(reference, set);
      const bool same = uid == (is_set ? std::string_view(set.uid) : pod_uid);
      out.stale = out.stale || !same;
      out.of_set = out.of_set || (is_set && same);
      out.of_pod = out.of_pod || (!is_set && same);
      if (same && !controller) out.controlled = false;
    } else if (controller) {
      out.foreign = true;
    }
  }
  return out;
}

bool deletes(const Object& set, std::string_view when) {
  return set["spec"]["persistentVolumeClaimRetentionPolicy"][when].as_string() == "Delete";
}

client::Request rewrite(const Object& set, const Object& claim, std::string_view pod_name, std::string_view pod_uid,
                        bool by_set, bool by_pod) {
  Draft next(claim.document);
  Value references = next.array();
  for (const Value& reference : claim.metadata()["ownerReferences"].items()) {
    if (!names_set(reference, set) && !names(reference, "v1", "Pod", pod_name)) next.push(references, reference);
  }
  if (by_set) next.push(references, controller_reference(next, set));
  if (by_pod) {
    Object pod;
    pod.resource = pods_resource();
    pod.name = pod_name;
    pod.uid = pod_uid;
    next.push(references, controller_reference(next, pod));
  }
  Value& metadata = next.member(next.root(), "metadata");
  if (references.size() > 0)
    next.set(metadata, "ownerReferences", references);
  else
    next.remove(metadata, "ownerReferences");
  return client::update_request(claim, "", next.root(), kStatefulSetController);
}

}  // namespace

RetentionChange retain_claim(const Object& set, const Object& claim, std::string_view pod_name, std::string_view pod_uid,
                             bool scaled_down) {
  RetentionChange out;
  const Marks marks = read_marks(set, claim, pod_name, pod_uid);
  if (marks.stale) return out;
  const bool scale = deletes(set, "whenScaled"), end = deletes(set, "whenDeleted");
  // Nobody else's controller matters while claims are kept anyway.
  out.conflicting = marks.foreign && (scale || end);
  if (out.conflicting) {
    if (marks.of_set || marks.of_pod) out.request = rewrite(set, claim, pod_name, pod_uid, false, false);
    return out;
  }
  const bool by_pod = scale && scaled_down && !pod_uid.empty();
  const bool by_set = end && !(scale && scaled_down);
  if (marks.controlled && marks.of_set == by_set && marks.of_pod == by_pod) return out;
  out.request = rewrite(set, claim, pod_name, pod_uid, by_set, by_pod);
  return out;
}

bool is_stale_claim(const Object& set, const Object& claim, std::string_view pod_name, std::string_view pod_uid) {
  if (!deletes(set, "whenScaled")) return false;
  for (const Value& reference : claim.metadata()["ownerReferences"].items()) {
    if (names(reference, "v1", "Pod", pod_name)) return reference["uid"].as_string() != pod_uid;
  }
  return false;
}

}  // namespace plinth::workloads
