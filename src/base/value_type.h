// What a value is called in messages: by the type names of schemas.
#pragma once

#include <string_view>

#include "base/value.h"

namespace plinth {

std::string_view value_type_text(const Value& value);

}  // namespace plinth
