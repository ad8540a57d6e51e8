// Markers of a SimpleSchema field: `required=true default="a b" enum="x,y"`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace plinth::compose {

enum class MarkerKind : std::uint8_t {
  kRequired,
  kDefault,
  kDescription,
  kMinimum,
  kMaximum,
  kValidation,
  kEnum,
  kImmutable,
  kPattern,
  kUniqueItems,
  kMinLength,
  kMaxLength,
  kMinItems,
  kMaxItems,
  kListType,
  kListMapKey,
};

struct Marker {
  MarkerKind kind = MarkerKind::kRequired;
  std::string value;  // without the quotes around it, \" and \\ resolved
};

// What stands after the first "|" of a field:
//   markers := key "=" value { SP key "=" value }
//   value   := bare | "quoted" | balanced [...] or {...}
// Blanks around "=" are not allowed; a key without a value is an error wherever it stands.
Result<std::vector<Marker>> parse_markers(std::string_view text);

}  // namespace plinth::compose
