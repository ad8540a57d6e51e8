#include <algorithm>

#include "api/typed.h"

namespace plinth::api {
namespace {

// Finds items of a list by their elements, in logarithmic time.
class ItemIndex {
 public:
  explicit ItemIndex(const std::vector<PathElement>& elements) : elements_(elements), order_(elements.size()) {
    for (std::uint32_t i = 0; i < order_.size(); ++i) order_[i] = i;
    std::stable_sort(order_.begin(), order_.end(),
                     [&](std::uint32_t a, std::uint32_t b) { return elements_[a].compare(elements_[b]) < 0; });
  }
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  // The first item of that name; `several` tells whether there are more.
  std::size_t find(const PathElement& element, bool* several = nullptr) const {
    auto at = std::lower_bound(order_.begin(), order_.end(), element,
                               [&](std::uint32_t i, const PathElement& e) { return elements_[i].compare(e) < 0; });
    if (at == order_.end() || !(elements_[*at] == element)) return kNone;
    if (several != nullptr) *several = at + 1 != order_.end() && elements_[*(at + 1)] == element;
    return *at;
  }

 private:
  const std::vector<PathElement>& elements_;
  std::vector<std::uint32_t> order_;
};

class Merger {
 public:
  explicit Merger(Draft& draft) : draft_(draft) {}

  Value merge(TypeRef type, const Value& left, const Value& right) {
    switch (form_of(type, &right)) {
      case Form::kScalar:
        return leaf(left, right);
      case Form::kList:
        return merge_lists(type, left, right);
      case Form::kMap:
      case Form::kAny:
        return merge_maps(type, left, right);
    }
    return right;
  }

 private:
  // Keeps the left storage where nothing changes: what is shared need not be compared again.
  static Value leaf(const Value& left, const Value& right) { return equal(left, right) ? left : right; }

  Value merge_maps(TypeRef type, const Value& left, const Value& right) {
    bool left_empty = !left.is_object() || left.size() == 0, right_empty = !right.is_object() || right.size() == 0;
    if (is_atomic_map(type) || (left_empty && right_empty)) return leaf(left, right);
    if (right_empty) return left;
    if (left_empty) return right;
    Value out = left;
    for (const Member& m : right.members()) {
      const Value* old = left.find(m.key());
      bool scalar = !m.value.is_null() && !m.value.is_object() && !m.value.is_array();
      if (scalar && old != nullptr) {
        if (!equal(*old, m.value)) draft_.set(out, m.key(), m.value);
        continue;
      }
      TypeRef member = member_type(type, m.key());
      Value merged = old != nullptr && member ? merge(member, *old, m.value) : m.value;
      if (old == nullptr || !identical(*old, merged)) draft_.set(out, m.key(), merged);
    }
    return out;
  }

  Value merge_lists(TypeRef type, const Value& left, const Value& right) {
    bool left_empty = !left.is_array() || left.size() == 0, right_empty = !right.is_array() || right.size() == 0;
    if (is_atomic_list(type) || (left_empty && right_empty)) return leaf(left, right);
    if (right_empty) return left;
    if (left_empty) return right;
    std::vector<PathElement> lefts, rights;
    if (!elements(type, left, lefts) || !elements(type, right, rights)) return leaf(left, right);
    if (lefts == rights) return merge_pairs(type, left, right);
    return interleave(type, left, lefts, right, rights);
  }

  bool elements(TypeRef type, const Value& list, std::vector<PathElement>& out) {
    out.reserve(list.size());
    for (const Value& item : list.items()) {
      PathElement element;
      if (!element_of(type, item, draft_.arena(), element)) return false;
      out.push_back(element);
    }
    return true;
  }

  // The usual case: both sides name the same items in the same order (and, the config having none, no name twice).
  Value merge_pairs(TypeRef type, const Value& left, const Value& right) {
    TypeRef items = item_type(type);
    Value out = left;
    for (std::size_t i = 0; i < left.size(); ++i) {
      Value merged = merge(items, left.items()[i], right.items()[i]);
      if (!identical(left.items()[i], merged)) draft_.item(out, i) = merged;
    }
    return out;
  }

  // The order of structured-merge-diff: items of both sides in the config's order, items of the live side alone where they were
  // relative to their neighbours, new items after what precedes them in the config.
  Value interleave(TypeRef type, const Value& left, const std::vector<PathElement>& lefts, const Value& right,
                   const std::vector<PathElement>& rights) {
    ItemIndex left_index(lefts), right_index(rights);
    TypeRef items = item_type(type);
    std::vector<std::size_t> shared;  // right items that are on the left too, in the config's order
    for (std::size_t i = 0; i < rights.size(); ++i) {
      if (left_index.find(rights[i]) != ItemIndex::kNone) shared.push_back(i);
    }
    std::size_t next_shared = 0;
    std::vector<bool> merged(rights.size());
    Value out = draft_.array(left.size() + right.size());
    auto take_right = [&](std::size_t r) {
      merged[r] = true;
      bool several = false;
      std::size_t l = left_index.find(rights[r], &several);
      const Value& item = right.items()[r];
      // Of several live items of that name none is merged: the config's replaces them.
      draft_.push(out, l == ItemIndex::kNone ? item : merge(items, several ? Value() : left.items()[l], item));
    };
    for (std::size_t l = 0, r = 0; l < lefts.size() || r < rights.size();) {
      if (l < lefts.size() && r < rights.size()) {
        if (lefts[l] == rights[r]) {
          take_right(r);
          ++l, ++r, ++next_shared;
          continue;
        }
        bool later = next_shared < shared.size() && !(rights[shared[next_shared]] == lefts[l]);
        if (later && right_index.find(lefts[l]) != ItemIndex::kNone) {
          ++l;  // its place is that of the config
          continue;
        }
      }
      if (l < lefts.size()) {
        std::size_t same = right_index.find(lefts[l]);
        if (same == ItemIndex::kNone) {
          draft_.push(out, left.items()[l++]);
          continue;
        }
        if (merged[same]) ++l;
      }
      if (r < rights.size()) {
        if (next_shared < shared.size() && shared[next_shared] == r) ++next_shared;
        take_right(r++);
      }
    }
    return out;
  }

  Draft& draft_;
};

}  // namespace

Value merge_typed(TypeRef type, const Value& live, const Value& config, Draft& draft) {
  return Merger(draft).merge(type, live, config);
}

}  // namespace plinth::api
