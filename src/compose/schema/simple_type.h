// The type of a SimpleSchema field: `string`, `[]map[string]integer`, the name of a custom type.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "compose/schema/marker.h"

namespace plinth::compose {

struct SimpleType {
  enum class Wrap : std::uint8_t { kArray, kMap };
  enum class Leaf : std::uint8_t { kString, kInteger, kBoolean, kFloat, kObject, kCustom };
  static constexpr std::size_t kNestingMax = 16;

  std::vector<Wrap> wraps;  // outermost first
  Leaf leaf = Leaf::kString;
  std::string custom;  // of kCustom
};

Result<SimpleType> parse_simple_type(std::string_view text);

// A whole field: type [ "|" markers ].
struct SimpleField {
  SimpleType type;
  std::vector<Marker> markers;
};
Result<SimpleField> parse_simple_field(std::string_view text);

}  // namespace plinth::compose
