// The order in which go-yaml prints keys: numbers inside by value, letters after other characters.
#pragma once

#include <string_view>

namespace plinth {

bool natural_less(std::string_view a, std::string_view b);

}  // namespace plinth
