// Pieces of C++ source text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/value.h"

namespace plinth::kindc {

// A string literal with quotes.
std::string literal(std::string_view text);
// "apps.v1.DeploymentSpec" -> "apps_v1_DeploymentSpec"
std::string identifier(std::string_view name);
// The text of a double or integer literal.
std::string number(const Value& value);
// FNV-1a, 64 bits.
std::uint64_t fingerprint(std::string_view text, std::uint64_t seed = 0xcbf29ce484222325ull);

}  // namespace plinth::kindc
