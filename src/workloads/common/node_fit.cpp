#include "workloads/common/node_fit.h"

#include <algorithm>

#include "base/text.h"

namespace plinth::workloads {
namespace {

// One requirement of a node selector term. `value` is null when the node does not have the label or field.
bool matches_requirement(const Value& requirement, const std::string_view* value) {
  const std::string_view op = requirement["operator"].as_string();
  const auto values = requirement["values"].items();
  const bool listed =
      value != nullptr && std::any_of(values.begin(), values.end(), [&](const Value& v) { return v.as_string() == *value; });
  if (op == "In") return listed;
  if (op == "NotIn") return !listed;
  if (op == "Exists") return value != nullptr;
  if (op == "DoesNotExist") return value == nullptr;
  if (value == nullptr || values.size() != 1) return false;
  const auto have = parse_integer<std::int64_t>(*value), bound = parse_integer<std::int64_t>(values[0].as_string());
  if (!have || !bound) return false;
  return op == "Gt" ? *have > *bound : op == "Lt" && *have < *bound;
}

bool matches_term(const Value& term, const client::Object& node) {
  const Value expressions = term["matchExpressions"], fields = term["matchFields"];
  if (expressions.size() == 0 && fields.size() == 0) return false;  // an empty term matches nothing
  for (const Value& requirement : expressions.items()) {
    const Value* label = node.metadata()["labels"].find(requirement["key"].as_string());
    const std::string_view text = label != nullptr ? label->as_string() : "";
    if (!matches_requirement(requirement, label != nullptr ? &text : nullptr)) return false;
  }
  for (const Value& requirement : fields.items()) {
    const std::string_view name = node.name;
    if (requirement["key"].as_string() != "metadata.name" || !matches_requirement(requirement, &name)) return false;
  }
  return true;
}

}  // namespace

bool matches_node(const Value& pod_spec, const client::Object& node) {
  for (const Member& wanted : pod_spec["nodeSelector"].members()) {
    const Value* label = node.metadata()["labels"].find(wanted.key());
    if (label == nullptr || label->as_string() != wanted.value.as_string()) return false;
  }
  const Value required = pod_spec["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"];
  if (!required.is_object()) return true;
  const auto terms = required["nodeSelectorTerms"].items();
  return std::any_of(terms.begin(), terms.end(), [&](const Value& term) { return matches_term(term, node); });
}

bool tolerates(const Value& tolerations, const Value& taint) {
  for (const Value& t : tolerations.items()) {
    const std::string_view effect = t["effect"].as_string(), key = t["key"].as_string();
    if (!effect.empty() && effect != taint["effect"].as_string()) continue;
    if (!key.empty() && key != taint["key"].as_string()) continue;
    if (t["operator"].as_string() == "Exists") return true;
    if (!key.empty() && t["value"].as_string() == taint["value"].as_string()) return true;
  }
  return false;
}

Value untolerated_taint(const client::Object& node, const Value& tolerations,
                        const std::function<bool(std::string_view effect)>& counts) {
  for (const Value& taint : node["spec"]["taints"].items()) {
    if (counts(taint["effect"].as_string()) && !tolerates(tolerations, taint)) return taint;
  }
  return {};
}

}  // namespace plinth::workloads
