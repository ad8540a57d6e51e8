// From the text of a definition to a Graph, in the order in which kro checks: names, types, resources (graph_resources.cpp),
// references (graph_references.cpp), expressions (graph_expressions.cpp), status (graph_status.cpp). Internal to build_graph().
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/quoted.h"
#include "compose/graph/dag.h"
#include "compose/graph/graph.h"

namespace plinth::compose {

inline constexpr std::string_view kSchemaName = "schema";
inline constexpr std::string_view kEachName = "each";
inline constexpr std::string_view kDrawnElsewhere = "random.alphanumeric() can only be used in fields of resource templates";

inline std::string in_resource(const Node& node) { return "resource " + quoted(node.id); }

class GraphBuilder {
 public:
  GraphBuilder(const DefinitionOwner& owner, const Document& spec, const KindSource& kinds, const cel::Environment& environment)
      : kinds_(kinds), out_(std::make_shared<Graph>()), environment_(environment), language_(environment) {
    out_->owner = owner;
    out_->spec = spec;
    out_->shapes = std::make_shared<api::CelShapes>();
  }

  Result<void> build();
  GraphPtr graph() const { return out_; }
  const std::string& waits_for() const { return waits_for_; }
  const std::vector<UsedKind>& used() const { return used_; }

 private:
  Result<void> build_api();
  Result<void> add_node(const Value& resource);
  Result<void> load_kind(Node& node);
  Result<void> check_selector(const Node& node, const Value& selector) const;
  Result<void> check_object(const Node& node) const;
  Result<void> check_namespace(const Node& node) const;
  Result<void> declare_variables();
  Result<void> find_order();
  Result<void> add_condition_references(std::size_t index, const Value& resource, const std::set<std::string>& iterators,
                                        Dag& dag);
  Result<void> add_references(std::size_t node, const Value& resource, Dag& dag);
  Result<void> add_reference(std::size_t node, std::string_view expression, const std::set<std::string>& locals, Dag& dag,
                             std::vector<std::size_t>* also);
  Result<void> compile_node(std::size_t index);
  Result<void> compile_fields(Node& node, const cel::Environment& environment);
  Result<void> compile_dimensions(Node& node, const Value& resource, cel::Environment& environment);
  Result<void> check_identity(const Node& node) const;
  Result<void> check_drawn(const Node& node, const CompiledField& field) const;
  Result<std::vector<Expression>> compile_conditions(const Node& node, const Value& list, std::string_view what,
                                                     const cel::Environment& environment,
                                                     const std::function<bool(std::string_view)>& allowed) const;
  Result<CompiledField::Part> compile_part(const std::string& text, const cel::Environment& environment,
                                           const std::function<bool(std::string_view)>& allowed) const;
  Result<void> build_status();
  Result<void> build_conditions(const Value& list);
  Result<Value> status_schema(const Value& value, Draft& draft, FieldPath& path);
  Result<Value> status_leaf(std::string_view text, Draft& draft, const FieldPath& path);

  bool is_id(std::string_view name) const { return out_->find(name) != nullptr; }
  std::string_view kind_of(std::size_t index) const { return out_->nodes[index].id; }

  const KindSource& kinds_;
  std::shared_ptr<Graph> out_;
  cel::Environment environment_;      // with `schema` and all ids
  const cel::Environment& language_;  // without
  Document spec_schema_;
  std::vector<std::vector<TemplateField>> located_;  // by node
  std::string waits_for_;
  std::vector<UsedKind> used_;
};

}  // namespace plinth::compose
