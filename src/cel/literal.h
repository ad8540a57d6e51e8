// What literals mean: numbers with their ranges, strings and bytes with their escapes.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "cel/memory.h"
#include "cel/value.h"

namespace plinth::cel {

// Of a number as written; `negative` for one with a minus directly before it. Errors are BadRequest.
Result<Value> int_literal(std::string_view text, bool negative);
Result<Value> uint_literal(std::string_view text);
Result<Value> double_literal(std::string_view text, bool negative);
// Of a string or bytes with prefixes and quotes. Line ends become "\n".
Result<Value> string_literal(std::string_view text, Memory& memory);

}  // namespace plinth::cel
