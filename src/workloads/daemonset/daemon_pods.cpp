#include "workloads/daemonset/daemon_pods.h"

#include "workloads/common/node_selection.h"
#include "workloads/common/pods.h"
#include "workloads/common/revisions.h"

namespace plinth::workloads {
namespace {

using client::Object;

constexpr std::string_view kTemplateGeneration = "deprecated.daemonset.template.generation";
constexpr std::string_view kGenerationLabel = "pod-template-generation";

void tolerate(Draft& draft, Value& tolerations, std::string_view key, std::string_view effect) {
  for (const Value& t : tolerations.items()) {
    if (t["key"].as_string() == key && t["effect"].as_string() == effect && t["operator"].as_string() == "Exists") return;
  }
  Value made = draft.object(3);
  draft.set(made, "key", key);
  draft.set(made, "operator", "Exists");
  draft.set(made, "effect", effect);
  draft.push(tolerations, made);
}

// Daemons stay on a node that has problems.
void add_tolerations(Draft& draft, Value& pod_spec) {
  Value& tolerations = draft.member(pod_spec, "tolerations");
  if (!tolerations.is_array()) tolerations = draft.array();
  for (const char* key : {"node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"})
    tolerate(draft, tolerations, key, "NoExecute");
  for (const char* key : {"node.kubernetes.io/disk-pressure", "node.kubernetes.io/memory-pressure",
                          "node.kubernetes.io/pid-pressure", "node.kubernetes.io/unschedulable"})
    tolerate(draft, tolerations, key, "NoSchedule");
  if (pod_spec["hostNetwork"].as_bool())
    tolerate(draft, draft.member(pod_spec, "tolerations"), "node.kubernetes.io/network-unavailable", "NoSchedule");
}

// The scheduler binds the pod to this node or none.
void require_node(Draft& draft, Value& pod_spec, const std::string& node) {
  Value names = draft.array(1);
  draft.push(names, draft.text(node));
  Value field = draft.object(3);
  draft.set(field, "key", "metadata.name");
  draft.set(field, "operator", "In");
  draft.set(field, "values", names);
  Value fields = draft.array(1);
  draft.push(fields, field);
  Value term = draft.object(1);
  draft.set(term, "matchFields", fields);
  Value terms = draft.array(1);
  draft.push(terms, term);
  Value required = draft.object(1);
  draft.set(required, "nodeSelectorTerms", terms);
  draft.member_path(pod_spec, {"affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution"}) = required;
}

}  // namespace

DaemonFit::DaemonFit(const Object& set) {
  spec_.root() = spec_.clone(set["spec"]["template"]["spec"]);
  add_tolerations(spec_, spec_.root());
}

NodeFit DaemonFit::on(const Object& node) const {
  const Value& spec = spec_.root();
  const std::string_view fixed = spec["nodeName"].as_string();
  if (!fixed.empty() && fixed != node.name) return {};
  if (!matches_required_nodes(spec, node)) return {};
  const Value tolerations = spec["tolerations"], taints = node["spec"]["taints"];
  if (untolerated_taint(tolerations, taints, true, true).is_null()) return {true, true};
  return {false, untolerated_taint(tolerations, taints, false, true).is_null()};
}

std::string_view target_node(const Object& pod) {
  const std::string_view bound = pod["spec"]["nodeName"].as_string();
  if (!bound.empty()) return bound;
  const Value required = pod["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"];
  for (const Value& term : required["nodeSelectorTerms"].items()) {
    for (const Value& field : term["matchFields"].items()) {
      if (field["key"].as_string() == "metadata.name" && field["values"].size() == 1)
        return field["values"].items()[0].as_string();
    }
  }
  return "";
}

client::Request create_daemon_pod(const Object& set, const std::string& node, const std::string& name,
                                  const std::string& hash) {
  Draft pod = pod_from_template(set["spec"]["template"], set, name, set.name + "-");
  Value& labels = pod.member_path(pod.root(), {"metadata", "labels"});
  if (!labels.is_object()) labels = pod.object();
  const Value generation = set.metadata()["annotations"][kTemplateGeneration];
  if (generation.is_string()) pod.set(labels, kGenerationLabel, generation.as_string());
  pod.set(labels, kRevisionHash, hash);
  Value& spec = pod.member(pod.root(), "spec");
  require_node(pod, spec, node);
  add_tolerations(pod, spec);
  return create_pod_request(set, pod, kDaemonSetController);
}

bool is_updated(const Object& set, const Object& pod, std::string_view hash) {
  const Value labels = pod.metadata()["labels"];
  if (!hash.empty() && labels[kRevisionHash].as_string() == hash) return true;
  const Value generation = set.metadata()["annotations"][kTemplateGeneration];
  return generation.is_string() && labels[kGenerationLabel].as_string() == generation.as_string();
}

}  // namespace plinth::workloads
