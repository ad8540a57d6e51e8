#include "sim/compose_model.h"

#include <algorithm>

#include "base/quoted.h"

namespace plinth::sim {
namespace {

struct ModelKind {
  const char* plural;
  const char* kind;
};
constexpr ModelKind kKinds[] = {
    {"configmaps", "ConfigMap"}, {"configmaps", "ConfigMap"}, {"serviceaccounts", "ServiceAccount"}, {"services", "Service"}};

std::string kind_of(const ModelNode& node) {
  for (const ModelKind& kind : kKinds) {
    if (node.plural == kind.plural) return kind.kind;
  }
  return "";
}

// A text made of what the node refers to.
std::string references(const ModelDefinition& definition, const ModelNode& node) {
  std::string out;
  for (std::size_t need : node.needs) {
    const ModelNode& other = definition.nodes[need];
    out += other.collection ? "${string(size(" + other.id + "))}-" : "${" + other.id + ".metadata.name}-";
  }
  return out;
}

std::string node_json(const ModelDefinition& definition, const ModelNode& node) {
  std::string name = "${schema.metadata.name}-" + node.id;
  if (node.collection) name += "-${t}";
  const std::string wrong = definition.broken && &node == &definition.nodes.back() ? "${schema.spec.nothing}" : "";
  std::string out = "{\"id\":" + quoted(node.id);
  if (node.conditional) out += R"(,"includeWhen":["${schema.spec.on}"])";
  if (node.collection) out += R"(,"forEach":[{"t":"${schema.spec.list}"}])";
  out += R"(,"template":{"apiVersion":"v1","kind":")" + kind_of(node) + R"(","metadata":{"name":")" + name +
         R"(","annotations":{"refers":"-)" + references(definition, node) + wrong + "\"}}";
  if (node.plural == "configmaps") out += R"(,"data":{"value":"${schema.spec.value}"})";
  if (node.plural == "services") out += R"(,"spec":{"selector":{"a":"b"},"ports":[{"port":80}]})";
  return out + "}}";
}

// Left out are those with a false condition and whatever refers to one that is.
bool is_included(const ModelDefinition& definition, std::size_t node, bool on) {
  const ModelNode& n = definition.nodes[node];
  if (n.conditional && !on) return false;
  return std::all_of(n.needs.begin(), n.needs.end(), [&](std::size_t need) { return is_included(definition, need, on); });
}

}  // namespace

ModelDefinition random_definition(world_sim::SimRandom& random) {
  ModelDefinition out;
  const std::size_t count = 1 + random.below(6);
  // A later place in this order may refer to an earlier one; the places in the definition are another order.
  std::vector<std::size_t> places(count);
  for (std::size_t i = 0; i < count; ++i) places[i] = i;
  for (std::size_t i = count; i > 1; --i) std::swap(places[i - 1], places[random.below(i)]);
  out.nodes.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    ModelNode& node = out.nodes[places[i]];
    node.id = "r" + std::to_string(random.below(3)) + "x" + std::to_string(i);
    node.plural = kKinds[random.below(std::size(kKinds))].plural;
    node.conditional = random.below(4) == 0;
    node.collection = random.below(4) == 0;
    for (std::size_t j = 0; j < i; ++j) {
      if (random.below(3) == 0) node.needs.push_back(places[j]);
    }
  }
  return out;
}

std::string resources_json(const ModelDefinition& definition) {
  std::string out;
  for (const ModelNode& node : definition.nodes) out += (out.empty() ? "" : ",") + node_json(definition, node);
  return "[" + out + "]";
}

std::string schema_json(const std::string& kind) {
  return R"({"apiVersion":"v1alpha1","kind":")" + kind +
         R"(","spec":{"value":"string | default=\"none\"","on":"boolean | default=true","list":"[]string | default=[]"}})";
}

std::map<std::string, std::string> expected_children(const ModelDefinition& definition, const Value& instance) {
  std::map<std::string, std::string> out;
  const Value spec = instance["spec"];
  const std::string name(instance["metadata"]["name"].as_string()), name_space(instance["metadata"]["namespace"].as_string());
  for (std::size_t i = 0; i < definition.nodes.size(); ++i) {
    const ModelNode& node = definition.nodes[i];
    if (!is_included(definition, i, spec["on"].as_bool())) continue;
    const std::string value(node.plural == "configmaps" ? spec["value"].as_string() : std::string_view());
    const std::string base = node.plural + "/" + name_space + "/" + name + "-" + node.id;
    if (!node.collection) out[base] = value;
    for (const Value& item : node.collection ? spec["list"].items() : std::span<const Value>())
      out[base + "-" + std::string(item.as_string())] = value;
  }
  return out;
}

}  // namespace plinth::sim
