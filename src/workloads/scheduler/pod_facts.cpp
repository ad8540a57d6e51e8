#include "workloads/scheduler/pod_facts.h"

#include <algorithm>

#include "workloads/common/pod_state.h"
#include "workloads/scheduler/pod_reports.h"

namespace plinth::workloads {
namespace {

api::LabelSelector selector_of(const Value& object) {
  auto selector = api::LabelSelector::from_object(object);
  return selector.ok() ? std::move(*selector) : api::LabelSelector::nothing();
}

AffinityTerm term_of(const Value& term, const client::Object& pod, std::int64_t weight) {
  AffinityTerm out;
  out.selector = selector_of(term["labelSelector"]);
  out.topology_key = term["topologyKey"].as_string();
  out.weight = weight;
  for (const Value& name : term["namespaces"].items()) out.namespaces.emplace_back(name.as_string());
  if (!term["namespaceSelector"].is_null()) out.namespace_selector = selector_of(term["namespaceSelector"]);
  if (out.namespaces.empty() && !out.namespace_selector) out.namespaces.push_back(pod.name_space);
  return out;
}

std::vector<AffinityTerm> required_terms(const Value& affinity, const client::Object& pod) {
  std::vector<AffinityTerm> out;
  for (const Value& term : affinity["requiredDuringSchedulingIgnoredDuringExecution"].items())
    out.push_back(term_of(term, pod, 0));
  return out;
}

std::vector<AffinityTerm> preferred_terms(const Value& affinity, const client::Object& pod) {
  std::vector<AffinityTerm> out;
  for (const Value& weighted : affinity["preferredDuringSchedulingIgnoredDuringExecution"].items())
    out.push_back(term_of(weighted["podAffinityTerm"], pod, weighted["weight"].as_int()));
  return out;
}

// The selector, and for each of matchLabelKeys that the pod has: the same value.
api::LabelSelector spread_selector(const Value& constraint, const Value& labels) {
  Draft draft;
  draft.root() = constraint["labelSelector"].is_object() ? draft.clone(constraint["labelSelector"]) : Value();
  for (const Value& key : constraint["matchLabelKeys"].items()) {
    const Value* value = labels.find(key.as_string());
    if (value == nullptr || draft.root().is_null()) continue;
    Value requirement = draft.object();
    draft.set(requirement, "key", key.as_string());
    draft.set(requirement, "operator", "In");
    Value values = draft.array();
    draft.push(values, draft.text(value->as_string()));
    draft.set(requirement, "values", values);
    Value& expressions = draft.member(draft.root(), "matchExpressions");
    if (!expressions.is_array()) expressions = draft.array();
    draft.push(expressions, requirement);
  }
  return selector_of(draft.root());
}

std::vector<SpreadConstraint> spread_of(const client::Object& pod) {
  std::vector<SpreadConstraint> out;
  for (const Value& constraint : pod["spec"]["topologySpreadConstraints"].items()) {
    SpreadConstraint made;
    made.selector = spread_selector(constraint, pod.metadata()["labels"]);
    made.topology_key = constraint["topologyKey"].as_string();
    made.max_skew = constraint["maxSkew"].as_int();
    if (constraint["minDomains"].is_int()) made.min_domains = constraint["minDomains"].as_int();
    made.hard = constraint["whenUnsatisfiable"].as_string() == "DoNotSchedule";
    made.honors_affinity = constraint["nodeAffinityPolicy"].as_string() != "Ignore";
    made.honors_taints = constraint["nodeTaintsPolicy"].as_string() == "Honor";
    out.push_back(std::move(made));
  }
  return out;
}

std::vector<HostPort> ports_of(const Value& spec) {
  std::vector<HostPort> out;
  for (const std::string_view list : {"containers", "initContainers"}) {
    for (const Value& container : spec[list].items()) {
      if (list == "initContainers" && container["restartPolicy"].as_string() != "Always") continue;
      for (const Value& port : container["ports"].items()) {
        if (port["hostPort"].as_int() == 0) continue;
        const std::string_view ip = port["hostIP"].as_string(), protocol = port["protocol"].as_string();
        out.push_back({std::string(ip.empty() ? "0.0.0.0" : ip), std::string(protocol.empty() ? "TCP" : protocol),
                       port["hostPort"].as_int()});
      }
    }
  }
  return out;
}

bool same_amounts(const api::ResourceAmounts& a, const api::ResourceAmounts& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const auto& x, const auto& y) { return x.first == y.first && x.second.compare(y.second) == 0; });
}

// The rest of what decides about others cannot change.
bool same_for_others(const PodFacts& a, const PodFacts& b) {
  return a.node == b.node && a.terminal == b.terminal && a.deleting == b.deleting && a.labels == b.labels &&
         same_amounts(a.requests, b.requests);
}

}  // namespace

bool PodFacts::is_waiting() const {
  return node.empty() && !terminal && !deleting && spec()["schedulingGates"].size() == 0 &&
         spec()["schedulerName"].as_string() == kSchedulerName;
}

PodFactsPtr read_pod(const client::Object& pod) {
  auto out = std::make_shared<PodFacts>();
  const Value spec = pod["spec"], root = pod.document.root();
  out->object = pod;
  out->labels = api::labels_of(pod.metadata()["labels"]);
  out->node = spec["nodeName"].as_string();
  out->nominated_node = root["status"]["nominatedNodeName"].as_string();
  out->priority = spec["priority"].as_int();
  // Stored pods were validated: there are no bad quantities.
  if (auto needs = api::pod_needs(root); needs.ok()) out->requests = std::move(needs->requests);
  std::erase_if(out->requests, [](const auto& entry) { return entry.second.sign() <= 0; });
  out->ports = ports_of(spec);
  const Value affinity = spec["affinity"];
  out->affinity = required_terms(affinity["podAffinity"], pod);
  out->anti_affinity = required_terms(affinity["podAntiAffinity"], pod);
  out->preferred_affinity = preferred_terms(affinity["podAffinity"], pod);
  out->preferred_anti_affinity = preferred_terms(affinity["podAntiAffinity"], pod);
  out->spread = spread_of(pod);
  for (const Value& volume : spec["volumes"].items()) {
    if (std::string claim = claim_name(pod, volume); !claim.empty()) out->claims.push_back(std::move(claim));
  }
  out->created = pod.metadata()["creationTimestamp"].as_string();
  out->deleting = pod.deleting();
  out->terminal = is_terminal(root);
  return out;
}

PodFactsPtr PodFactsMemo::of(const client::Object& pod) {
  Entry& entry = entries_[pod.uid];
  entry.used = round_;
  if (entry.facts == nullptr || entry.facts->object.revision != pod.revision) entry.facts = read_pod(pod);
  return entry.facts;
}

bool PodFactsMemo::matters(const client::Change& change) {
  if (change.deleted) return entries_.erase(change.object.uid), true;
  const auto found = entries_.find(change.object.uid);
  const PodFactsPtr before = found == entries_.end() ? nullptr : found->second.facts;
  const PodFactsPtr now = of(change.object);
  return before == nullptr || now->is_waiting() || !same_for_others(*before, *now);
}

void PodFactsMemo::sweep() {
  std::erase_if(entries_, [this](const auto& entry) { return entry.second.used != round_; });
  ++round_;
}

}  // namespace plinth::workloads
