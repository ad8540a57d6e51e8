// Names and labels that are made of what an object says.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/value.h"

namespace plinth::workloads {

// The pod-template-hash of a template and the controller-revision-hash of a revision: FNV-32a of the value, whatever the order
// of its members, written in letters that make no words. Another collision count, another hash.
std::string value_hash(const Value& value, std::optional<std::int64_t> collision_count);

// Five letters for the `ordinal`th child that an object makes at a revision of it. The same step makes the same names; a later
// one makes others, so that what replaces a child is not called like it.
std::string name_suffix(std::string_view uid, std::uint64_t revision, std::uint32_t ordinal);
// What a generated name is made of, cut so that it fits with its suffix.
std::string generated_name(std::string_view prefix, std::string_view suffix);

}  // namespace plinth::workloads
