// Names that ids of resources and iterators may not have.
#pragma once

#include <string_view>

namespace plinth::compose {

bool is_reserved_word(std::string_view word);
// ^[a-z][a-zA-Z0-9]*$
bool is_lower_camel_case(std::string_view word);
// ^[A-Z][a-zA-Z0-9]*$
bool is_upper_camel_case(std::string_view word);

}  // namespace plinth::compose
