#include "workloads/csi/topology.h"

#include <algorithm>

namespace plinth::workloads {
namespace {

using client::Object;

const client::Resource kCsiNodes{"storage.k8s.io", "v1", "csinodes", "CSINode", false};
const client::Resource kNodes{"", "v1", "nodes", "Node", false};

// The keys that the driver reports on that node; empty when it does not run there.
std::vector<std::string> keys_on(const Object& csi_node, const std::string& driver, bool& runs) {
  std::vector<std::string> out;
  for (const Value& entry : csi_node["spec"]["drivers"].items()) {
    if (entry["name"].as_string() != driver) continue;
    runs = true;
    for (const Value& key : entry["topologyKeys"].items()) out.emplace_back(key.as_string());
  }
  return out;
}

// Nothing when a label is missing.
std::optional<CsiTopology> segment_of(const Object& node, const std::vector<std::string>& keys) {
  CsiTopology out;
  for (const std::string& key : keys) {
    const Value* value = node.metadata()["labels"].find(key);
    if (value == nullptr) return std::nullopt;
    out[key] = value->as_string();
  }
  return out;
}

void add(std::vector<CsiTopology>& all, const CsiTopology& one) {
  if (!one.empty() && std::find(all.begin(), all.end(), one) == all.end()) all.push_back(one);
}

// Each term stands for every combination of its values.
std::vector<CsiTopology> flatten(const Value& allowed) {
  std::vector<CsiTopology> out;
  for (const Value& term : allowed.items()) {
    std::vector<CsiTopology> combined = {{}};
    for (const Value& expression : term["matchLabelExpressions"].items()) {
      std::vector<CsiTopology> next;
      for (const CsiTopology& before : combined) {
        for (const Value& value : expression["values"].items()) {
          CsiTopology one = before;
          one[std::string(expression["key"].as_string())] = value.as_string();
          next.push_back(std::move(one));
        }
      }
      combined = std::move(next);
    }
    for (const CsiTopology& one : combined) add(out, one);
  }
  return out;
}

bool covers(const CsiTopology& allowed, const CsiTopology& segment) {
  return std::all_of(allowed.begin(), allowed.end(), [&](const auto& entry) {
    const auto found = segment.find(entry.first);
    return found != segment.end() && found->second == entry.second;
  });
}

std::vector<CsiTopology> of_all_nodes(const client::View& view, const std::string& driver) {
  std::vector<CsiTopology> out;
  view.list(kCsiNodes, "", [&](const Object& csi_node) {
    bool runs = false;
    const auto keys = keys_on(csi_node, driver, runs);
    const auto node = runs ? view.get(kNodes, "", csi_node.name) : std::nullopt;
    if (const auto segment = node ? segment_of(*node, keys) : std::nullopt) add(out, *segment);
    return true;
  });
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace

std::vector<CsiTopology> segments_of_driver(const client::View& view, const std::string& driver) {
  return of_all_nodes(view, driver);
}

Result<TopologyRequirement> topology_requirement(const client::View& view, const std::string& driver,
                                                 const Value& allowed_topologies, std::string_view selected_node) {
  TopologyRequirement out;
  const std::vector<CsiTopology> allowed = flatten(allowed_topologies);
  out.requisite = allowed.empty() ? of_all_nodes(view, driver) : allowed;
  out.preferred = out.requisite;
  if (selected_node.empty()) return out;
  const auto node = view.get(kNodes, "", selected_node);
  const auto csi_node = view.get(kCsiNodes, "", selected_node);
  if (!node) return Error(Reason::kNotFound, "node \"" + std::string(selected_node) + "\" not found");
  bool runs = false;
  const auto keys = csi_node ? keys_on(*csi_node, driver, runs) : std::vector<std::string>();
  if (!runs)
    return Error(Reason::kNotFound, "CSINode \"" + std::string(selected_node) + "\" does not contain driver " + driver);
  const auto segment = segment_of(*node, keys);
  if (!segment)
    return Error(Reason::kNotFound, "node \"" + std::string(selected_node) + "\" lacks a topology label of driver " + driver);
  if (segment->empty()) return out;
  const bool is_allowed =
      std::any_of(allowed.begin(), allowed.end(), [&](const CsiTopology& a) { return covers(a, *segment); });
  if (!allowed.empty() && !is_allowed)
    return Error(Reason::kNotFound,
                 "selected node \"" + std::string(selected_node) + "\" is not in the allowed topologies of the class");
  if (allowed.empty()) add(out.requisite, *segment);
  // The node's own first, then those that follow it and, round the corner, those before.
  out.preferred = out.requisite;
  const auto first =
      std::find_if(out.preferred.begin(), out.preferred.end(), [&](const CsiTopology& t) { return covers(t, *segment); });
  std::rotate(out.preferred.begin(), first == out.preferred.end() ? out.preferred.begin() : first, out.preferred.end());
  return out;
}

Value volume_node_affinity(Draft& draft, const std::vector<CsiTopology>& topology) {
  Value terms = draft.array();
  for (const CsiTopology& segment : topology) {
    if (segment.empty()) continue;
    Value expressions = draft.array();
    for (const auto& [key, value] : segment) {
      Value expression = draft.object();
      draft.set(expression, "key", key);
      draft.set(expression, "operator", "In");
      Value values = draft.array();
      draft.push(values, draft.text(value));
      draft.set(expression, "values", values);
      draft.push(expressions, expression);
    }
    Value term = draft.object();
    draft.set(term, "matchExpressions", expressions);
    draft.push(terms, term);
  }
  if (terms.size() == 0) return Value();
  Value required = draft.object();
  draft.set(required, "nodeSelectorTerms", terms);
  Value out = draft.object();
  draft.set(out, "required", required);
  return out;
}

}  // namespace plinth::workloads
