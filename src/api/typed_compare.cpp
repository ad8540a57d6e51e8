#include <algorithm>

#include "api/typed.h"

namespace plinth::api {
namespace {

class Comparer {
 public:
  Comparer(Arena& arena, Zeros zeros) : arena_(arena), zeros_(zeros) {}

  // One of the sides may be absent.
  void compare(TypeRef type, const Value* left, const Value* right) {
    if (left != nullptr && right != nullptr && identical(*left, *right)) return;
    Form left_form = form_of(type, left), right_form = form_of(type, right);
    bool leaf = false;
    if (right == nullptr) {
      leaf = compare_as(left_form, type, left, right);
    } else if (left == nullptr || left_form == right_form) {
      leaf = compare_as(right_form, type, left, right);
    } else {
      // One side is a scalar, the other a map, say: both readings count.
      compare_as(left_form, type, left, right);
      leaf = compare_as(right_form, type, left, right);
    }
    if (leaf) return;
    if (left == nullptr)
      added_.mark(path_);
    else if (right == nullptr)
      removed_.mark(path_);
  }

  Comparison take() { return {std::move(added_).finish(), std::move(modified_).finish(), std::move(removed_).finish()}; }

 private:
  struct Pair {
    PathElement element;
    const Value* left;
    const Value* right;
  };

  // True when the place is one leaf.
  bool compare_as(Form form, TypeRef type, const Value* left, const Value* right) {
    switch (form) {
      case Form::kScalar:
        leaf(type, left, right);
        return true;
      case Form::kList:
        return compare_lists(type, left, right);
      case Form::kMap:
      case Form::kAny:
        return compare_maps(type, left, right);
    }
    return true;
  }

  void leaf(TypeRef type, const Value* left, const Value* right) {
    if (left == nullptr)
      added_.mark(path_);
    else if (right == nullptr)
      removed_.mark(path_);
    else if (!same(type, *left, *right))
      modified_.mark(path_);
  }

  bool same(TypeRef type, const Value& left, const Value& right) const {
    return zeros_ == Zeros::kCount ? equal_typed(type, left, right) : equal(left, right);
  }

  bool compare_maps(TypeRef type, const Value* left, const Value* right) {
    const Value* l = left != nullptr && left->is_object() ? left : nullptr;
    const Value* r = right != nullptr && right->is_object() ? right : nullptr;
    std::size_t begin = pairs_.size();
    if (is_atomic_map(type) || !collect_members(type, l, r)) {
      leaf(type, left, right);
      return true;
    }
    sort_pairs(begin);
    for (std::size_t i = begin; i < pairs_.size(); ++i) {
      Pair pair = pairs_[i];
      TypeRef member = member_type(type, pair.element.name());
      if (member) descend(member, pair);
    }
    pairs_.resize(begin);
    return false;
  }

  // Pairs of the members that may differ; false when both sides are empty.
  bool collect_members(TypeRef type, const Value* left, const Value* right) {
    std::span<const Member> l = left != nullptr ? left->members() : std::span<const Member>();
    std::span<const Member> r = right != nullptr ? right->members() : std::span<const Member>();
    std::size_t same = 0;  // members that stand at the same place on both sides, as after a merge
    for (; same < l.size() && same < r.size() && l[same].key() == r[same].key(); ++same) {
      if (!identical(l[same].value, r[same].value)) push(l[same].key(), &l[same].value, &r[same].value);
    }
    for (const Member& m : l.subspan(same)) {
      const Value* other = find(r.subspan(same), m.key());
      push(m.key(), &m.value, other != nullptr || right == nullptr ? other : zero_of(type, m.key()));
    }
    for (const Member& m : r.subspan(same)) {
      if (find(l.subspan(same), m.key()) != nullptr) continue;
      push(m.key(), left == nullptr ? nullptr : zero_of(type, m.key()), &m.value);
    }
    bool zeros = add_zeros(type, left, right);
    return zeros || !l.empty() || !r.empty();
  }

  // What Go writes although neither document does: there on a side that is there, missing on a side that is not.
  bool add_zeros(TypeRef type, const Value* left, const Value* right) {
    if (!type.schema->builtin || (left == nullptr && right == nullptr)) return false;
    bool any = false;
    for (const Field& field : type.schema->fields) {
      const Value* zero = zero_of(type, field);
      if (zero == nullptr) continue;
      any = true;
      if (left != nullptr && right != nullptr) continue;
      const Value* there = left != nullptr ? left : right;
      if (there->find(field.name) != nullptr) continue;
      push(field.name, left != nullptr ? zero : nullptr, right != nullptr ? zero : nullptr);
    }
    return any;
  }

  bool compare_lists(TypeRef type, const Value* left, const Value* right) {
    const Value* l = left != nullptr && left->is_array() && left->size() > 0 ? left : nullptr;
    const Value* r = right != nullptr && right->is_array() && right->size() > 0 ? right : nullptr;
    if (is_atomic_list(type) || (l == nullptr && r == nullptr)) {
      leaf(type, left, right);
      return true;
    }
    std::size_t begin = pairs_.size();
    if (l != nullptr) collect_items(type, *l, true);
    if (r != nullptr) collect_items(type, *r, false);
    sort_pairs(begin);
    TypeRef items = item_type(type);
    for (std::size_t i = begin; i < pairs_.size();) {
      std::size_t end = i + 1;
      while (end < pairs_.size() && pairs_[end].element == pairs_[i].element) ++end;
      compare_group(items, i, end);
      i = end;
    }
    pairs_.resize(begin);
    return false;
  }

  void collect_items(TypeRef type, const Value& list, bool left) {
    for (const Value& item : list.items()) {
      PathElement element;
      if (!element_of(type, item, arena_, element)) continue;
      pairs_.push_back({element, left ? &item : nullptr, left ? nullptr : &item});
    }
  }

  // The items of one name, those of the left side first. Several on one side are compared as a whole.
  void compare_group(TypeRef items, std::size_t begin, std::size_t end) {
    Pair pair = pairs_[begin];
    std::size_t lefts = 0;
    while (begin + lefts < end && pairs_[begin + lefts].left != nullptr) ++lefts;
    std::size_t rights = end - begin - lefts;
    pair.right = rights > 0 ? pairs_[begin + lefts].right : nullptr;
    if (lefts <= 1 && rights <= 1) return descend(items, pair);
    if (lefts >= 2 && rights >= 2) return mark(modified_, pair.element, !same_items(begin, lefts, rights));
    if (lefts >= 2) {
      if (rights == 1) descend(items, {pair.element, nullptr, pair.right});
      return mark(removed_, pair.element, true);
    }
    if (lefts == 1) descend(items, {pair.element, pair.left, nullptr});
    mark(added_, pair.element, true);
  }

  bool same_items(std::size_t begin, std::size_t lefts, std::size_t rights) const {
    if (lefts != rights) return false;
    for (std::size_t i = 0; i < lefts; ++i) {
      if (!equal(*pairs_[begin + i].left, *pairs_[begin + lefts + i].right)) return false;
    }
    return true;
  }

  void mark(FieldSetBuilder& set, const PathElement& element, bool wanted) {
    if (!wanted) return;
    path_.push_back(element);
    set.mark(path_);
    leave();
  }

  void descend(TypeRef type, const Pair& pair) {
    path_.push_back(pair.element);
    compare(type, pair.left, pair.right);
    leave();
  }

  void leave() {
    path_.pop_back();
    added_.leave(path_.size());
    modified_.leave(path_.size());
    removed_.leave(path_.size());
  }

  void push(std::string_view key, const Value* left, const Value* right) {
    pairs_.push_back({PathElement::field(key), left, right});
  }

  static const Value* find(std::span<const Member> members, std::string_view key) {
    for (const Member& m : members) {
      if (m.key() == key) return &m.value;
    }
    return nullptr;
  }

  void sort_pairs(std::size_t begin) {
    auto less = [](const Pair& a, const Pair& b) { return a.element.compare(b.element) < 0; };
    auto first = pairs_.begin() + static_cast<std::ptrdiff_t>(begin);
    if (!std::is_sorted(first, pairs_.end(), less)) std::stable_sort(first, pairs_.end(), less);
  }

  Arena& arena_;
  Zeros zeros_;
  std::vector<PathElement> path_;
  std::vector<Pair> pairs_;  // of all open levels; a stack
  FieldSetBuilder added_, modified_, removed_;
};

}  // namespace

Comparison compare_typed(TypeRef type, const Value& left, const Value& right, Arena& arena, Zeros zeros) {
  Comparer comparer(arena, zeros);
  comparer.compare(type, &left, &right);
  return comparer.take();
}

}  // namespace plinth::api
