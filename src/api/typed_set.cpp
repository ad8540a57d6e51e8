#include <algorithm>

#include "api/typed.h"

namespace plinth::api {
namespace {

class SetWalk {
 public:
  SetWalk(Arena& arena, Zeros zeros) : arena_(arena), zeros_(zeros) {}

  void walk(TypeRef type, const Value& value) {
    switch (form_of(type, &value)) {
      case Form::kScalar:
        if (!fits_scalar(type, value)) fits_ = false;
        return builder_.mark(path_);
      case Form::kList:
        return walk_list(type, value);
      case Form::kMap:
      case Form::kAny:
        return walk_map(type, value);
    }
  }

  FieldSet take() { return std::move(builder_).finish(); }
  bool fits() const { return fits_; }

 private:
  struct Item {
    PathElement element;
    const Value* value;
  };

  void walk_map(TypeRef type, const Value& value) {
    if (!value.is_object() && !value.is_null()) fits_ = false;
    if (is_atomic_map(type)) return mark_whole(type, value);
    std::size_t begin = items_.size();
    for (const Member& m : value.members()) items_.push_back({PathElement::field(m.key()), &m.value});
    if (zeros_ == Zeros::kCount && value.is_object()) add_zeros(type, value);
    sort_items(begin);
    for (std::size_t i = begin; i < items_.size(); ++i) {
      Item item = items_[i];
      bool declared = false;
      TypeRef member = member_type(type, item.element.name(), &declared);
      path_.push_back(item.element);
      if (member)
        walk(member, *item.value);
      else
        fits_ = false;
      bool empty = item.value->is_null() || (item.value->is_object() && item.value->size() == 0);
      if (!declared || empty) builder_.mark(path_);
      path_.pop_back();
      builder_.leave(path_.size());
    }
    items_.resize(begin);
  }

  void add_zeros(TypeRef type, const Value& value) {
    for (const Field& field : type.schema->fields) {
      const Value* zero = zero_of(type, field);
      if (zero != nullptr && value.find(field.name) == nullptr) items_.push_back({PathElement::field(field.name), zero});
    }
  }

  void walk_list(TypeRef type, const Value& value) {
    if (!value.is_array() && !value.is_null()) fits_ = false;
    if (is_atomic_list(type)) return mark_whole(type, value);
    std::size_t begin = items_.size();
    for (const Value& v : value.items()) {
      Item item{{}, &v};
      if (element_of(type, v, arena_, item.element))
        items_.push_back(item);
      else
        fits_ = false;
    }
    sort_items(begin);
    TypeRef items = item_type(type);
    for (std::size_t i = begin; i < items_.size(); ++i) {
      Item item = items_[i];
      path_.push_back(item.element);
      std::size_t last = i;
      while (last + 1 < items_.size() && items_[last + 1].element == item.element) ++last;
      if (last != i) fits_ = false;
      // Items that share a name are owned together, as one leaf.
      if (last == i) walk(items, *item.value);
      builder_.mark(path_);
      path_.pop_back();
      builder_.leave(path_.size());
      i = last;
    }
    items_.resize(begin);
  }

  // One leaf; its content matters to whether the value fits only.
  void mark_whole(TypeRef type, const Value& value) {
    builder_.mark(path_);
    if (fits_ && value.size() > 0) fits_ = check_typed(type, value, false).empty();
  }

  void sort_items(std::size_t begin) {
    auto less = [](const Item& a, const Item& b) { return a.element.compare(b.element) < 0; };
    auto first = items_.begin() + static_cast<std::ptrdiff_t>(begin);
    if (!std::is_sorted(first, items_.end(), less)) std::sort(first, items_.end(), less);
  }

  Arena& arena_;
  Zeros zeros_;
  bool fits_ = true;
  std::vector<PathElement> path_;
  std::vector<Item> items_;  // of all open levels; a stack
  FieldSetBuilder builder_;
};

void name_fields(TypeRef type, const FieldSetNode* begin, const FieldSetNode* end, std::vector<bool>& named,
                 const FieldSetNode* base) {
  for (const FieldSetNode* n = begin; n < end; n += n->span) {
    if (n->span == 1) continue;
    bool declared = false;
    if (type && n->element.kind() == PathKind::kField && form_of(type, nullptr) != Form::kScalar) {
      member_type(type, n->element.name(), &declared);
    }
    if (declared) named[static_cast<std::size_t>(n - base)] = true;
    name_fields(type_below(type, n->element), n + 1, n + n->span, named, base);
  }
}

}  // namespace

FieldSet field_set_of(TypeRef type, const Value& value, Arena& arena, Zeros zeros, bool* fits) {
  SetWalk walk(arena, zeros);
  walk.walk(type, value);
  if (fits != nullptr) *fits = walk.fits();
  return walk.take();
}

FieldSet with_named_fields(TypeRef type, const FieldSet& set) {
  std::vector<bool> named(set.nodes().size());
  const FieldSetNode* base = set.nodes().data();
  name_fields(type, base, base + set.nodes().size(), named, base);
  return set.with_members(named);
}

}  // namespace plinth::api
