#include "workloads/common/node_selection.h"

#include <algorithm>

#include "api/label_selector.h"

namespace plinth::workloads {
namespace {

using api::SelectorOperator;

// The API has checked that it is one of these.
SelectorOperator operator_of(std::string_view name) {
  if (name == "In") return SelectorOperator::kIn;
  if (name == "NotIn") return SelectorOperator::kNotIn;
  if (name == "Exists") return SelectorOperator::kExists;
  if (name == "DoesNotExist") return SelectorOperator::kDoesNotExist;
  return name == "Gt" ? SelectorOperator::kGreaterThan : SelectorOperator::kLessThan;
}

bool meets(const Value& requirement, const std::string_view* value) {
  api::LabelRequirement parsed{
      std::string(requirement["key"].as_string()), operator_of(requirement["operator"].as_string()), {}};
  for (const Value& v : requirement["values"].items()) parsed.values.emplace_back(v.as_string());
  return parsed.matches(value);
}

bool meets_label(const Value& requirement, const Value& labels) {
  const Value* found = labels.find(requirement["key"].as_string());
  const std::string_view value = found != nullptr ? found->as_string() : std::string_view();
  return meets(requirement, found != nullptr ? &value : nullptr);
}

}  // namespace

bool matches_node_term(const Value& term, const client::Object& node) {
  const Value labels = node.metadata()["labels"];
  const auto expressions = term["matchExpressions"].items(), fields = term["matchFields"].items();
  if (expressions.empty() && fields.empty()) return false;
  for (const Value& requirement : expressions) {
    if (!meets_label(requirement, labels)) return false;
  }
  const std::string_view name = node.name;
  return std::all_of(fields.begin(), fields.end(), [&](const Value& requirement) {
    return requirement["key"].as_string() == "metadata.name" && meets(requirement, &name);
  });
}

bool matches_node_selector(const Value& selector, const client::Object& node) {
  if (selector.is_null()) return true;
  const auto terms = selector["nodeSelectorTerms"].items();
  return std::any_of(terms.begin(), terms.end(), [&](const Value& term) { return matches_node_term(term, node); });
}

bool matches_required_nodes(const Value& spec, const client::Object& node) {
  const Value labels = node.metadata()["labels"];
  for (const Member& wanted : spec["nodeSelector"].members()) {
    const Value* have = labels.find(wanted.key());
    if (have == nullptr || have->as_string() != wanted.value.as_string()) return false;
  }
  return matches_node_selector(spec["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"], node);
}

bool matches_topology_terms(const Value& terms, const client::Object& node) {
  if (terms.size() == 0) return true;
  const Value labels = node.metadata()["labels"];
  auto holds = [&](const Value& term) {
    const auto expressions = term["matchLabelExpressions"].items();
    return std::all_of(expressions.begin(), expressions.end(), [&](const Value& requirement) {
      const Value* have = labels.find(requirement["key"].as_string());
      const auto values = requirement["values"].items();
      return have != nullptr &&
             std::any_of(values.begin(), values.end(), [&](const Value& v) { return v.as_string() == have->as_string(); });
    });
  };
  const auto all = terms.items();
  return std::any_of(all.begin(), all.end(), holds);
}

bool tolerates(const Value& tolerations, const Value& taint) {
  const auto all = tolerations.items();
  return std::any_of(all.begin(), all.end(), [&](const Value& toleration) {
    const std::string_view effect = toleration["effect"].as_string(), key = toleration["key"].as_string();
    if (!effect.empty() && effect != taint["effect"].as_string()) return false;
    if (!key.empty() && key != taint["key"].as_string()) return false;
    const std::string_view op = toleration["operator"].as_string();
    if (op == "Exists") return true;
    return (op.empty() || op == "Equal") && !key.empty() && toleration["value"].as_string() == taint["value"].as_string();
  });
}

Value untolerated_taint(const Value& tolerations, const Value& taints, bool no_schedule, bool no_execute) {
  for (const Value& taint : taints.items()) {
    const std::string_view effect = taint["effect"].as_string();
    const bool counts = (no_schedule && effect == "NoSchedule") || (no_execute && effect == "NoExecute");
    if (counts && !tolerates(tolerations, taint)) return taint;
  }
  return Value();
}

}  // namespace plinth::workloads
