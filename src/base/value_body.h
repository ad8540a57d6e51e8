// How arrays and objects are laid out in an arena. For the files that build documents only: draft, parsers.
#pragma once

#include "base/value.h"

namespace plinth {

// Header of an array's items or an object's members, which follow it directly.
struct Value::Body {
  std::uint32_t size;
  std::uint32_t capacity;
  const Arena* arena;  // whose storage this is; null for static storage. Only its draft may change the body

  Value* items() { return reinterpret_cast<Value*>(this + 1); }
  const Value* items() const { return reinterpret_cast<const Value*>(this + 1); }
  Member* members() { return reinterpret_cast<Member*>(this + 1); }
  const Member* members() const { return reinterpret_cast<const Member*>(this + 1); }
};

// Raw construction of containers, for code that knows sizes and keeps the invariants itself.
struct ValueBuilder {
  using Body = Value::Body;
  static Body* body_of(const Value& v) { return v.body_; }
  static constexpr Value make(Value::Type type, Body* body) {
    Value v;
    v.type_ = type;
    v.body_ = body;
    return v;
  }
  static Body* new_body(Arena& arena, Value::Type type, std::size_t capacity);
};

}  // namespace plinth
