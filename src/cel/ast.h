// The syntax tree: nodes in one vector, children as ranges of another, text in one arena. Macros are expanded by the parser
// into nodes of their own kinds.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cel/value.h"

namespace plinth::cel {

using NodeId = std::uint32_t;
constexpr NodeId kNoNode = 0xffffffff;

enum class NodeKind : std::uint8_t {
  kLiteral,        // value
  kIdent,          // name, with a leading dot where it was written
  kSelect,         // operand.name; test_only: has(operand.name); optional: operand.?name
  kCall,           // operand.name(children) or name(children); operators are calls: "_+_"
  kList,           // children; marks: [?e]
  kMap,            // children: key, value, key, value ...; a key's mark: {?k: v}
  kStruct,         // name{...}; children as of a map, keys are literals
  kComprehension,  // a macro over operand; see Fold
  kBind,           // cel.bind(name, children[0], children[1])
  kBlock,          // cel.block([children but the last], last); slots are called "@index0" ...
  kOptional,       // operand.optMap(name, children[0]); flat: optFlatMap
};

// What a comprehension makes of the elements. Children: [filter,] then what is said here.
enum class Fold : std::uint8_t {
  kAll,         // predicate
  kExists,      // predicate
  kExistsOne,   // predicate
  kList,        // transform: map, filter (transform is the variable itself), transformList
  kMap,         // transform of the value: transformMap
  kMapEntries,  // transform, a map: transformMapEntry
};

struct Node {
  NodeKind kind;
  Fold fold = Fold::kAll;
  bool test_only = false;
  bool optional = false;    // select: `.?`
  bool flat = false;        // kOptional
  bool has_filter = false;  // kComprehension: children[0] is one
  std::uint16_t depth = 1;  // of the tree below, this node included
  std::uint32_t position = 0;
  std::string_view name;   // first variable of a comprehension
  std::string_view name2;  // second one; empty: there is none
  NodeId operand = kNoNode;
  std::uint32_t first_child = 0;
  std::uint32_t child_count = 0;
  Value value;  // kLiteral
};

class Ast {
 public:
  explicit Ast(std::string_view source);

  std::string_view source() const { return source_; }
  NodeId root() const { return root_; }
  void set_root(NodeId root) { root_ = root; }
  const Node& node(NodeId id) const { return nodes_[id]; }
  Node& node(NodeId id) { return nodes_[id]; }
  std::size_t size() const { return nodes_.size(); }
  std::span<const NodeId> children(const Node& node) const { return {children_.data() + node.first_child, node.child_count}; }
  std::span<const NodeId> children(NodeId id) const { return children(nodes_[id]); }
  // Marks of children that were written with `?`.
  bool marked(const Node& node, std::size_t child) const { return marks_[node.first_child + child]; }

  NodeId add(Node node, std::span<const NodeId> children = {}, std::span<const bool> marks = {});
  std::string_view text(std::string_view s) { return memory_->copy(s); }
  Memory& memory() { return *memory_; }

  // The name that a chain of plain selects on an identifier spells ("a.b.c"); empty when it is anything else.
  std::string qualified_name(NodeId id) const;

 private:
  std::unique_ptr<Memory> memory_;
  std::string_view source_;
  std::vector<Node> nodes_;
  std::vector<NodeId> children_;
  std::vector<bool> marks_;
  NodeId root_ = kNoNode;
};

}  // namespace plinth::cel
