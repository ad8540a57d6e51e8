#include "cel/references.h"

#include <algorithm>

#include <fmt/core.h>

namespace plinth::cel {
namespace {

class Walker {
 public:
  Walker(const CheckedAst& checked, const Environment& environment)
      : checked_(checked), ast_(checked.ast), environment_(environment) {}

  void walk(NodeId id) {
    VariablePath path;
    if (chain(id, path)) {
      add(std::move(path));
      return;
    }
    const Node& node = ast_.node(id);
    if (node.operand != kNoNode && !is_namespace(id)) walk(node.operand);
    for (NodeId child : ast_.children(node)) walk(child);
  }

  std::vector<VariablePath> take() { return std::move(out_); }

 private:
  // The target of a namespaced function is no expression.
  bool is_namespace(NodeId id) const {
    const Reference& reference = checked_.references[id];
    return reference.kind == Reference::Kind::kFunction && !reference.with_receiver;
  }

  // Whether the node is a chain of selects and constant indexes on a variable. Dynamic indexes within it are walked on their
  // own.
  bool chain(NodeId id, VariablePath& path) {
    const Reference& reference = checked_.references[id];
    const Node& node = ast_.node(id);
    if (reference.kind == Reference::Kind::kVariable) {
      path.variable = environment_.variables()[reference.slot].name;
      path.position = node.position;
      return true;
    }
    if (node.kind == NodeKind::kSelect && reference.kind == Reference::Kind::kNone) {
      if (!chain(node.operand, path)) return false;
      path.steps.push_back({std::string(node.name), -1, node.optional || node.test_only});
      return true;
    }
    bool index = node.kind == NodeKind::kCall && (node.name == "_[_]" || node.name == "_[?_]") && node.operand == kNoNode;
    if (!index) return false;
    auto parts = ast_.children(node);
    const Node& key = ast_.node(parts[1]);
    if (key.kind != NodeKind::kLiteral || !(key.value.is(Kind::kString) || key.value.is(Kind::kInt))) return false;
    if (!chain(parts[0], path)) return false;
    bool optional = node.name == "_[?_]";
    if (key.value.is(Kind::kString))
      path.steps.push_back({std::string(key.value.as_string()), -1, optional});
    else
      path.steps.push_back({"", key.value.as_int(), optional});
    return true;
  }

  void add(VariablePath path) {
    auto same = [&](const VariablePath& p) { return p.variable == path.variable && p.steps == path.steps; };
    if (std::find_if(out_.begin(), out_.end(), same) == out_.end()) out_.push_back(std::move(path));
  }

  const CheckedAst& checked_;
  const Ast& ast_;
  const Environment& environment_;
  std::vector<VariablePath> out_;
};

}  // namespace

std::string VariablePath::text() const {
  std::string out = variable;
  for (const Step& step : steps) {
    if (step.field.empty())
      out += fmt::format("[{}]", step.index);
    else
      out += "." + step.field;
  }
  return out;
}

std::vector<VariablePath> variable_paths(const CheckedAst& checked, const Environment& environment) {
  Walker walker(checked, environment);
  walker.walk(checked.ast.root());
  return walker.take();
}

}  // namespace plinth::cel
