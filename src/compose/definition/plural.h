// The plural of a kind, as kro names its APIs (gobuffalo/flect's rules).
#pragma once

#include <string>
#include <string_view>

namespace plinth::compose {

// Of a word in lower case: "policy" -> "policies", "index" -> "indices", "news" -> "news".
std::string pluralize(std::string_view word);

}  // namespace plinth::compose
