#include "cel/ast.h"

#include <algorithm>

namespace plinth::cel {

Ast::Ast(std::string_view source) : memory_(std::make_unique<Memory>(1024)), source_(memory_->copy(source)) {}

NodeId Ast::add(Node node, std::span<const NodeId> children, std::span<const bool> marks) {
  std::uint16_t depth = node.operand == kNoNode ? 0 : nodes_[node.operand].depth;
  for (NodeId child : children) depth = std::max(depth, nodes_[child].depth);
  node.depth = static_cast<std::uint16_t>(std::min(depth + 1, 0xffff));
  node.first_child = static_cast<std::uint32_t>(children_.size());
  node.child_count = static_cast<std::uint32_t>(children.size());
  children_.insert(children_.end(), children.begin(), children.end());
  for (std::size_t i = 0; i < children.size(); ++i) marks_.push_back(i < marks.size() && marks[i]);
  nodes_.push_back(node);
  return static_cast<NodeId>(nodes_.size() - 1);
}

std::string Ast::qualified_name(NodeId id) const {
  const Node& n = nodes_[id];
  if (n.kind == NodeKind::kIdent) return std::string(n.name);
  if (n.kind != NodeKind::kSelect || n.test_only || n.optional) return {};
  std::string operand = qualified_name(n.operand);
  if (operand.empty()) return {};
  return operand + "." + std::string(n.name);
}

}  // namespace plinth::cel
