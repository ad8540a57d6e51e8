#include "api/typed.h"

namespace plinth::api {
namespace {

class Remover {
 public:
  explicit Remover(Draft& draft) : draft_(draft) {}

  Value remove(TypeRef type, const Value& value, FieldSetLevel set) {
    switch (form_of(type, &value)) {
      case Form::kScalar:
        return value;
      case Form::kList:
        return remove_items(type, value, set);
      case Form::kMap:
      case Form::kAny:
        return remove_members(type, value, set);
    }
    return value;
  }

 private:
  // What is not a container of the right kind, is atomic or is empty has nothing that could stay beside what is removed in it.
  Value remove_items(TypeRef type, const Value& value, FieldSetLevel set) {
    if (!value.is_array() || value.size() == 0 || is_atomic_list(type)) return Value();
    TypeRef items = item_type(type);
    Value out = value;
    std::vector<bool> drop(value.size());
    std::size_t dropped = 0;
    for (std::size_t i = 0; i < value.size(); ++i) {
      const Value& item = value.items()[i];
      PathElement element;
      const FieldSetNode* node = element_of(type, item, draft_.arena(), element) ? set.find(element) : nullptr;
      if (node == nullptr) continue;
      if (node->member) {
        drop[i] = true;
        ++dropped;
      } else {
        Value kept = remove(items, item, FieldSetLevel::below(*node));
        draft_.item(out, i) = kept;
      }
    }
    if (dropped == value.size()) return Value();
    if (dropped > 0) draft_.remove_if(out, drop);
    return out;
  }

  Value remove_members(TypeRef type, const Value& value, FieldSetLevel set) {
    if (!value.is_object() || value.size() == 0 || is_atomic_map(type)) return Value();
    Value out = value;
    std::vector<bool> drop(value.size());
    std::size_t dropped = 0, i = 0;
    for (const Member& m : value.members()) {
      const FieldSetNode* node = set.find(PathElement::field(m.key()));
      std::size_t at = i++;
      if (node == nullptr) continue;
      if (node->member) {
        drop[at] = true;
        ++dropped;
      } else if (TypeRef member = member_type(type, m.key())) {
        Value kept = remove(member, m.value, FieldSetLevel::below(*node));
        *draft_.mutable_find(out, m.key()) = kept;
      }
    }
    if (dropped == value.size()) return keeps_zeros(type, set) ? Value::empty_object() : Value();
    if (dropped > 0) draft_.remove_if(out, drop);
    return out;
  }

  // Whether Go still has something in the struct.
  static bool keeps_zeros(TypeRef type, FieldSetLevel set) {
    for (const Field& field : type.schema->fields) {
      if (zero_of(type, field) == nullptr) continue;
      const FieldSetNode* node = set.find(PathElement::field(field.name));
      if (node == nullptr || !node->member) return true;
    }
    return false;
  }

  Draft& draft_;
};

}  // namespace

Value remove_typed(TypeRef type, const Value& value, const FieldSet& items, Draft& draft) {
  return Remover(draft).remove(type, value, FieldSetLevel(items));
}

}  // namespace plinth::api
