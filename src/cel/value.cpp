#include "cel/value.h"

#include <cmath>
#include <functional>

#include "base/base64.h"
#include "base/utf8.h"
#include "base/value_body.h"
#include "cel/number.h"
#include "cel/time.h"

namespace plinth::cel {
namespace {

struct ShapedDocument {
  DocumentValue value;
  const Shape* shape;
};

Value shape_mismatch(Memory& memory, std::string_view wanted, const DocumentValue& value) {
  std::string message = "value is not a ";
  message += wanted;
  if (value.is_string()) message += ": '" + std::string(value.as_string()) + "'";
  return make_error(memory, message);
}

Value bytes_of(std::string_view text, Memory& memory, const DocumentValue& value) {
  auto decoded = base64_decode(text);
  if (!decoded) return shape_mismatch(memory, "base64 text", value);
  return Value::bytes(memory.copy(*decoded));
}

Value shaped_string(const DocumentValue& value, Shape::Scalar scalar, Memory& memory) {
  std::string_view text = value.as_string();
  switch (scalar) {
    case Shape::Scalar::kBytes:
      return bytes_of(text, memory, value);
    case Shape::Scalar::kTimestamp:
      if (auto t = parse_timestamp(text)) return Value::of(*t);
      return shape_mismatch(memory, "timestamp", value);
    case Shape::Scalar::kDate:
      if (auto t = parse_timestamp(std::string(text) + "T00:00:00Z")) return Value::of(*t);
      return shape_mismatch(memory, "date", value);
    case Shape::Scalar::kDuration:
      if (auto d = parse_time_span(text)) return Value::of(*d);
      return shape_mismatch(memory, "duration", value);
    default:
      return Value::string(text);
  }
}

Value shaped_scalar(const DocumentValue& value, Shape::Scalar scalar, Memory& memory) {
  if (value.is_string()) return shaped_string(value, scalar, memory);
  if (value.is_int() && scalar == Shape::Scalar::kDouble) return Value::of(static_cast<double>(value.as_int()));
  if (value.is_double() && scalar == Shape::Scalar::kInt) {
    if (auto i = exact_int(value.as_double())) return Value::of(*i);
    return shape_mismatch(memory, "whole number", value);
  }
  return Value::of_document(value, nullptr, memory);
}

std::uint64_t hash_key(const Value& key) {
  if (key.is(Kind::kString)) return std::hash<std::string_view>()(key.as_string());
  auto x = static_cast<std::uint64_t>(key.as_int()) + (key.is(Kind::kBool) ? 0x9e3779b97f4a7c15ull : 0);
  x ^= x >> 32;
  x *= 0xd6e8feb86659fd93ull;
  x ^= x >> 32;
  return x;
}

// Keys are equal when they are of one class and value; an int and a uint are of one class.
bool same_key(const Value& a, const Value& b) {
  if (a.is(Kind::kString)) return b.is(Kind::kString) && a.as_string() == b.as_string();
  if (a.kind() == b.kind()) return a.as_int() == b.as_int();
  bool integers = (a.is(Kind::kInt) && b.is(Kind::kUint)) || (a.is(Kind::kUint) && b.is(Kind::kInt));
  return integers && a.as_int() == b.as_int() && a.as_int() >= 0;
}

constexpr std::size_t kIndexFrom = 9;  // entries from which a map gets an index

const MapEntry* find_own(const MapBody& body, const Value& key) {
  if (body.index_mask == 0) {
    for (std::uint32_t i = 0; i < body.size; ++i) {
      if (same_key(key, body.entries[i].key)) return &body.entries[i];
    }
    return nullptr;
  }
  for (std::uint64_t slot = hash_key(key);; ++slot) {
    std::uint32_t at = body.index[slot & body.index_mask];
    if (at == 0) return nullptr;
    if (same_key(key, body.entries[at - 1].key)) return &body.entries[at - 1];
  }
}

// The key as maps hold it: doubles of whole value become integers; anything else that is no key stays.
std::optional<Value> lookup_key(const Value& key) {
  switch (key.kind()) {
    case Kind::kBool:
    case Kind::kInt:
    case Kind::kUint:
    case Kind::kString:
      return key;
    case Kind::kDouble:
      if (auto i = exact_int(key.as_double())) return Value::of(*i);
      if (auto u = exact_uint(key.as_double())) return Value::of(*u);
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

}  // namespace

Value Value::of_document(const DocumentValue& value, const Shape* shape, Memory& memory) {
  switch (value.type()) {
    case DocumentValue::Type::kArray:
    case DocumentValue::Type::kObject: {
      Kind kind = value.is_array() ? Kind::kList : Kind::kMap;
      if (shape == nullptr) return Value(kind, Form::kDocument, ValueBuilder::body_of(value));
      return Value(kind, Form::kShaped, memory.make<ShapedDocument>(value, shape));
    }
    case DocumentValue::Type::kNull:
      return Value();
    case DocumentValue::Type::kBool:
      return Value::of(value.as_bool());
    default:
      break;
  }
  if (shape != nullptr && shape->scalar() != Shape::Scalar::kPlain) return shaped_scalar(value, shape->scalar(), memory);
  if (value.is_int()) return Value::of(value.as_int());
  if (value.is_double()) return Value::of(value.as_double());
  return Value::string(value.as_string());
}

DocumentValue Value::document() const {
  if (form_ == Form::kShaped) return static_cast<const ShapedDocument*>(pointer_)->value;
  auto* body = static_cast<ValueBuilder::Body*>(const_cast<void*>(pointer_));
  return ValueBuilder::make(kind_ == Kind::kList ? DocumentValue::Type::kArray : DocumentValue::Type::kObject, body);
}

const Shape* Value::shape() const {
  return form_ == Form::kShaped ? static_cast<const ShapedDocument*>(pointer_)->shape : nullptr;
}

ListBody* new_list(Memory& memory, std::size_t capacity) {
  auto* body = static_cast<ListBody*>(memory.allocate(8 + capacity * sizeof(Value)));
  body->size = 0;
  body->capacity = static_cast<std::uint32_t>(capacity);
  return body;
}

List::List(const Value& list) {
  if (list.form() == Value::Form::kOwn) {
    const auto* body = static_cast<const ListBody*>(list.pointer());
    own_ = body->items;
    size_ = body->size;
    return;
  }
  DocumentValue document = list.document();
  items_ = document.items().data();
  size_ = document.size();
  if (const Shape* shape = list.shape()) item_shape_ = shape->items();
}

MapBuilder::MapBuilder(Memory& memory, std::size_t capacity) : memory_(memory), capacity_(capacity < 4 ? 4 : capacity) {
  body_ = memory.make<MapBody>(0u, 0u, static_cast<MapEntry*>(memory.allocate(capacity_ * sizeof(MapEntry))), nullptr);
  if (capacity >= kIndexFrom) add_index();
}

void MapBuilder::add_index() {
  std::size_t slots = 16;
  while (slots < capacity_ * 2) slots *= 2;
  body_->index = static_cast<std::uint32_t*>(memory_.allocate(slots * sizeof(std::uint32_t)));
  std::memset(body_->index, 0, slots * sizeof(std::uint32_t));
  body_->index_mask = static_cast<std::uint32_t>(slots - 1);
  for (std::uint32_t i = 0; i < body_->size; ++i) {
    std::uint64_t slot = hash_key(body_->entries[i].key);
    while (body_->index[slot & body_->index_mask] != 0) ++slot;
    body_->index[slot & body_->index_mask] = i + 1;
  }
}

void MapBuilder::grow() {
  auto* entries = static_cast<MapEntry*>(memory_.allocate(capacity_ * 2 * sizeof(MapEntry)));
  std::memcpy(static_cast<void*>(entries), body_->entries, body_->size * sizeof(MapEntry));
  body_->entries = entries;
  capacity_ *= 2;
  if (capacity_ >= kIndexFrom) add_index();
}

bool MapBuilder::insert(const Value& key, const Value& value) {
  if (find_own(*body_, key) != nullptr) return false;
  if (body_->size == capacity_) grow();
  body_->entries[body_->size++] = {key, value};
  if (body_->index_mask != 0) {
    std::uint64_t slot = hash_key(key);
    while (body_->index[slot & body_->index_mask] != 0) ++slot;
    body_->index[slot & body_->index_mask] = body_->size;
  }
  return true;
}

std::size_t Map::size() const {
  if (map_.form() == Value::Form::kOwn) return static_cast<const MapBody*>(map_.pointer())->size;
  return map_.document().size();
}

bool Map::find(std::string_view key, Memory& memory, Value* out) const {
  if (map_.form() == Value::Form::kOwn) {
    const MapEntry* entry = find_own(*static_cast<const MapBody*>(map_.pointer()), Value::string(key));
    if (entry != nullptr) *out = entry->value;
    return entry != nullptr;
  }
  const Shape* child = nullptr;
  if (const Shape* shape = map_.shape()) {
    Shape::Field field = shape->field(key);
    if (!field.visible) return false;
    child = field.shape;
    key = field.key;
  }
  const DocumentValue* found = map_.document().find(key);
  if (found == nullptr) return false;
  *out = Value::of_document(*found, child, memory);
  return true;
}

bool Map::find(const Value& key, Memory& memory, Value* out) const {
  if (key.is(Kind::kString)) return find(key.as_string(), memory, out);
  if (map_.form() != Value::Form::kOwn) return false;  // documents have strings as keys
  auto normal = lookup_key(key);
  if (!normal) return false;
  const MapEntry* entry = find_own(*static_cast<const MapBody*>(map_.pointer()), *normal);
  if (entry != nullptr) *out = entry->value;
  return entry != nullptr;
}

MapEntry Map::entry(std::size_t index, Memory& memory) const {
  if (map_.form() == Value::Form::kOwn) return static_cast<const MapBody*>(map_.pointer())->entries[index];
  const Member& member = map_.document().members()[index];
  const Shape* shape = map_.shape();
  const Shape* child = shape == nullptr ? nullptr : shape->field(member.key()).shape;
  return {Value::string(member.key()), Value::of_document(member.value, child, memory)};
}

std::string_view type_name(const Value& value) {
  switch (value.kind()) {
    case Kind::kAbsent:
      return "absent";
    case Kind::kError:
      return "error";
    case Kind::kNull:
      return "null_type";
    case Kind::kBool:
      return "bool";
    case Kind::kInt:
      return "int";
    case Kind::kUint:
      return "uint";
    case Kind::kDouble:
      return "double";
    case Kind::kString:
      return "string";
    case Kind::kBytes:
      return "bytes";
    case Kind::kTimestamp:
      return "google.protobuf.Timestamp";
    case Kind::kDuration:
      return "google.protobuf.Duration";
    case Kind::kList:
      return "list";
    case Kind::kMap:
      return "map";
    case Kind::kType:
      return "type";
    case Kind::kOptional:
      return "optional_type";
    case Kind::kOpaque:
      return value.as_opaque().type->name;
  }
  return "";
}

Value make_error(Memory& memory, std::string_view message) {
  return Value::error(memory.make<ErrorBody>(memory.copy(message), ErrorBody::kNowhere, false));
}

Value fatal_error(Memory& memory, std::string_view message) {
  return Value::error(memory.make<ErrorBody>(memory.copy(message), ErrorBody::kNowhere, true));
}

Value no_such_key(Memory& memory, const Value& key) {
  std::string message = "no such key: ";
  message += key.is(Kind::kString) ? std::string(key.as_string()) : to_text(key);
  return make_error(memory, message);
}

std::size_t size_of(const Value& value) {
  switch (value.kind()) {
    case Kind::kString:
      return code_points(value.as_string());
    case Kind::kBytes:
      return value.as_string().size();
    case Kind::kList:
      return List(value).size();
    case Kind::kMap:
      return Map(value).size();
    default:
      return 0;
  }
}

}  // namespace plinth::cel
