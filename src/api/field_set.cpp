#include "api/field_set.h"

#include <algorithm>

namespace plinth::api {
namespace {

using Node = FieldSetNode;
using Nodes = std::vector<Node>;

void copy_tree(const Node* n, Nodes& out) { out.insert(out.end(), n, n + n->span); }

void copy_rest(const Node* begin, const Node* end, Nodes& out) { out.insert(out.end(), begin, end); }

// Begins a node whose children follow; end_node() drops it again when nothing of it is left.
std::size_t begin_node(const Node& n, bool member, Nodes& out) {
  out.push_back({n.element, 1, member});
  return out.size() - 1;
}

void end_node(std::size_t at, Nodes& out) {
  out[at].span = static_cast<std::uint32_t>(out.size() - at);
  if (out[at].span == 1 && !out[at].member) out.pop_back();
}

void unite_level(const Node* a, const Node* a_end, const Node* b, const Node* b_end, Nodes& out) {
  while (a < a_end && b < b_end) {
    int c = a->element.compare(b->element);
    if (c == 0) {
      std::size_t at = begin_node(*a, a->member || b->member, out);
      unite_level(a + 1, a + a->span, b + 1, b + b->span, out);
      end_node(at, out);
    } else {
      copy_tree(c < 0 ? a : b, out);
    }
    if (c <= 0) a += a->span;
    if (c >= 0) b += b->span;
  }
  copy_rest(a, a_end, out);
  copy_rest(b, b_end, out);
}

void intersect_level(const Node* a, const Node* a_end, const Node* b, const Node* b_end, Nodes& out) {
  while (a < a_end && b < b_end) {
    int c = a->element.compare(b->element);
    if (c == 0) {
      std::size_t at = begin_node(*a, a->member && b->member, out);
      intersect_level(a + 1, a + a->span, b + 1, b + b->span, out);
      end_node(at, out);
    }
    if (c <= 0) a += a->span;
    if (c >= 0) b += b->span;
  }
}

template <bool kTrees>
void minus_level(const Node* a, const Node* a_end, const Node* b, const Node* b_end, Nodes& out) {
  while (a < a_end && b < b_end) {
    int c = a->element.compare(b->element);
    if (c < 0) {
      copy_tree(a, out);
    } else if (c == 0 && !(kTrees && b->member)) {
      std::size_t at = begin_node(*a, a->member && !b->member, out);
      minus_level<kTrees>(a + 1, a + a->span, b + 1, b + b->span, out);
      end_node(at, out);
    }
    if (c <= 0) a += a->span;
    if (c >= 0) b += b->span;
  }
  copy_rest(a, a_end, out);
}

bool subset_level(const Node* a, const Node* a_end, const Node* b, const Node* b_end) {
  while (a < a_end) {
    while (b < b_end && b->element.compare(a->element) < 0) b += b->span;
    if (b == b_end || a->element.compare(b->element) != 0 || (a->member && !b->member)) return false;
    if (!subset_level(a + 1, a + a->span, b + 1, b + b->span)) return false;
    a += a->span;
    b += b->span;
  }
  return true;
}

using Level = void (*)(const Node*, const Node*, const Node*, const Node*, Nodes&);

Nodes combine(Level level, std::span<const Node> a, std::span<const Node> b, std::size_t capacity) {
  Nodes out;
  out.reserve(capacity);
  level(a.data(), a.data() + a.size(), b.data(), b.data() + b.size(), out);
  return out;
}

}  // namespace

FieldSet FieldSet::of(Path path) {
  if (path.empty()) return {};  // nobody owns the entire object
  Nodes nodes;
  for (std::size_t i = 0; i < path.size(); ++i) nodes.push_back({path[i], static_cast<std::uint32_t>(path.size() - i), false});
  nodes.back().member = true;
  return FieldSet(std::move(nodes));
}

FieldSet FieldSet::of(std::initializer_list<std::initializer_list<std::string_view>> paths) {
  FieldSet out;
  for (const auto& names : paths) {
    std::vector<PathElement> path;
    for (std::string_view name : names) path.push_back(PathElement::field(name));
    out = out.unite(of(Path(path)));
  }
  return out;
}

std::size_t FieldSet::size() const {
  return static_cast<std::size_t>(std::count_if(nodes_.begin(), nodes_.end(), [](const Node& n) { return n.member; }));
}

bool FieldSet::has(Path path) const {
  FieldSetLevel level(*this);
  for (std::size_t i = 0; i < path.size(); ++i) {
    const Node* n = level.find(path[i]);
    if (n == nullptr) return false;
    if (i + 1 == path.size()) return n->member;
    level = FieldSetLevel::below(*n);
  }
  return false;
}

bool FieldSet::operator==(const FieldSet& other) const {
  return std::equal(nodes_.begin(), nodes_.end(), other.nodes_.begin(), other.nodes_.end(), [](const Node& a, const Node& b) {
    return a.span == b.span && a.member == b.member && a.element == b.element;
  });
}

bool FieldSet::is_subset_of(const FieldSet& other) const {
  return subset_level(nodes_.data(), nodes_.data() + nodes_.size(), other.nodes_.data(),
                      other.nodes_.data() + other.nodes_.size());
}

FieldSet FieldSet::unite(const FieldSet& other) const {
  if (other.empty()) return *this;
  if (empty()) return other;
  return FieldSet(combine(unite_level, nodes_, other.nodes_, std::max(nodes_.size(), other.nodes_.size()) + 8));
}

FieldSet FieldSet::intersect(const FieldSet& other) const {
  if (empty() || other.empty()) return {};
  return FieldSet(combine(intersect_level, nodes_, other.nodes_, 0));
}

FieldSet FieldSet::minus(const FieldSet& other) const {
  if (empty() || other.empty()) return *this;
  return FieldSet(combine(minus_level<false>, nodes_, other.nodes_, nodes_.size()));
}

FieldSet FieldSet::minus_trees(const FieldSet& other) const {
  if (empty() || other.empty()) return *this;
  return FieldSet(combine(minus_level<true>, nodes_, other.nodes_, nodes_.size()));
}

FieldSet FieldSet::copy_to(Arena& arena) const {
  FieldSet out = *this;
  for (Node& n : out.nodes_) n.element = n.element.copy_to(arena);
  return out;
}

FieldSet FieldSet::with_members(const std::vector<bool>& nodes) const {
  FieldSet out = *this;
  for (std::size_t i = 0; i < out.nodes_.size(); ++i) out.nodes_[i].member = out.nodes_[i].member || nodes[i];
  return out;
}

void FieldSetBuilder::mark(Path path) {
  if (path.empty()) return;
  while (open_.size() < path.size()) {
    nodes_.push_back({path[open_.size()], 1, false});
    open_.push_back(static_cast<std::uint32_t>(nodes_.size() - 1));
  }
  nodes_[open_[path.size() - 1]].member = true;
}

void FieldSetBuilder::close() {
  std::uint32_t at = open_.back();
  nodes_[at].span = static_cast<std::uint32_t>(nodes_.size() - at);
  open_.pop_back();
}

FieldSet FieldSetBuilder::finish() && {
  leave(0);
  return FieldSet(std::move(nodes_));
}

const FieldSetNode* FieldSetLevel::find(const PathElement& element) const {
  for (const Node* n = begin_; n < end_; n += n->span) {
    int c = n->element.compare(element);
    if (c == 0) return n;
    if (c > 0) return nullptr;
  }
  return nullptr;
}

}  // namespace plinth::api
