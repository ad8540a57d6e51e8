// Expressions of resources, compiled and checked against what they stand in.
#include "compose/expression/assignable.h"
#include "compose/expression/expression_text.h"
#include "compose/graph/graph_builder.h"

namespace plinth::compose {

namespace {

// What the parts of a selector must be; null: not one of them. Its labels and expressions may come whole from an expression.
std::optional<cel::Type> selector_type(const Node& node, std::string_view path) {
  constexpr std::string_view kLabels = "metadata.selector.matchLabels";
  if (node.type != NodeType::kExternalCollection) return std::nullopt;
  if (path == "metadata.selector") return cel::Type::map(cel::Type::string(), cel::Type::dyn());
  if (path == kLabels) return cel::Type::map(cel::Type::string(), cel::Type::string());
  if (path == "metadata.selector.matchExpressions") return cel::Type::list(cel::Type::dyn());
  if (path.starts_with(kLabels)) return cel::Type::string();
  return std::nullopt;
}

cel::Type wanted_type(const Node& node, const TemplateField& field) {
  if (!field.standalone) return cel::Type::string();
  if (const auto type = selector_type(node, field.path_text)) return *type;
  if (field.target == nullptr) return cel::Type::dyn();
  return api::cel_type(*field.target, "__type_" + node.id + "." + field.path_text, node.kind.keeper);
}

}  // namespace

Result<CompiledField::Part> GraphBuilder::compile_part(const std::string& text, const cel::Environment& environment,
                                                       const std::function<bool(std::string_view)>& allowed) const {
  CompiledField::Part part;
  part.expression = std::make_shared<const Expression>(TRY(compile_expression(text, environment, allowed)));
  return part;
}

Result<void> GraphBuilder::compile_fields(Node& node, const cel::Environment& environment) {
  const std::size_t index = static_cast<std::size_t>(&node - out_->nodes.data());
  auto allowed = [&](std::string_view name) {
    return environment.find_variable(name).has_value() && name != kEachName && name != node.id;
  };
  for (TemplateField& field : located_[index]) {
    CompiledField compiled{field.path, field.path_text, field.standalone, {}};
    for (const TemplateField::Part& part : field.parts) {
      if (!part.is_expression) {
        compiled.parts.push_back({part.text, nullptr});
        continue;
      }
      auto made = compile_part(part.text, environment, allowed);
      if (!made.ok())
        return bad_request("failed to compile template expression " + quoted(part.text) + " at path " +
                           quoted(field.path_text) + ": " + made.error().message());
      const cel::Type wanted = wanted_type(node, field);
      const cel::Type& given = made->expression->type();
      const std::string why = why_not_assignable(given, wanted);
      if (!why.empty()) {
        return bad_request("type mismatch in resource " + quoted(node.id) + " at path " + quoted(field.path_text) +
                           ": expression " + quoted(part.text) + " returns type " + quoted(given.text()) + " but expected " +
                           quoted(wanted.text()) +
                           (field.standalone ? why.starts_with("type kind mismatch") ? "" : ": " + why
                                             : " (text around an expression needs text: string(...))"));
      }
      compiled.drawn = compiled.drawn || made->expression->draws;
      compiled.parts.push_back(std::move(*made));
    }
    if (compiled.drawn) TRY(check_drawn(node, compiled));
    node.fields.push_back(std::move(compiled));
  }
  return {};
}

Result<void> GraphBuilder::compile_dimensions(Node& node, const Value& resource, cel::Environment& environment) {
  for (const Value& dimension : resource["forEach"].items()) {
    for (const Member& m : dimension.members()) {
      auto allowed = [&](std::string_view name) { return name == kSchemaName || (is_id(name) && name != node.id); };
      Expression list = TRY(compile_expression(*standalone_expression(m.value.as_string()), environment_, allowed));
      const std::string prefix = "node " + quoted(node.id) + ": forEach iterator " + quoted(m.key());
      if (list.draws) return bad_request(prefix + ": " + std::string(kDrawnElsewhere));
      if (list.uses_omit) return bad_request(prefix + ": omit() can only be used in resource template expressions");
      const cel::Type& type = list.type();
      if (!type.is(cel::TypeKind::kList) && !type.is_dyn())
        return bad_request(prefix + " must return a list, got " + quoted(type.text()));
      const std::size_t slot = environment.declare(m.key(), type.is_dyn() ? cel::Type::dyn() : type.element());
      node.for_each.push_back({std::string(m.key()), std::move(list), slot});
    }
  }
  return {};
}

// What is drawn once must be found again in the object.
Result<void> GraphBuilder::check_drawn(const Node& node, const CompiledField& field) const {
  const std::string prefix =
      in_resource(node) + " at path " + quoted(field.path_text) + ": random.alphanumeric() cannot be used ";
  if (node.is_external()) return bad_request(prefix + "in an externalRef");
  if (field.path_text == "metadata.name" || field.path_text == "metadata.namespace")
    return bad_request(prefix + "for the identity of an object: it would be another one each time");
  for (const PathStep& step : field.path) {
    if (step.is_index) return bad_request(prefix + "within lists");
  }
  if (node.kind.resource.is("", "secrets") && field.path[0].key == "stringData")
    return bad_request(prefix + "in stringData, which is not kept: use data with base64.encode(bytes(...))");
  return {};
}

// Every object needs a name of its own, and a name that is there.
Result<void> GraphBuilder::check_identity(const Node& node) const {
  std::set<std::string> used;
  for (const CompiledField& field : node.fields) {
    const bool name = field.path_text == "metadata.name", name_space = field.path_text == "metadata.namespace";
    if (!name && !name_space) continue;
    for (const CompiledField::Part& part : field.parts) {
      if (part.expression == nullptr) continue;
      if (part.expression->uses_omit && (name || !out_->api.namespaced)) {
        return bad_request(in_resource(node) + ": omit() cannot be used at path " + quoted(field.path_text) +
                           " - the field is required and must resolve to a concrete value");
      }
      used.insert(part.expression->variables.begin(), part.expression->variables.end());
    }
  }
  std::string missing;
  for (const Dimension& dimension : node.for_each) {
    if (used.count(dimension.name) == 0) missing += (missing.empty() ? "" : " ") + dimension.name;
  }
  if (missing.empty()) return {};
  return bad_request(in_resource(node) +
                     ": all forEach dimensions must be used to produce a unique resource identity, missing: [" + missing + "]");
}

Result<std::vector<Expression>> GraphBuilder::compile_conditions(const Node& node, const Value& list, std::string_view what,
                                                                 const cel::Environment& environment,
                                                                 const std::function<bool(std::string_view)>& allowed) const {
  std::vector<Expression> out;
  for (const Value& item : list.items()) {
    auto text = standalone_expression(item.as_string());
    if (!text.ok()) return bad_request("failed to parse " + std::string(what) + " expressions: " + text.error().message());
    auto compiled = compile_expression(*text, environment, allowed);
    if (!compiled.ok()) {
      return bad_request("failed to type-check " + std::string(what) + " expression " + quoted(*text) + " in resource " +
                         quoted(node.id) + ": " + compiled.error().message());
    }
    if (compiled->draws) return bad_request(in_resource(node) + " " + std::string(what) + ": " + std::string(kDrawnElsewhere));
    if (compiled->uses_omit)
      return bad_request(in_resource(node) + " " + std::string(what) +
                         ": omit() can only be used in resource template expressions");
    if (!is_boolean(compiled->type())) {
      return bad_request(std::string(what) + " expression " + quoted(*text) + " in resource " + quoted(node.id) +
                         " must return bool or optional_type(bool), but returns " + quoted(compiled->type().text()));
    }
    out.push_back(std::move(*compiled));
  }
  return out;
}

Result<void> GraphBuilder::compile_node(std::size_t index) {
  Node& node = out_->nodes[index];
  const Value resource = out_->spec["resources"].items()[index];
  auto over_graph = [&](std::string_view name) { return name == kSchemaName || (is_id(name) && name != node.id); };
  node.include_when = TRY(compile_conditions(node, resource["includeWhen"], "includeWhen", environment_, over_graph));
  cel::Environment with_each = environment_;
  if (node.is_list()) {
    const api::CelObjectOptions options{true, true, node.kind.resource.namespaced};
    with_each.declare(kEachName, api::cel_object_type(*node.kind.schema, "__type_" + node.id, node.kind.keeper, options));
  }
  auto over_self = [&](std::string_view name) { return node.is_list() ? name == kEachName : name == node.id; };
  node.ready_when = TRY(compile_conditions(node, resource["readyWhen"], "readyWhen", with_each, over_self));
  cel::Environment environment = environment_;
  TRY(compile_dimensions(node, resource, environment));
  TRY(compile_fields(node, environment));
  node.variable_count = environment.variables().size();
  return check_identity(node);
}

}  // namespace plinth::compose
