// What instances report: expressions over their resources, and the schema that follows from their types.
#include "base/value_type.h"
#include "compose/definition/generated_crd.h"
#include "compose/errors.h"
#include "compose/expression/assignable.h"
#include "compose/expression/condition_rules.h"
#include "compose/expression/expression_text.h"
#include "compose/graph/graph_builder.h"

namespace plinth::compose {

Result<Value> GraphBuilder::status_leaf(std::string_view text, Draft& draft, const FieldPath& path) {
  const std::string at = path_text(path);
  const std::vector<FoundExpression> found = TRY(find_expressions(text));
  if (found.empty()) return bad_request("status fields without expressions are not supported: [" + at + "]");
  StatusField field{path, at, is_standalone(text, found), {}};
  auto allowed = [&](std::string_view name) { return name == kSchemaName || is_id(name); };
  std::size_t from = 0;
  Value schema;
  for (const FoundExpression& e : found) {
    if (e.begin > from) field.parts.push_back({std::string(text.substr(from, e.begin - from)), nullptr});
    from = e.end;
    auto part = compile_part(std::string(e.text), environment_, allowed);
    if (!part.ok())
      return bad_request("failed to type-check status expression " + quoted(e.text) + " at path " + quoted(at) + ": " +
                         part.error().message());
    const Expression& expression = *part->expression;
    if (expression.variables.empty()) return bad_request("instance status field must refer to a resource or schema: " + at);
    if (expression.draws) return bad_request("status field " + quoted(at) + ": " + std::string(kDrawnElsewhere));
    if (expression.uses_omit)
      return bad_request("status field " + quoted(at) + ": omit() can only be used in resource template expressions");
    if (!field.standalone && !why_not_assignable(expression.type(), cel::Type::string()).empty()) {
      return bad_request("status field " + quoted(at) + " expression " + quoted(e.text) + ": returns type " +
                         quoted(expression.type().text()) + " but expected \"string\"");
    }
    auto typed = openapi_of_type(field.standalone ? expression.type() : cel::Type::string(), draft);
    if (!typed.ok()) return wrapped("failed to generate status schema from CEL types: " + at, typed.error());
    schema = *typed;
    field.parts.push_back(std::move(*part));
  }
  if (from < text.size()) field.parts.push_back({std::string(text.substr(from)), nullptr});
  out_->status.push_back(std::move(field));
  return schema;
}

Result<Value> GraphBuilder::status_schema(const Value& value, Draft& draft, FieldPath& path) {
  if (value.is_string()) return status_leaf(value.as_string(), draft, path);
  Value schema = draft.object();
  if (value.is_array()) {
    draft.set(schema, "type", "array");
    for (std::size_t i = 0; i < value.size(); ++i) {
      path.push_back({"", i, true});
      draft.member(schema, "items") = TRY(status_schema(value.items()[i], draft, path));
      path.pop_back();
    }
    return schema;
  }
  if (!value.is_object()) return bad_request("status fields without expressions are not supported: [" + path_text(path) + "]");
  draft.set(schema, "type", "object");
  Value properties = draft.object();
  for (const Member& m : value.members()) {
    path.push_back({std::string(m.key()), 0, false});
    draft.member(properties, m.key()) = TRY(status_schema(m.value, draft, path));
    path.pop_back();
  }
  draft.member(schema, "properties") = properties;
  return schema;
}

// The author's conditions are no field like the others: what they give is not written as it is.
Result<void> GraphBuilder::build_conditions(const Value& list) {
  if (!list.is_array()) return bad_request("status.conditions must be a list, got " + std::string(value_type_text(list)));
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const Value& item = list.items()[i];
    if (!item.is_string()) {
      return bad_request("status.conditions[" + std::to_string(i) + "] must be a CEL expression string, got " +
                         std::string(value_type_text(item)));
    }
    auto text = standalone_expression(item.as_string());
    if (!text.ok()) return wrapped("invalid conditions block", text.error());
    texts.emplace_back(*text);
  }
  const cel::Environment environment = with_conditions(environment_);
  TRY(check_condition_rules(texts, environment));
  auto allowed = [&](std::string_view name) { return name == kSchemaName || is_id(name); };
  for (const std::string& text : texts) {
    auto compiled = compile_expression(text, environment, allowed);
    if (!compiled.ok())
      return bad_request("failed to type-check condition " + quoted(text) + ": " + compiled.error().message());
    if (compiled->draws) return bad_request("condition " + quoted(text) + ": " + std::string(kDrawnElsewhere));
    if (compiled->uses_omit)
      return bad_request("condition " + quoted(text) + ": omit() can only be used in resource template expressions");
    if (!gives_conditions(compiled->type())) {
      return bad_request("condition " + quoted(text) +
                         ": condition expressions must return runtime.newCondition(...) or a list of them, got " +
                         quoted(compiled->type().text()));
    }
    out_->conditions.push_back(std::move(*compiled));
  }
  return {};
}

Result<void> GraphBuilder::build_status() {
  Draft draft, fields;
  FieldPath path;
  Value schema;
  Value status = out_->api.status;
  if (const Value* conditions = status.find("conditions"); conditions != nullptr) {
    auto built = build_conditions(*conditions);
    if (!built.ok()) return wrapped("failed to build instance conditions", built.error());
    fields.root() = fields.clone(status);
    fields.remove(fields.root(), "conditions");
    out_->parts.push_back(std::move(fields).finish());
    status = out_->parts.back().root();
  }
  if (status.is_object()) schema = TRY(status_schema(status, draft, path));
  out_->crd = generate_crd(out_->owner, out_->api, spec_schema_.root(), schema);
  return {};
}

}  // namespace plinth::compose
