// JSON text to documents and back. The parser is simdjson behind this header.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/value.h"

namespace plinth {

struct JsonParseOptions {
  std::size_t depth_max = 512;
  // Paths of duplicate fields are appended here ("spec.x", "spec.list[0].y"); the last duplicate wins either way.
  std::vector<std::string>* duplicates = nullptr;
};

// Errors are BadRequest and name the byte offset. Integers that fit int64 stay integers; others become doubles.
Result<Document> parse_json(std::string_view text, const JsonParseOptions& options = {});

// Compact JSON, keys in document order. Doubles are printed like Go's encoding/json does (shortest form that reads back).
void append_json(std::string& out, const Value& value);
std::string to_json(const Value& value);
// Two-space indentation, like kubectl's -o json and ?pretty=true (four spaces there).
std::string to_pretty_json(const Value& value, int indent = 2);
// A JSON string with quotes, escaped as encoding/json does with HTML escaping off.
void append_json_string(std::string& out, std::string_view text);

}  // namespace plinth
