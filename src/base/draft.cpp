#include <algorithm>

#include "base/key_table.h"
#include "base/short_text.h"
#include "base/value_body.h"

namespace plinth {
namespace {

using Type = Value::Type;

constexpr std::size_t kCapacityMin = 4;

void copy_elements(Type type, ValueBuilder::Body* to, const ValueBuilder::Body* from) {
  if (type == Type::kObject)
    std::copy_n(from->members(), from->size, to->members());
  else
    std::copy_n(from->items(), from->size, to->items());
  to->size = from->size;
}

Member* find_member(ValueBuilder::Body* body, std::string_view key) {
  Member* end = body->members() + body->size;
  Member* found = std::find_if(body->members(), end, [&](const Member& m) { return same_text(m.key(), key); });
  return found == end ? nullptr : found;
}

template <typename Element>
void drop_marked(Element* elements, std::uint32_t& size, const std::vector<bool>& drop) {
  std::uint32_t kept = 0;
  for (std::uint32_t i = 0; i < size; ++i) {
    if (i < drop.size() && drop[i]) continue;
    elements[kept++] = elements[i];
  }
  size = kept;
}

}  // namespace

Draft::Draft() : arena_(std::make_shared<Arena>()) {}

Draft::Draft(const Document& base) : Draft() {
  arena_->retain(base.arena());
  root_ = base.root();
}

Value Draft::adopt(const Document& document) {
  arena_->retain(document.arena());
  return document.root();
}

Value Draft::text(std::string_view s) { return Value::ref(arena_->copy(s)); }

Value Draft::object(std::size_t capacity) {
  return ValueBuilder::make(Type::kObject, ValueBuilder::new_body(*arena_, Type::kObject, capacity));
}

Value Draft::array(std::size_t capacity) {
  return ValueBuilder::make(Type::kArray, ValueBuilder::new_body(*arena_, Type::kArray, capacity));
}

std::string_view Draft::key_text(std::string_view key) {
  if (is_common_key(key)) return key;
  if (std::string_view common = common_key(key, key_hash(key)); common.data() != nullptr) return common;
  if (keys_ == nullptr) keys_ = std::make_shared<KeyTable>();
  return keys_->intern(key, *arena_);
}

Value Draft::clone(const Value& value) {
  if (value.is_string()) return text(value.as_string());
  if (value.is_array()) {
    Value out = array(value.size());
    Value::Body* body = out.body_;
    for (const Value& item : value.items()) body->items()[body->size++] = clone(item);
    return out;
  }
  if (value.is_object()) {
    Value out = object(value.size());
    Value::Body* body = out.body_;
    for (const Member& m : value.members()) {
      std::string_view key = key_text(m.key());
      body->members()[body->size++] = {key.data(), static_cast<std::uint32_t>(key.size()), 0, clone(m.value)};
    }
    return out;
  }
  return value;
}

// Makes `slot` a container of `type` whose body is in this draft's arena, with room for `extra` more elements.
Value::Body* Draft::own(Value& slot, Type type, std::size_t extra) {
  if (slot.type() != type) {
    slot = ValueBuilder::make(type, ValueBuilder::new_body(*arena_, type, std::max(extra, kCapacityMin)));
    return slot.body_;
  }
  Value::Body* body = slot.body_;
  bool ours = body->arena == arena_.get();
  if (ours && body->size + extra <= body->capacity) return body;
  // Geometric growth when ours (elements are being added); otherwise a little room beside the copy.
  std::size_t capacity = ours ? std::max<std::size_t>(body->capacity * 2, body->size + extra) : body->size + extra;
  Value::Body* grown = ValueBuilder::new_body(*arena_, type, std::max(capacity, kCapacityMin));
  copy_elements(type, grown, body);
  slot.body_ = grown;
  return grown;
}

Value& Draft::member(Value& slot, std::string_view key) {
  if (slot.find(key) != nullptr) return find_member(own(slot, Type::kObject, 0), key)->value;
  std::string_view stored = key_text(key);
  Value::Body* body = own(slot, Type::kObject, 1);
  Member& added = body->members()[body->size++];
  added = {stored.data(), static_cast<std::uint32_t>(stored.size()), 0, Value()};
  return added.value;
}

Value& Draft::member_path(Value& slot, std::initializer_list<std::string_view> path) {
  Value* v = &slot;
  for (std::string_view step : path) v = &member(*v, step);
  return *v;
}

Value* Draft::mutable_find(Value& slot, std::string_view key) {
  if (slot.find(key) == nullptr) return nullptr;
  return &find_member(own(slot, Type::kObject, 0), key)->value;
}

bool Draft::remove(Value& slot, std::string_view key) {
  if (slot.find(key) == nullptr) return false;
  Value::Body* body = own(slot, Type::kObject, 0);
  Member* found = find_member(body, key);
  std::copy(found + 1, body->members() + body->size, found);
  --body->size;
  return true;
}

void Draft::remove_if(Value& slot, const std::vector<bool>& drop) {
  if (std::find(drop.begin(), drop.end(), true) == drop.end()) return;
  if (slot.is_object()) {
    Value::Body* body = own(slot, Type::kObject, 0);
    drop_marked(body->members(), body->size, drop);
  } else if (slot.is_array()) {
    Value::Body* body = own(slot, Type::kArray, 0);
    drop_marked(body->items(), body->size, drop);
  }
}

Value& Draft::item(Value& slot, std::size_t index) { return own(slot, Type::kArray, 0)->items()[index]; }

Value& Draft::push(Value& slot, Value v) {
  Value::Body* body = own(slot, Type::kArray, 1);
  Value& added = body->items()[body->size++];
  added = v;
  return added;
}

void Draft::insert(Value& slot, std::size_t index, Value v) {
  Value::Body* body = own(slot, Type::kArray, 1);
  Value* at = body->items() + std::min<std::size_t>(index, body->size);
  std::copy_backward(at, body->items() + body->size, body->items() + body->size + 1);
  *at = v;
  ++body->size;
}

void Draft::erase(Value& slot, std::size_t index) {
  if (index >= slot.items().size()) return;
  Value::Body* body = own(slot, Type::kArray, 0);
  std::copy(body->items() + index + 1, body->items() + body->size, body->items() + index);
  --body->size;
}

std::span<Value> Draft::mutable_items(Value& slot) {
  if (!slot.is_array()) return {};
  Value::Body* body = own(slot, Type::kArray, 0);
  return {body->items(), body->size};
}

std::span<Member> Draft::mutable_members(Value& slot) {
  if (!slot.is_object()) return {};
  Value::Body* body = own(slot, Type::kObject, 0);
  return {body->members(), body->size};
}

Document Draft::finish() && {
  std::shared_ptr<Arena> arena = std::move(arena_);
  Value root = root_;
  root_ = Value();
  // Nothing was written: everything the root refers to is the base's (or static).
  if (arena->bytes() == 0 && arena->retained().size() == 1) return Document(arena->retained()[0], root);
  if (arena->depth() <= kArenaDepthMax) return Document(std::move(arena), root);
  Draft flat;
  flat.root_ = flat.clone(root);
  return Document(std::move(flat.arena_), flat.root_);
}

}  // namespace plinth
