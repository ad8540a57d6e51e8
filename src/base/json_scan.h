// The slow path of the JSON parser: explains what is wrong with a text, and rewrites the few things that encoding/json accepts
// and simdjson does not.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace plinth {

struct JsonFault {
  std::size_t offset = 0;
  std::string what;  // in the words of encoding/json's SyntaxError, which clients know
};

// The first fault of `text`, or none. When `repaired` is given and there is no fault, it receives the text with invalid UTF-8
// and lone surrogate escapes replaced by U+FFFD, and with integers beyond 64 bits written as floating point.
std::optional<JsonFault> scan_json(std::string_view text, std::size_t depth_max, std::string* repaired);

}  // namespace plinth
