#include "compose/graph/graph_builder.h"

#include <algorithm>

#include "compose/definition/generated_crd.h"
#include "compose/errors.h"
#include "compose/graph/naming.h"
#include "compose/graph/revision.h"
#include "compose/schema/simple_schema.h"

namespace plinth::compose {

Result<void> GraphBuilder::build() {
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

Result<void> GraphBuilder::build_api() {
  out_->api = api_schema_of(out_->spec.root());
  auto compiled = compile_simple_schema(out_->api.spec, out_->api.types);
  if (!compiled.ok()) return wrapped("failed to build OpenAPI schema for instance", compiled.error());
  spec_schema_ = std::move(*compiled);
  // Good enough to compile expressions against: status is not visible to them.
  const Document crd = generate_crd(out_->owner, out_->api, spec_schema_.root(), Value());
  out_->instance_schema = api::compile_schema(crd.at(crd["spec"]["versions"].items()[0]["schema"]["openAPIV3Schema"]));
  return {};
}

Result<void> GraphBuilder::declare_variables() {
  Graph& graph = *out_;
  api::CelObjectOptions hidden{true, false, graph.api.namespaced};
  hidden.closed = true;
  graph.schema_slot = environment_.declare(
      kSchemaName, api::cel_object_type(graph.instance_schema->root(), "__type_schema", graph.instance_schema, hidden));
  graph.instance_shape = graph.shapes->of_object(graph.instance_schema->root(), hidden);
  graph.instance_with_status = graph.shapes->of_object(graph.instance_schema->root(), {true, true, graph.api.namespaced});
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

const Node* Graph::find(std::string_view id) const {
  const auto found = std::find_if(nodes.begin(), nodes.end(), [&](const Node& n) { return n.id == id; });
  return found == nodes.end() ? nullptr : &*found;
}

std::vector<std::string> Graph::order_ids() const {
  std::vector<std::string> out;
  for (std::size_t i : order) out.push_back(nodes[i].id);
  return out;
}

BuildResult build_graph(const DefinitionOwner& owner, const Document& spec, const KindSource& kinds,
                        const cel::Environment& environment) {
  GraphBuilder builder(owner, spec, kinds, environment);
  auto built = builder.build();
  if (built.ok()) return {builder.graph(), {}, builder.used()};
  return {nullptr, {built.error().message(), builder.waits_for()}, builder.used()};
}

}  // namespace plinth::compose
