// Values with a form of their own (Wire): checks them as upstream's UnmarshalJSON does and brings them into the form in which a
// built-in kind returns them.
#pragma once

#include <string>

#include "api/schema.h"

namespace plinth::api {

enum class LeafOutcome : std::uint8_t {
  kSame,     // keep the value
  kChanged,  // `out` replaces it
  kUnset,    // means "not set" (a zero time)
  kError,    // `error` says why
};
// For the wires kTime to kBytes; others are kSame. `in` is not null.
LeafOutcome canonical_leaf(Wire wire, const Value& in, Draft& draft, Value& out, std::string& error);

// Go's zero value of a type as JSON: "", 0, false, {} of a struct; null of lists, maps, times and raw values.
Value go_zero(const Schema& schema);
// Whether `omitempty` or `omitzero` leave the value out.
bool is_go_zero(const Value& value);

}  // namespace plinth::api
