// Small changes to drafts that many strategies make.
#pragma once

#include <string_view>

#include "base/value.h"

namespace plinth::api {

// Absent, null or "": what a built-in kind calls unset.
inline bool is_unset(const Value& object, std::string_view member) {
  const Value v = object[member];
  return v.is_null() || (v.is_string() && v.as_string().empty());
}

inline void set_default(Draft& draft, Value& object, std::string_view member, Value value) {
  if (is_unset(object, member)) draft.set(object, member, value);
}

// f(Value& item) for each item of object[member], which becomes the draft's own; nothing when it is absent or empty.
template <typename F>
void change_items(Draft& draft, Value& object, std::string_view member, F f) {
  if (object[member].size() == 0) return;
  for (Value& item : draft.mutable_items(*draft.mutable_find(object, member))) f(item);
}

// f(Value& member) when object[member] is an object.
template <typename F>
void change_member(Draft& draft, Value& object, std::string_view member, F f) {
  if (!object[member].is_object()) return;
  f(*draft.mutable_find(object, member));
}

// The member for writing, made an object when it is absent.
inline Value& object_member(Draft& draft, Value& object, std::string_view member) {
  Value& slot = draft.member(object, member);
  if (!slot.is_object()) slot = draft.object();
  return slot;
}

// The member as it was in `old`: absent when it was absent there.
inline void restore_member(Draft& draft, Value& object, const Value& old, std::string_view member) {
  const Value before = old[member];
  if (before.is_null()) {
    draft.remove(object, member);
  } else {
    draft.set(object, member, draft.clone(before));
  }
}

}  // namespace plinth::api
