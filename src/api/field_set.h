// Sets of field paths: who owns what, what a change touched. The arithmetic of managed fields.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/path_element.h"
#include "base/result.h"
#include "base/value.h"

namespace plinth::api {

// One step of a path, followed by the `span - 1` steps below it.
struct FieldSetNode {
  PathElement element;
  std::uint32_t span = 1;
  bool member = false;  // the path that ends here is in the set; otherwise it is only the way to others
};

// A trie of paths in preorder, siblings sorted: one block of memory, and every operation one pass over both sides. A set of no
// paths holds no nodes. Elements are views (path_element.h): the set does not keep their storage.
class FieldSet {
 public:
  using Node = FieldSetNode;
  FieldSet() = default;
  // Paths of plain field names, in any order; the names must outlive the set.
  static FieldSet of(std::initializer_list<std::initializer_list<std::string_view>> paths);
  static FieldSet of(Path path);
  // A FieldsV1 object. Elements refer to the text of `fields` and to `arena`. Errors are BadRequest.
  static Result<FieldSet> parse(const Value& fields, Arena& arena);

  bool empty() const { return nodes_.empty(); }
  std::size_t size() const;  // paths
  bool has(Path path) const;
  bool operator==(const FieldSet& other) const;
  bool is_subset_of(const FieldSet& other) const;

  FieldSet unite(const FieldSet& other) const;
  FieldSet intersect(const FieldSet& other) const;
  // Paths of this set that are not in the other one; what is below a path of the other one stays.
  FieldSet minus(const FieldSet& other) const;
  // Likewise, but everything below a path of the other one goes too.
  FieldSet minus_trees(const FieldSet& other) const;

  // The same set, its elements' texts and values copied to `arena`.
  FieldSet copy_to(Arena& arena) const;
  // The same nodes, those marked being members too. One flag for each node.
  FieldSet with_members(const std::vector<bool>& nodes) const;

  // In the order of conflict messages: at each level the paths that end there, then what is below.
  template <typename F>
  void for_each(const F& visit) const {
    std::vector<PathElement> path;
    visit_level(nodes_.data(), nodes_.data() + nodes_.size(), path, visit);
  }
  // FieldsV1: {"f:spec":{"f:replicas":{}}}.
  void append_json(std::string& out) const;
  std::string to_json() const;

  std::span<const Node> nodes() const { return nodes_; }

 private:
  friend class FieldSetBuilder;
  explicit FieldSet(std::vector<Node> nodes) : nodes_(std::move(nodes)) {}

  template <typename F>
  static void visit_level(const Node* begin, const Node* end, std::vector<PathElement>& path, const F& visit) {
    for (int pass = 0; pass < 2; ++pass) {
      for (const Node* n = begin; n < end; n += n->span) {
        if (pass == 0 ? !n->member : n->span == 1) continue;
        path.push_back(n->element);
        if (pass == 0)
          visit(Path(path));
        else
          visit_level(n + 1, n + n->span, path, visit);
        path.pop_back();
      }
    }
  }

  std::vector<Node> nodes_;
};

// Makes a set during a walk that visits the children of each container in the order of their elements.
class FieldSetBuilder {
 public:
  // Adds the path. A path may follow those below it.
  void mark(Path path);
  // The walk is back at a path of this length: the next paths differ beyond it.
  void leave(std::size_t depth) {
    while (open_.size() > depth) close();
  }
  FieldSet finish() &&;

 private:
  void close();
  std::vector<FieldSetNode> nodes_;
  std::vector<std::uint32_t> open_;  // nodes of the current path
};

// The nodes of a set at one place of an object, for walking a set and a value together.
class FieldSetLevel {
 public:
  FieldSetLevel() = default;
  explicit FieldSetLevel(const FieldSet& set) : begin_(set.nodes().data()), end_(begin_ + set.nodes().size()) {}
  bool empty() const { return begin_ == end_; }
  // Node of an element, nullptr when there is none.
  const FieldSetNode* find(const PathElement& element) const;
  static FieldSetLevel below(const FieldSetNode& node) { return FieldSetLevel(&node + 1, &node + node.span); }
  const FieldSetNode* begin() const { return begin_; }
  const FieldSetNode* end() const { return end_; }

 private:
  FieldSetLevel(const FieldSetNode* begin, const FieldSetNode* end) : begin_(begin), end_(end) {}
  const FieldSetNode* begin_ = nullptr;
  const FieldSetNode* end_ = nullptr;
};

}  // namespace plinth::api
