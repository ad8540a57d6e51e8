#include "workloads/deployment/replica_sets.h"

#include <algorithm>

#include "base/text.h"
#include "workloads/common/int_or_percent.h"
#include "workloads/common/owner.h"
#include "workloads/common/pods.h"

namespace plinth::workloads {
namespace {

using client::Object;

constexpr std::string_view kHistory = "deployment.kubernetes.io/revision-history";
constexpr std::string_view kDesired = "deployment.kubernetes.io/desired-replicas";
constexpr std::string_view kMax = "deployment.kubernetes.io/max-replicas";
constexpr std::size_t kHistoryBytesMax = 2000;
// Annotations of a Deployment that are not about its ReplicaSets.
constexpr std::string_view kNotCopied[] = {"kubectl.kubernetes.io/last-applied-configuration",
                                           kRevision,
                                           kHistory,
                                           kDesired,
                                           kMax,
                                           "deprecated.deployment.rollback.to"};

std::optional<std::int64_t> optional_count(const Value& value) {
  if (!value.is_number()) return std::nullopt;
  return value.as_int();
}

bool is_empty(const Value& value) { return value.is_null() || (value.size() == 0 && (value.is_object() || value.is_array())); }

bool same_labels(const Value& a, const Value& b) {
  auto others = [](const Value& labels) { return labels.size() - (labels.find(kTemplateHash) != nullptr ? 1 : 0); };
  if (others(a) != others(b)) return false;
  for (const Member& label : a.members()) {
    const Value* other = b.find(label.key());
    if (label.key() != kTemplateHash && (other == nullptr || !equal(label.value, *other))) return false;
  }
  return true;
}

// Those of `b` that `a` lacks are found by looking both ways.
bool same_metadata(const Value& a, const Value& b) {
  for (const Member& member : a.members()) {
    if (member.key() == "labels") continue;
    const Value other = b[member.key()];
    if (!(is_empty(member.value) && is_empty(other)) && !equal(member.value, other)) return false;
  }
  return same_labels(a["labels"], b["labels"]);
}

ReplicaSet read_replica_set(const Object& object) {
  ReplicaSet out;
  out.object = object;
  out.name = object.name;
  out.created_ns = creation_ns(object);
  out.replicas = out.wanted = object["spec"]["replicas"].as_int();
  out.min_ready = object["spec"]["minReadySeconds"].as_int();
  const Value status = object["status"];
  out.actual = status["replicas"].as_int();
  out.ready = status["readyReplicas"].as_int();
  out.available = status["availableReplicas"].as_int();
  out.terminating = optional_count(status["terminatingReplicas"]);
  for (const Member& a : object.metadata()["annotations"].members())
    out.annotations.emplace(a.key(), std::string(a.value.as_string()));
  return out;
}

// The old revision joins the list of those that this template had; the oldest ones go when the list is too long.
void remember_revision(ReplicaSet& set, const std::string& old_revision) {
  std::string& history = set.annotations[std::string(kHistory)];
  std::string longer = history.empty() ? old_revision : history + "," + old_revision;
  while (longer.size() > kHistoryBytesMax) {
    const std::size_t comma = longer.find(',');
    if (comma == std::string::npos) return;
    longer.erase(0, comma + 1);
  }
  history = std::move(longer);
}

void with_hash(Draft& draft, Value& labels, const std::string& hash) {
  if (!labels.is_object()) labels = draft.object();
  draft.set(labels, kTemplateHash, hash);
}

Value annotations_value(Draft& draft, const ReplicaSet& set) {
  Value out = draft.object(set.annotations.size());
  for (const auto& [key, value] : set.annotations) draft.set(out, key, value);
  return out;
}

}  // namespace

client::Resource replica_sets_resource() { return {"apps", "v1", "replicasets", "ReplicaSet", true}; }

DeploymentSpec read_spec(const Object& deployment) {
  // Validation keeps it below: upstream's way of saying that there is no limit.
  constexpr std::int64_t kNever = 2147483647;
  const Value spec = deployment["spec"];
  DeploymentSpec out;
  out.replicas = spec["replicas"].is_number() ? spec["replicas"].as_int() : 1;
  out.min_ready = spec["minReadySeconds"].as_int();
  out.paused = spec["paused"].as_bool();
  out.rolling = spec["strategy"]["type"].as_string() != "Recreate";
  if (out.rolling) {
    const Value rolling = spec["strategy"]["rollingUpdate"];
    out.max_surge = scaled_count(rolling["maxSurge"], out.replicas, true);
    out.max_unavailable = scaled_count(rolling["maxUnavailable"], out.replicas, false);
    // Both can be rounded to nothing; a quota may leave no room for a surge.
    if (out.max_surge == 0 && out.max_unavailable == 0) out.max_unavailable = 1;
    out.max_unavailable = std::min(out.max_unavailable, out.replicas);
  }
  out.deadline_s = optional_count(spec["progressDeadlineSeconds"]);
  if (out.deadline_s == kNever) out.deadline_s = std::nullopt;
  out.history_limit = optional_count(spec["revisionHistoryLimit"]);
  if (out.history_limit == kNever) out.history_limit = std::nullopt;
  return out;
}

std::int64_t ReplicaSet::revision() const {
  const auto found = annotations.find(kRevision);
  return found == annotations.end() ? 0 : parse_integer<std::int64_t>(found->second).value_or(0);
}

std::optional<std::int64_t> ReplicaSet::count_annotation(std::string_view annotation) const {
  const auto found = annotations.find(annotation);
  if (found == annotations.end()) return std::nullopt;
  const auto count = parse_integer<std::int32_t>(found->second);
  if (!count || *count < 0) return std::nullopt;
  return *count;
}

std::vector<ReplicaSet*> ReplicaSets::all() {
  std::vector<ReplicaSet*> out;
  for (ReplicaSet& set : old) out.push_back(&set);
  if (current) out.push_back(&*current);
  return out;
}

std::int64_t ReplicaSets::total_wanted() {
  std::int64_t total = 0;
  for (const ReplicaSet* set : all()) total += set->wanted;
  return total;
}

bool same_template(const Value& a, const Value& b) {
  return equal(a["spec"], b["spec"]) && same_metadata(a["metadata"], b["metadata"]) &&
         same_metadata(b["metadata"], a["metadata"]);
}

ReplicaSets read_replica_sets(const Object& deployment, const std::vector<Object>& owned) {
  ReplicaSets out;
  for (const Object& object : owned) out.old.push_back(read_replica_set(object));
  std::sort(out.old.begin(), out.old.end(), [](const ReplicaSet& a, const ReplicaSet& b) {
    return a.created_ns != b.created_ns ? a.created_ns < b.created_ns : a.name < b.name;
  });
  const Value wanted = deployment["spec"]["template"];
  const auto found = std::find_if(out.old.begin(), out.old.end(),
                                  [&](const ReplicaSet& set) { return same_template(set.object["spec"]["template"], wanted); });
  if (found != out.old.end()) {
    out.current = std::move(*found);
    out.old.erase(found);
  }
  return out;
}

void follow_annotations(const Object& deployment, ReplicaSet& current, std::int64_t revision) {
  for (const Member& a : deployment.metadata()["annotations"].members()) {
    if (std::find(std::begin(kNotCopied), std::end(kNotCopied), a.key()) == std::end(kNotCopied))
      current.annotations[std::string(a.key())] = a.value.as_string();
  }
  const auto found = current.annotations.find(kRevision);
  const bool had_one = found != current.annotations.end();
  const std::string old = had_one ? found->second : "";
  if (!old.empty() && !parse_integer<std::int64_t>(old)) return;  // somebody else's business
  if (current.revision() >= revision) return;
  current.annotations[std::string(kRevision)] = std::to_string(revision);
  if (had_one) remember_revision(current, old);
}

void set_count_annotations(const DeploymentSpec& spec, ReplicaSet& set) {
  set.annotations[std::string(kDesired)] = std::to_string(spec.replicas);
  set.annotations[std::string(kMax)] = std::to_string(spec.replicas + spec.max_surge);
}

std::string replica_set_name(const Object& deployment, const std::string& hash) {
  constexpr std::size_t kNameMax = 253;
  return deployment.name.substr(0, kNameMax - 1 - hash.size()) + "-" + hash;
}

client::Request create_replica_set(const Object& deployment, const ReplicaSet& set, const std::string& hash) {
  const Value given = deployment["spec"];
  Draft draft;
  draft.root() = draft.object();
  draft.set(draft.root(), "apiVersion", "apps/v1");
  draft.set(draft.root(), "kind", "ReplicaSet");
  Value pod_template = draft.clone(given["template"]);
  with_hash(draft, draft.member_path(pod_template, {"metadata", "labels"}), hash);
  Value metadata = draft.object(8);
  draft.set(metadata, "name", set.name);
  draft.set(metadata, "namespace", deployment.name_space);
  draft.set(metadata, "labels", draft.clone(pod_template["metadata"]["labels"]));
  draft.set(metadata, "annotations", annotations_value(draft, set));
  Value owners = draft.array();
  draft.push(owners, controller_reference(draft, deployment));
  draft.set(metadata, "ownerReferences", owners);
  draft.set(draft.root(), "metadata", metadata);
  Value spec = draft.object();
  draft.set(spec, "replicas", Value::of(set.wanted));
  if (set.min_ready != 0) draft.set(spec, "minReadySeconds", Value::of(set.min_ready));
  Value selector = draft.clone(given["selector"]);
  with_hash(draft, draft.member(selector, "matchLabels"), hash);
  draft.set(spec, "selector", selector);
  draft.set(spec, "template", pod_template);
  draft.set(draft.root(), "spec", spec);
  return client::create_request(replica_sets_resource(), deployment.name_space, draft.root(), kDeploymentController);
}

std::optional<client::Request> change_replica_set(const ReplicaSet& set) {
  Draft patch;
  patch.root() = patch.object();
  Value annotations = patch.object();
  const Value had = set.object.metadata()["annotations"];
  for (const auto& [key, value] : set.annotations) {
    const Value* old = had.find(key);
    if (old == nullptr || old->as_string() != value) patch.set(annotations, key, value);
  }
  Value spec = patch.object();
  if (set.wanted != set.replicas) patch.set(spec, "replicas", Value::of(set.wanted));
  if (set.min_ready != set.object["spec"]["minReadySeconds"].as_int())
    patch.set(spec, "minReadySeconds", Value::of(set.min_ready));
  if (annotations.size() == 0 && spec.size() == 0) return std::nullopt;
  if (annotations.size() > 0) patch.member_path(patch.root(), {"metadata", "annotations"}) = annotations;
  if (spec.size() > 0) patch.set(patch.root(), "spec", spec);
  return client::merge_patch_request(set.object, "", std::move(patch), /*same_revision=*/true, kDeploymentController);
}

}  // namespace plinth::workloads
