// A persistent ordered index: a B-tree whose nodes are shared between versions. Copying a tree is one reference; changing one
// copies the nodes on the path, unless they were made since the last freeze(), which are edited in place.
//
// Threads: any number may read (copies of) a frozen tree; one changes the working tree.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace plinth::store {

// A small immutable text with a shared count; the size of a pointer.
class Text {
 public:
  Text() = default;
  explicit Text(std::string_view text) : block_(static_cast<Block*>(::operator new(sizeof(Block) + text.size()))) {
    new (block_) Block{{1}, static_cast<std::uint32_t>(text.size())};
    std::memcpy(static_cast<void*>(block_ + 1), text.data(), text.size());
  }
  Text(const Text& other) : block_(other.block_) {
    if (block_ != nullptr) block_->references.fetch_add(1, std::memory_order_relaxed);
  }
  Text(Text&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  Text& operator=(Text other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~Text() {
    if (block_ != nullptr && block_->references.fetch_sub(1, std::memory_order_acq_rel) == 1) ::operator delete(block_);
  }
  std::string_view view() const {
    return block_ == nullptr ? std::string_view() : std::string_view(reinterpret_cast<const char*>(block_ + 1), block_->size);
  }

 private:
  struct Block {
    std::atomic<std::uint32_t> references;
    std::uint32_t size;
  };
  Block* block_ = nullptr;
};

// KeyOf: std::string_view operator()(const Entry&). Entry: default constructible, cheap to move.
//
// A change copies the nodes on its path and counts a reference more for everything in them, each at a place of its own in
// memory: wide nodes make changes dear, narrow ones make lookups deep. Keys that come in order share their path with their
// neighbours and may have wider nodes than keys that come at random.
template <typename Entry, typename KeyOf, std::size_t kWidth = 32>
class Tree {
  static constexpr std::size_t kMax = kWidth;
  static constexpr std::size_t kMin = kWidth / 4;

  struct Node {
    std::atomic<std::uint32_t> references{1};
    std::uint16_t size = 0;
    const bool leaf;
    const std::uint64_t epoch;
    Node(bool is_leaf, std::uint64_t e) : leaf(is_leaf), epoch(e) {}
  };
  struct Leaf : Node {
    std::array<Entry, kMax> entries{};
    explicit Leaf(std::uint64_t epoch) : Node(true, epoch) {}
  };
  struct Inner : Node {
    std::array<Node*, kMax> children{};
    std::array<std::uint64_t, kMax> counts{};  // entries below each child
    std::array<Text, kMax> first{};            // no key below the child is less; unused for child 0
    explicit Inner(std::uint64_t epoch) : Node(false, epoch) {}
    ~Inner() {
      for (std::size_t i = 0; i < this->size; ++i) release(children[i]);
    }
  };
  struct Split {
    Node* right = nullptr;
    Text first;
  };

 public:
  Tree() = default;
  Tree(const Tree& other) : root_(other.root_), size_(other.size_), epoch_(other.epoch_) { retain(root_); }
  Tree(Tree&& other) noexcept
      : root_(std::exchange(other.root_, nullptr)), size_(std::exchange(other.size_, 0)), epoch_(other.epoch_) {}
  Tree& operator=(Tree other) noexcept {
    std::swap(root_, other.root_);
    std::swap(size_, other.size_);
    std::swap(epoch_, other.epoch_);
    return *this;
  }
  ~Tree() { release(root_); }

  std::size_t size() const { return size_; }
  // Nodes made so far are now shared with copies and will not be edited in place any more.
  void freeze() { ++epoch_; }

  const Entry* find(std::string_view key) const {
    const Node* node = root_;
    if (node == nullptr) return nullptr;
    while (!node->leaf) node = inner(node)->children[child_index(inner(node), key)];
    const std::size_t i = lower_bound(leaf(node), key);
    if (i == node->size || KeyOf()(leaf(node)->entries[i]) != key) return nullptr;
    return &leaf(node)->entries[i];
  }

  // Inserts or replaces; the entry replaced, if any.
  std::optional<Entry> put(Entry entry) {
    if (root_ == nullptr) root_ = new Leaf(epoch_);
    std::optional<Entry> replaced;
    root_ = writable(root_);
    Split split = put_below(root_, std::move(entry), true, replaced);
    if (split.right != nullptr) {
      auto* top = new Inner(epoch_);
      top->size = 2;
      top->children = {root_, split.right};
      top->counts = {count_below(root_), count_below(split.right)};
      top->first[1] = std::move(split.first);
      root_ = top;
    }
    if (!replaced) ++size_;
    return replaced;
  }

  std::optional<Entry> erase(std::string_view key) {
    if (find(key) == nullptr) return {};
    root_ = writable(root_);
    Entry removed = erase_below(root_, key);
    --size_;
    while (root_ != nullptr && !root_->leaf && root_->size == 1) {
      Node* only = inner(root_)->children[0];
      retain(only);
      release(root_);
      root_ = only;
    }
    if (size_ == 0) release(std::exchange(root_, nullptr));
    return removed;
  }

  // Entries with keys >= `start` in order, until `visit` returns false.
  template <typename Visit>
  void visit_from(std::string_view start, Visit&& visit) const {
    if (root_ != nullptr) visit_below(root_, start, true, visit);
  }

  // Number of entries with keys < `key`.
  std::size_t rank(std::string_view key) const {
    std::size_t before = 0;
    const Node* node = root_;
    if (node == nullptr) return 0;
    while (!node->leaf) {
      const std::size_t index = child_index(inner(node), key);
      for (std::size_t i = 0; i < index; ++i) before += inner(node)->counts[i];
      node = inner(node)->children[index];
    }
    return before + lower_bound(leaf(node), key);
  }

 private:
  static const Leaf* leaf(const Node* node) { return static_cast<const Leaf*>(node); }
  static Leaf* leaf(Node* node) { return static_cast<Leaf*>(node); }
  static const Inner* inner(const Node* node) { return static_cast<const Inner*>(node); }
  static Inner* inner(Node* node) { return static_cast<Inner*>(node); }

  static void retain(Node* node) {
    if (node != nullptr) node->references.fetch_add(1, std::memory_order_relaxed);
  }
  static void release(Node* node) {
    if (node == nullptr || node->references.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    if (node->leaf)
      delete leaf(node);
    else
      delete inner(node);
  }

  static std::size_t lower_bound(const Leaf* node, std::string_view key) {
    std::size_t low = 0, high = node->size;
    while (low < high) {
      const std::size_t middle = (low + high) / 2;
      if (KeyOf()(node->entries[middle]) < key)
        low = middle + 1;
      else
        high = middle;
    }
    return low;
  }
  // The child whose range holds `key`.
  static std::size_t child_index(const Inner* node, std::string_view key) {
    std::size_t low = 1, high = node->size;
    while (low < high) {
      const std::size_t middle = (low + high) / 2;
      if (node->first[middle].view() <= key)
        low = middle + 1;
      else
        high = middle;
    }
    return low - 1;
  }
  static std::uint64_t count_below(const Node* node) {
    if (node->leaf) return node->size;
    std::uint64_t n = 0;
    for (std::size_t i = 0; i < node->size; ++i) n += inner(node)->counts[i];
    return n;
  }

  // `node` itself when it was made in this epoch, else a copy of it; takes over the caller's reference.
  Node* writable(Node* node) {
    if (node->epoch == epoch_) return node;
    Node* copy;
    if (node->leaf) {
      auto* to = new Leaf(epoch_);
      std::copy_n(leaf(node)->entries.begin(), node->size, to->entries.begin());
      copy = to;
    } else {
      auto* to = new Inner(epoch_);
      const Inner* from = inner(node);
      for (std::size_t i = 0; i < node->size; ++i) {
        retain(from->children[i]);
        to->children[i] = from->children[i];
        to->counts[i] = from->counts[i];
        to->first[i] = from->first[i];
      }
      copy = to;
    }
    copy->size = node->size;
    release(node);
    return copy;
  }

  // `rightmost`: nothing in the tree is greater than this node's range; then a full node splits off an almost empty one, so
  // that keys inserted in order fill their nodes.
  Split put_below(Node* node, Entry entry, bool rightmost, std::optional<Entry>& replaced) {
    if (node->leaf) return put_in_leaf(leaf(node), std::move(entry), rightmost, replaced);
    Inner* parent = inner(node);
    const std::size_t index = child_index(parent, KeyOf()(entry));
    parent->children[index] = writable(parent->children[index]);
    Node* child = parent->children[index];
    Split split = put_below(child, std::move(entry), rightmost && index + 1 == parent->size, replaced);
    if (split.right == nullptr) {
      if (!replaced) ++parent->counts[index];
      return {};
    }
    parent->counts[index] = count_below(child);
    return put_child(parent, index + 1, std::move(split), rightmost);
  }

  Split put_in_leaf(Leaf* node, Entry entry, bool rightmost, std::optional<Entry>& replaced) {
    const std::size_t at = lower_bound(node, KeyOf()(entry));
    if (at < node->size && KeyOf()(node->entries[at]) == KeyOf()(entry)) {
      replaced = std::exchange(node->entries[at], std::move(entry));
      return {};
    }
    if (node->size < kMax) {
      insert(node->entries, node->size, at, std::move(entry));
      ++node->size;
      return {};
    }
    auto* right = new Leaf(epoch_);
    const std::size_t cut = rightmost && at == kMax ? kMax : kMax / 2;
    std::move(node->entries.begin() + cut, node->entries.end(), right->entries.begin());
    for (std::size_t i = cut; i < kMax; ++i) node->entries[i] = Entry();
    right->size = static_cast<std::uint16_t>(kMax - cut);
    node->size = static_cast<std::uint16_t>(cut);
    Leaf* home = at > cut || cut == kMax ? right : node;
    insert(home->entries, home->size, home == right ? at - cut : at, std::move(entry));
    ++home->size;
    return {right, Text(KeyOf()(right->entries[0]))};
  }

  Split put_child(Inner* node, std::size_t at, Split child, bool rightmost) {
    const std::uint64_t count = count_below(child.right);
    if (node->size < kMax) {
      insert_child(node, at, std::move(child), count);
      return {};
    }
    auto* right = new Inner(epoch_);
    const std::size_t cut = rightmost && at == kMax ? kMax - 1 : kMax / 2;
    for (std::size_t i = cut; i < kMax; ++i) {
      right->children[i - cut] = std::exchange(node->children[i], nullptr);
      right->counts[i - cut] = node->counts[i];
      right->first[i - cut] = std::move(node->first[i]);
    }
    right->size = static_cast<std::uint16_t>(kMax - cut);
    node->size = static_cast<std::uint16_t>(cut);
    Text first = right->first[0];
    if (at > cut)
      insert_child(right, at - cut, std::move(child), count);
    else
      insert_child(node, at, std::move(child), count);
    return {right, std::move(first)};
  }

  static void insert_child(Inner* node, std::size_t at, Split child, std::uint64_t count) {
    insert(node->children, node->size, at, child.right);
    insert(node->counts, node->size, at, count);
    insert(node->first, node->size, at, std::move(child.first));
    ++node->size;
  }

  template <typename Array, typename T>
  static void insert(Array& array, std::size_t size, std::size_t at, T value) {
    std::move_backward(array.begin() + at, array.begin() + size, array.begin() + size + 1);
    array[at] = std::move(value);
  }
  template <typename Array>
  static void remove(Array& array, std::size_t size, std::size_t at) {
    std::move(array.begin() + at + 1, array.begin() + size, array.begin() + at);
    array[size - 1] = typename Array::value_type();
  }

  // The key is there.
  Entry erase_below(Node* node, std::string_view key) {
    if (node->leaf) {
      Leaf* home = leaf(node);
      const std::size_t at = lower_bound(home, key);
      Entry removed = std::move(home->entries[at]);
      remove(home->entries, home->size, at);
      --home->size;
      return removed;
    }
    Inner* parent = inner(node);
    const std::size_t index = child_index(parent, key);
    parent->children[index] = writable(parent->children[index]);
    Entry removed = erase_below(parent->children[index], key);
    --parent->counts[index];
    if (parent->children[index]->size == 0) {
      release(parent->children[index]);
      remove_child(parent, index);
    } else if (parent->children[index]->size < kMin) {
      merge_around(parent, index);
    }
    return removed;
  }

  static void remove_child(Inner* node, std::size_t at) {
    remove(node->children, node->size, at);
    remove(node->counts, node->size, at);
    remove(node->first, node->size, at);
    --node->size;
  }

  // Joins a small child with a neighbour when both fit one node with room to spare.
  void merge_around(Inner* parent, std::size_t index) {
    const std::size_t left = index + 1 < parent->size ? index : index - 1;
    if (index + 1 >= parent->size && index == 0) return;
    const std::size_t right = left + 1;
    if (parent->children[left]->size + parent->children[right]->size > kMax * 3 / 4) return;
    parent->children[left] = writable(parent->children[left]);
    parent->children[right] = writable(parent->children[right]);
    Node* to = parent->children[left];
    Node* from = parent->children[right];
    if (to->leaf) {
      std::move(leaf(from)->entries.begin(), leaf(from)->entries.begin() + from->size, leaf(to)->entries.begin() + to->size);
    } else {
      inner(from)->first[0] = parent->first[right];
      for (std::size_t i = 0; i < from->size; ++i) {
        inner(to)->children[to->size + i] = std::exchange(inner(from)->children[i], nullptr);
        inner(to)->counts[to->size + i] = inner(from)->counts[i];
        inner(to)->first[to->size + i] = std::move(inner(from)->first[i]);
      }
    }
    to->size = static_cast<std::uint16_t>(to->size + from->size);
    from->size = 0;
    parent->counts[left] += parent->counts[right];
    release(from);
    remove_child(parent, right);
  }

  template <typename Visit>
  static bool visit_below(const Node* node, std::string_view start, bool first, Visit& visit) {
    if (node->leaf) {
      for (std::size_t i = first ? lower_bound(leaf(node), start) : 0; i < node->size; ++i) {
        if (!visit(leaf(node)->entries[i])) return false;
      }
      return true;
    }
    const std::size_t begin = first ? child_index(inner(node), start) : 0;
    for (std::size_t i = begin; i < node->size; ++i) {
      if (!visit_below(inner(node)->children[i], start, first && i == begin, visit)) return false;
    }
    return true;
  }

  Node* root_ = nullptr;
  std::size_t size_ = 0;
  std::uint64_t epoch_ = 1;
};

// The least text greater than every text that begins with `prefix`; empty when there is none.
inline std::string prefix_end(std::string_view prefix) {
  std::string out(prefix);
  while (!out.empty() && static_cast<unsigned char>(out.back()) == 0xff) out.pop_back();
  if (!out.empty()) ++out.back();
  return out;
}

}  // namespace plinth::store
