// What a marker does to the schema of its field.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/value.h"
#include "compose/schema/marker.h"

namespace plinth::compose {

// strconv.ParseBool's spellings.
Result<bool> parse_go_bool(std::string_view text);

// Applies all markers of a field in order. `required` receives the field's name when a marker says so.
Result<void> apply_markers(Draft& draft, Value& schema, const std::vector<Marker>& markers, std::string_view field,
                           std::vector<std::string>& required);

}  // namespace plinth::compose
