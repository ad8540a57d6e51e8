// Which resources refer to which, and the order that follows.
#include <algorithm>

#include "compose/errors.h"
#include "compose/expression/expression_text.h"
#include "compose/graph/graph_builder.h"

namespace plinth::compose {

Result<void> GraphBuilder::add_reference(std::size_t node, std::string_view expression, const std::set<std::string>& locals,
                                         Dag& dag, std::vector<std::size_t>* also) {
  const Inspection found = TRY(inspect_expression(expression, language_));
  for (const std::string& name : found.variables) {
    if (name == kSchemaName || locals.count(name) > 0) continue;
    const auto target = std::find_if(out_->nodes.begin(), out_->nodes.end(), [&](const Node& n) { return n.id == name; });
    if (target == out_->nodes.end()) {
      if (name == "runtime") return bad_request("runtime is only available in status.conditions expressions");
      return bad_request("failed to extract dependencies: expression " + quoted(expression) +
                         " references unknown identifiers: [" + name + "]");
    }
    const std::size_t to = static_cast<std::size_t>(target - out_->nodes.begin());
    TRY(dag.depend(node, to));
    if (also != nullptr) also->push_back(to);
  }
  if (auto known = found.check_functions(); !known.ok())
    return bad_request("failed to extract dependencies: expression " + quoted(expression) + " " + known.error().message());
  return {};
}

// Of the lists of collections and of includeWhen.
Result<void> GraphBuilder::add_condition_references(std::size_t index, const Value& resource,
                                                    const std::set<std::string>& iterators, Dag& dag) {
  Node& node = out_->nodes[index];
  for (const Value& dimension : resource["forEach"].items()) {
    for (const Member& m : dimension.members()) {
      auto text = standalone_expression(m.value.as_string());
      if (!text.ok())
        return bad_request("invalid forEach expression for dimension " + quoted(m.key()) + ": " + text.error().message());
      const Inspection found = TRY(inspect_expression(*text, language_));
      for (const std::string& name : found.variables) {
        if (iterators.count(name) == 0) continue;
        return bad_request("forEach iterator " + quoted(m.key()) + " cannot reference other iterators [" + name +
                           "] - forEach iterators are independent (cartesian product)");
      }
      TRY(add_reference(index, *text, {}, dag, nullptr));
    }
  }
  for (const Value& condition : resource["includeWhen"].items()) {
    auto text = standalone_expression(condition.as_string());
    if (!text.ok()) return wrapped("failed to parse includeWhen expressions", text.error());
    TRY(add_reference(index, *text, {}, dag, &node.include_needs));
  }
  return {};
}

Result<void> GraphBuilder::add_references(std::size_t index, const Value& resource, Dag& dag) {
  const Node& node = out_->nodes[index];
  std::set<std::string> iterators;
  for (const Value& dimension : resource["forEach"].items()) {
    for (const Member& m : dimension.members()) iterators.emplace(m.key());
  }
  auto conditions = add_condition_references(index, resource, iterators, dag);
  if (!conditions.ok()) return wrapped(in_resource(node), conditions.error());
  for (const TemplateField& field : located_[index]) {
    for (const TemplateField::Part& part : field.parts) {
      if (!part.is_expression) continue;
      auto added = add_reference(index, part.text, iterators, dag, nullptr);
      if (!added.ok()) return wrapped(in_resource(node) + " at path " + quoted(field.path_text), added.error());
    }
  }
  return {};
}

Result<void> GraphBuilder::find_order() {
  Dag dag;
  for (const Node& node : out_->nodes) dag.add(node.id);
  const auto resources = out_->spec["resources"].items();
  for (std::size_t i = 0; i < out_->nodes.size(); ++i) TRY(add_references(i, resources[i], dag));
  out_->order =
      dag.order(out_->owner.dialect == Dialect::kResourceGroup2024 ? TieOrder::kAlphabetical : TieOrder::kListPosition);
  const std::vector<int> layers = dag.layers();
  for (std::size_t i = 0; i < out_->nodes.size(); ++i) {
    out_->nodes[i].needs.assign(dag.dependencies(i).begin(), dag.dependencies(i).end());
    out_->nodes[i].apply_order = layers[i] + 1;  // kro counts from one
  }
  return {};
}

}  // namespace plinth::compose
