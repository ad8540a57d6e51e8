#include "workloads/statefulset/identity.h"

#include "base/text.h"
#include "workloads/common/pods.h"

namespace plinth::workloads {
namespace {

using client::Object;

constexpr std::string_view kPodName = "statefulset.kubernetes.io/pod-name";
constexpr std::string_view kPodIndex = "apps.kubernetes.io/pod-index";

std::string pod_name(const Object& set, std::int64_t ordinal) { return set.name + "-" + std::to_string(ordinal); }

std::string claim_name(const Object& set, const Value& claim_template, std::int64_t ordinal) {
  return std::string(claim_template["metadata"]["name"].as_string()) + "-" + pod_name(set, ordinal);
}

// Volumes of the claims come first; they take the place of volumes with their names.
Value volumes_of(Draft& draft, const Object& set, const Value& given, std::int64_t ordinal) {
  Value out = draft.array();
  const Value templates = set["spec"]["volumeClaimTemplates"];
  for (const Value& claim : templates.items()) {
    Value source = draft.object(1);
    draft.set(source, "claimName", claim_name(set, claim, ordinal));
    Value volume = draft.object(2);
    draft.set(volume, "name", claim["metadata"]["name"].as_string());
    draft.set(volume, "persistentVolumeClaim", source);
    draft.push(out, volume);
  }
  for (const Value& volume : given.items()) {
    bool replaced = false;
    for (const Value& claim : templates.items()) replaced = replaced || equal(claim["metadata"]["name"], volume["name"]);
    if (!replaced) draft.push(out, draft.clone(volume));
  }
  return out;
}

}  // namespace

client::Resource stateful_sets_resource() { return {"apps", "v1", "statefulsets", "StatefulSet", true}; }

std::optional<std::int64_t> ordinal_of(std::string_view set_name, std::string_view name) {
  if (!name.starts_with(set_name) || name.size() < set_name.size() + 2 || name[set_name.size()] != '-') return std::nullopt;
  const std::string_view digits = name.substr(set_name.size() + 1);
  if (digits.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
  const auto ordinal = parse_integer<std::int32_t>(digits);
  if (!ordinal) return std::nullopt;
  return *ordinal;
}

std::int64_t start_ordinal(const Object& set) { return set["spec"]["ordinals"]["start"].as_int(); }

std::int64_t replicas_of(const Object& set) {
  const Value replicas = set["spec"]["replicas"];
  return replicas.is_number() ? replicas.as_int() : 1;
}

std::string_view pod_revision(const Object& pod) { return pod.metadata()["labels"][kRevisionHash].as_string(); }

client::Request create_stateful_pod(const Object& set, const TemplateRevision& revision, std::int64_t ordinal) {
  const std::string name = pod_name(set, ordinal);
  Draft pod = pod_from_template(revision.pod_template.root(), set, name, set.name + "-");
  Value& labels = pod.member_path(pod.root(), {"metadata", "labels"});
  if (!labels.is_object()) labels = pod.object();
  pod.set(labels, kPodName, name);
  pod.set(labels, kPodIndex, std::to_string(ordinal));
  pod.set(labels, kRevisionHash, revision.name);
  Value& spec = pod.member(pod.root(), "spec");
  pod.set(spec, "hostname", name);
  const std::string_view service = set["spec"]["serviceName"].as_string();
  if (!service.empty()) pod.set(spec, "subdomain", service);
  const Value volumes = volumes_of(pod, set, revision.pod_template["spec"]["volumes"], ordinal);
  if (volumes.size() > 0) pod.set(spec, "volumes", volumes);
  return create_pod_request(set, pod, kStatefulSetController);
}

bool has_identity(const Object& set, const Object& pod, std::int64_t ordinal) {
  return pod.name == pod_name(set, ordinal) && pod.metadata()["labels"][kPodName].as_string() == pod.name;
}

client::Request fix_identity(const Object& pod, std::int64_t ordinal) {
  Draft patch;
  patch.root() = patch.object();
  Value labels = patch.object();
  patch.set(labels, kPodName, pod.name);
  patch.set(labels, kPodIndex, std::to_string(ordinal));
  patch.member_path(patch.root(), {"metadata", "labels"}) = labels;
  return client::merge_patch_request(pod, "", std::move(patch), /*same_revision=*/false, kStatefulSetController);
}

std::vector<std::string> claim_names(const Object& set, std::int64_t ordinal) {
  std::vector<std::string> out;
  for (const Value& claim : set["spec"]["volumeClaimTemplates"].items()) out.push_back(claim_name(set, claim, ordinal));
  return out;
}

client::Request create_claim(const Object& set, std::size_t template_index, std::int64_t ordinal) {
  const Value claim_template = set["spec"]["volumeClaimTemplates"].items()[template_index];
  Draft claim;
  claim.root() = claim.clone(claim_template);
  claim.remove(claim.root(), "status");
  claim.set(claim.root(), "apiVersion", "v1");
  claim.set(claim.root(), "kind", "PersistentVolumeClaim");
  Value& metadata = claim.member(claim.root(), "metadata");
  claim.set(metadata, "name", claim_name(set, claim_template, ordinal));
  claim.set(metadata, "namespace", set.name_space);
  Value& labels = claim.member(metadata, "labels");
  if (!labels.is_object()) labels = claim.object();
  for (const Member& label : set["spec"]["selector"]["matchLabels"].members())
    claim.set(labels, label.key(), label.value.as_string());
  return client::create_request(claims_resource(), set.name_space, claim.root(), kStatefulSetController);
}

}  // namespace plinth::workloads
