// Revisions of a definition: when two specs count as the same, and what the objects that keep them are called.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/value.h"

namespace plinth::compose {

// FNV-64a of a normal form, 16 hex digits: resources by id, conditions sorted, defaults filled in, keys sorted. forEach keeps
// its order.
std::string spec_hash(const Value& spec);

// "<definition>-r00001", within a name's 253 characters.
std::string revision_name(std::string_view definition, std::int64_t revision);

}  // namespace plinth::compose
