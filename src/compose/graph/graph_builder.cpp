// From the text of a definition to a Graph, in the order in which kro checks: names, types, resources, references, expressions,
// status.
#include <algorithm>
#include <set>

#include "base/quoted.h"
#include "base/text.h"
#include "compose/definition/generated_crd.h"
#include "compose/errors.h"
#include "compose/expression/assignable.h"
#include "compose/expression/expression_text.h"
#include "compose/graph/dag.h"
#include "compose/graph/graph.h"
#include "compose/graph/naming.h"
#include "compose/graph/revision.h"
#include "compose/marks.h"
#include "compose/schema/simple_schema.h"

namespace plinth::compose {
namespace {

constexpr std::string_view kSchemaName = "schema";
constexpr std::string_view kEachName = "each";

std::string in_resource(const Node& node) { return "resource " + quoted(node.id); }

class Builder {
 public:
  Builder(const DefinitionOwner& owner, const Document& spec, const KindSource& kinds)
      : kinds_(kinds), out_(std::make_shared<Graph>()), environment_(definition_environment()) {
    out_->owner = owner;
    out_->spec = spec;
    out_->shapes = std::make_shared<api::CelShapes>();
  }

  Result<void> build();
  GraphPtr graph() const { return out_; }
  const std::string& waits_for() const { return waits_for_; }

 private:
  Result<void> build_api();
  Result<void> add_node(const Value& resource);
  Result<void> load_kind(Node& node);
  Result<void> check_object(const Node& node) const;
  Result<void> check_namespace(const Node& node) const;
  Result<void> declare_variables();
  Result<void> find_order();
  Result<void> add_references(std::size_t node, const Value& resource, Dag& dag);
  Result<void> add_reference(std::size_t node, std::string_view expression, const std::set<std::string>& locals, Dag& dag,
                             std::vector<std::size_t>* also);
  Result<void> compile_node(std::size_t index);
  Result<void> compile_fields(Node& node, const cel::Environment& environment);
  Result<void> compile_dimensions(Node& node, const Value& resource, cel::Environment& environment);
  Result<void> check_identity(const Node& node) const;
  Result<std::vector<Expression>> compile_conditions(const Node& node, const Value& list, std::string_view what,
                                                     const cel::Environment& environment,
                                                     const std::function<bool(std::string_view)>& allowed) const;
  Result<CompiledField::Part> compile_part(const std::string& text, const cel::Environment& environment,
                                           const std::function<bool(std::string_view)>& allowed) const;
  Result<void> build_status();
  Result<Value> status_schema(const Value& value, Draft& draft, FieldPath& path);
  Result<Value> status_leaf(std::string_view text, Draft& draft, const FieldPath& path);

  bool is_id(std::string_view name) const { return out_->find(name) != nullptr; }
  std::string_view kind_of(std::size_t index) const { return out_->nodes[index].id; }

  const KindSource& kinds_;
  std::shared_ptr<Graph> out_;
  cel::Environment environment_;  // with `schema` and all ids
  Document spec_schema_;
  std::vector<std::vector<TemplateField>> located_;  // by node
  std::string waits_for_;
};

Result<void> Builder::build() {
  const Value spec = out_->spec.root();
  auto named = check_names(spec);
  if (!named.ok()) return wrapped("failed to validate resourcegraphdefinition", named.error());
  TRY(build_api());
  for (const Value& resource : spec["resources"].items()) {
    auto added = add_node(resource);
    if (!added.ok()) return wrapped("failed to build resource " + quoted(resource["id"].as_string()), added.error());
  }
  auto ordered = find_order();
  if (!ordered.ok()) return wrapped("failed to build dependency graph", ordered.error());
  TRY(declare_variables());
  for (std::size_t i : out_->order) {
    auto compiled = compile_node(i);
    if (!compiled.ok()) return wrapped("failed to validate resource " + quoted(out_->nodes[i].id), compiled.error());
  }
  auto built = build_status();
  if (!built.ok()) return wrapped("failed to build instance status schema", built.error());
  out_->hash = spec_hash(spec);
  return {};
}

Result<void> Builder::build_api() {
  out_->api = api_schema_of(out_->spec.root());
  auto compiled = compile_simple_schema(out_->api.spec, out_->api.types);
  if (!compiled.ok()) return wrapped("failed to build OpenAPI schema for instance", compiled.error());
  spec_schema_ = std::move(*compiled);
  // Good enough to compile expressions against: status is not visible to them.
  const Document crd = generate_crd(out_->owner, out_->api, spec_schema_.root(), Value());
  out_->instance_schema = api::compile_schema(crd.at(crd["spec"]["versions"].items()[0]["schema"]["openAPIV3Schema"]));
  return {};
}

// An external reference in the form of an object.
Value external_object(Draft& draft, const Value& reference) {
  Value out = draft.object();
  for (std::string_view key : {"apiVersion", "kind", "metadata"}) draft.member(out, key) = draft.clone(reference[key]);
  return out;
}

Result<void> Builder::add_node(const Value& resource) {
  Node node;
  node.id = resource["id"].as_string();
  const Value* reference = resource.find("externalRef");
  const bool has_template = resource["template"].is_object();
  if (!has_template && (reference == nullptr || reference->is_null())) {
    return bad_request(in_resource(node) + ": exactly one of template or externalRef must be provided");
  }
  const bool external = reference != nullptr && !reference->is_null();
  if (external && has_template) return bad_request(in_resource(node) + ": cannot use externalRef with template");
  if (external && resource["forEach"].size() > 0)
    return bad_request(in_resource(node) + ": cannot use externalRef with forEach");
  if (external) {
    const bool by_selector = (*reference)["metadata"]["selector"].is_object();
    if (by_selector == !(*reference)["metadata"]["name"].as_string().empty()) {
      return bad_request(in_resource(node) + ": exactly one of name or selector must be provided");
    }
    node.type = by_selector ? NodeType::kExternalCollection : NodeType::kExternal;
    Draft draft;
    draft.root() = external_object(draft, *reference);
    out_->parts.push_back(std::move(draft).finish());
    node.object = out_->parts.back().root();
  } else {
    node.type = resource["forEach"].size() > 0 ? NodeType::kCollection : NodeType::kResource;
    node.object = resource["template"];
  }
  TRY(check_object(node));
  TRY(load_kind(node));
  TRY(check_namespace(node));
  const bool is_crd = node.kind.resource.is("apiextensions.k8s.io", "customresourcedefinitions");
  auto located = locate_expressions(node.object, node.is_external() || is_crd ? nullptr : node.kind.schema);
  if (!located.ok())
    return bad_request("failed to extract CEL expressions from schema for resource " + node.id + ": " +
                       located.error().message());
  for (const TemplateField& field : *located) {
    if (is_crd && field.path[0].key != "metadata") {
      return bad_request("CEL expressions in CRDs are only supported for metadata fields, found in path " +
                         quoted(field.path_text) + ", resource " + node.id);
    }
  }
  located_.push_back(std::move(*located));
  out_->nodes.push_back(std::move(node));
  return {};
}

Result<void> Builder::check_object(const Node& node) const {
  const std::string prefix = "resource " + node.id + " is not a valid Kubernetes object: ";
  for (std::string_view key : {"apiVersion", "kind", "metadata"}) {
    const Value* value = node.object.find(key);
    if (value == nullptr || value->is_null()) return bad_request(prefix + std::string(key) + " field not found");
    if (key == "metadata" && !value->is_object()) return bad_request(prefix + "metadata field is not a map");
    if (key != "metadata" && !value->is_string()) return bad_request(prefix + std::string(key) + " field is not a string");
  }
  for (std::string_view map : {"labels", "annotations"}) {
    for (const Member& m : node.object["metadata"][map].members()) {
      for (std::string_view reserved : kReservedPrefixes) {
        if (!m.key().starts_with(reserved)) continue;
        return bad_request("invalid " + std::string(map == "labels" ? "label" : "annotation") + " for " + in_resource(node) +
                           ": " + quoted(m.key()) + ": " + std::string(map) + " with prefix " + quoted(reserved) +
                           " are reserved for internal use");
      }
    }
  }
  return {};
}

Result<void> Builder::load_kind(Node& node) {
  const std::string_view api_version = node.object["apiVersion"].as_string(), kind = node.object["kind"].as_string();
  const auto [first, second] = cut(api_version, "/");
  const std::string_view group = second ? first : std::string_view(), version = second ? *second : first;
  auto found = kinds_.find_kind(group, version, kind);
  if (!found) {
    waits_for_ = std::string(api_version) + " " + std::string(kind);
    return bad_request("failed to get schema for resource " + node.id + ": kind " + std::string(kind) + " of " +
                       std::string(api_version) + " is not served; it is waited for");
  }
  node.kind = std::move(*found);
  out_->kinds.emplace_back(std::string(api_version) + "/" + std::string(kind), node.kind.stamp);
  return {};
}

Result<void> Builder::check_namespace(const Node& node) const {
  const Value* name_space = node.object["metadata"].find("namespace");
  if (!node.kind.resource.namespaced) {
    if (name_space != nullptr) return bad_request(in_resource(node) + " is cluster-scoped and must not set metadata.namespace");
    return {};
  }
  if (out_->api.namespaced || node.type == NodeType::kExternalCollection) return {};
  if (name_space == nullptr || trim(name_space->as_string()).empty()) {
    return bad_request(in_resource(node) +
                       " is namespaced and must set metadata.namespace when the instance CRD is cluster-scoped");
  }
  return {};
}

Result<void> Builder::declare_variables() {
  Graph& graph = *out_;
  const api::CelObjectOptions hidden{true, false, graph.api.namespaced};
  graph.schema_slot = environment_.declare(
      kSchemaName, api::cel_object_type(graph.instance_schema->root(), "__type_schema", graph.instance_schema, hidden));
  graph.instance_shape = graph.shapes->of_object(graph.instance_schema->root(), hidden);
  for (Node& node : graph.nodes) {
    const api::CelObjectOptions options{true, true, node.kind.resource.namespaced};
    const cel::Type type = api::cel_object_type(*node.kind.schema, "__type_" + node.id, node.kind.keeper, options);
    node.slot = environment_.declare(node.id, node.is_list() ? cel::Type::list(type) : type);
    node.shape = graph.shapes->of_object(*node.kind.schema, options);
  }
  graph.each_slot = environment_.declare(kEachName, cel::Type::dyn());
  graph.variable_count = environment_.variables().size();
  return {};
}

Result<void> Builder::add_reference(std::size_t node, std::string_view expression, const std::set<std::string>& locals,
                                    Dag& dag, std::vector<std::size_t>* also) {
  const Inspection found = TRY(inspect_expression(expression, definition_environment()));
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
  return {};
}

Result<void> Builder::add_references(std::size_t index, const Value& resource, Dag& dag) {
  Node& node = out_->nodes[index];
  std::set<std::string> iterators;
  for (const Value& dimension : resource["forEach"].items()) {
    for (const Member& m : dimension.members()) iterators.emplace(m.key());
  }
  for (const Value& dimension : resource["forEach"].items()) {
    for (const Member& m : dimension.members()) {
      auto text = standalone_expression(m.value.as_string());
      if (!text.ok())
        return bad_request("invalid forEach expression for dimension " + quoted(m.key()) + ": " + text.error().message());
      const Inspection found = TRY(inspect_expression(*text, definition_environment()));
      for (const std::string& name : found.variables) {
        if (iterators.count(name) == 0) continue;
        return bad_request("node " + quoted(node.id) + ": forEach iterator " + quoted(m.key()) +
                           " cannot reference other iterators [" + name +
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
  for (const TemplateField& field : located_[index]) {
    for (const TemplateField::Part& part : field.parts) {
      if (!part.is_expression) continue;
      auto added = add_reference(index, part.text, iterators, dag, nullptr);
      if (!added.ok()) return wrapped(in_resource(node) + " at path " + quoted(field.path_text), added.error());
    }
  }
  return {};
}

Result<void> Builder::find_order() {
  Dag dag;
  for (const Node& node : out_->nodes) dag.add(node.id);
  const auto resources = out_->spec["resources"].items();
  for (std::size_t i = 0; i < out_->nodes.size(); ++i) TRY(add_references(i, resources[i], dag));
  out_->order =
      dag.order(out_->owner.dialect == Dialect::kResourceGroup2024 ? TieOrder::kAlphabetical : TieOrder::kListPosition);
  const std::vector<int> layers = dag.layers();
  for (std::size_t i = 0; i < out_->nodes.size(); ++i) {
    out_->nodes[i].needs.assign(dag.dependencies(i).begin(), dag.dependencies(i).end());
    out_->nodes[i].apply_order = layers[i];
  }
  return {};
}

Result<CompiledField::Part> Builder::compile_part(const std::string& text, const cel::Environment& environment,
                                                  const std::function<bool(std::string_view)>& allowed) const {
  CompiledField::Part part;
  part.expression = std::make_shared<const Expression>(TRY(compile_expression(text, environment, allowed)));
  return part;
}

Result<void> Builder::compile_fields(Node& node, const cel::Environment& environment) {
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
      const cel::Type wanted =
          !field.standalone ? cel::Type::string()
          : field.target == nullptr
              ? cel::Type::dyn()
              : api::cel_type(*field.target, "__type_" + node.id + "." + field.path_text, node.kind.keeper);
      const cel::Type& given = made->expression->type();
      const std::string why = why_not_assignable(given, wanted);
      if (!why.empty()) {
        return bad_request("type mismatch in resource " + quoted(node.id) + " at path " + quoted(field.path_text) +
                           ": expression " + quoted(part.text) + " returns type " + quoted(given.text()) + " but expected " +
                           quoted(wanted.text()) +
                           (field.standalone ? why.starts_with("type kind mismatch") ? "" : ": " + why
                                             : " (text around an expression needs text: string(...))"));
      }
      compiled.parts.push_back(std::move(*made));
    }
    node.fields.push_back(std::move(compiled));
  }
  return {};
}

Result<void> Builder::compile_dimensions(Node& node, const Value& resource, cel::Environment& environment) {
  for (const Value& dimension : resource["forEach"].items()) {
    for (const Member& m : dimension.members()) {
      auto allowed = [&](std::string_view name) { return name == kSchemaName || (is_id(name) && name != node.id); };
      Expression list = TRY(compile_expression(*standalone_expression(m.value.as_string()), environment_, allowed));
      const std::string prefix = "node " + quoted(node.id) + ": forEach iterator " + quoted(m.key());
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

// Every object needs a name of its own, and a name that is there.
Result<void> Builder::check_identity(const Node& node) const {
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

Result<std::vector<Expression>> Builder::compile_conditions(const Node& node, const Value& list, std::string_view what,
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

Result<void> Builder::compile_node(std::size_t index) {
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

Result<Value> Builder::status_leaf(std::string_view text, Draft& draft, const FieldPath& path) {
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

Result<Value> Builder::status_schema(const Value& value, Draft& draft, FieldPath& path) {
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

Result<void> Builder::build_status() {
  Draft draft;
  FieldPath path;
  Value schema;
  const Value status = out_->api.status;
  if (status.is_object()) {
    if (status.find("conditions") != nullptr) {
      return bad_request(
          "status.conditions of an author are not supported yet: remove them, the built-in conditions are written");
    }
    schema = TRY(status_schema(status, draft, path));
  }
  out_->crd = generate_crd(out_->owner, out_->api, spec_schema_.root(), schema);
  return {};
}

}  // namespace

const Node* Graph::find(std::string_view id) const {
  const auto found = std::find_if(nodes.begin(), nodes.end(), [&](const Node& n) { return n.id == id; });
  return found == nodes.end() ? nullptr : &*found;
}

std::vector<std::string> Graph::order_ids() const {
  std::vector<std::string> out;
  for (std::size_t i : order) out.push_back(nodes[i].id);
  return out;
}

BuildResult build_graph(const DefinitionOwner& owner, const Document& spec, const KindSource& kinds) {
  Builder builder(owner, spec, kinds);
  auto built = builder.build();
  if (built.ok()) return {builder.graph(), {}};
  return {nullptr, {built.error().message(), builder.waits_for()}};
}

}  // namespace plinth::compose
