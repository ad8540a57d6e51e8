// The arithmetic operators over values of any kind: errors for overflow, division by zero and kinds that do not go together.
#pragma once

#include "cel/value.h"

namespace plinth::cel {

Value add(const Value& a, const Value& b, Memory& memory);  // also concatenates
Value subtract(const Value& a, const Value& b, Memory& memory);
Value multiply(const Value& a, const Value& b, Memory& memory);
Value divide(const Value& a, const Value& b, Memory& memory);
Value modulo(const Value& a, const Value& b, Memory& memory);
Value negate(const Value& a, Memory& memory);

// "no such overload: _+_(int, string)".
Value no_such_overload(Memory& memory, std::string_view function, std::span<const Value> args);

// Whether a list holds the value, or a map the key.
Value contains(const Value& item, const Value& container, Memory& memory);
// container[key], and container[?key] as an optional.
Value index(const Value& container, const Value& key, Memory& memory);
Value optional_index(const Value& container, const Value& key, Memory& memory);
// operand.field, operand.?field, has(operand.field). Optionals are looked through.
Value select(const Value& operand, std::string_view field, Memory& memory);
Value optional_select(const Value& operand, std::string_view field, Memory& memory);
Value has_field(const Value& operand, std::string_view field, Memory& memory);

}  // namespace plinth::cel
