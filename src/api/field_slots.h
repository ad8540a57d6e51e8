// A hash table over the fields of a schema, made at compile time for built-in kinds: decoding looks up every member of an
// object.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <span>
#include <string_view>

#include "api/schema.h"

namespace plinth::api {

inline constexpr std::uint8_t kFreeSlot = 255;
inline constexpr std::size_t kSlotFieldsMin = 4;    // below, a search is as fast
inline constexpr std::size_t kSlotFieldsMax = 127;  // above, positions do not fit

constexpr std::uint32_t field_slot_hash(std::string_view name) {
  if (name.empty()) return 0;
  const auto at = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(name[i])); };
  const std::uint32_t h = (static_cast<std::uint32_t>(name.size()) * 0x9e3779b1u) ^ (at(0) * 0x85ebca6bu) ^
                          (at(name.size() - 1) * 0xc2b2ae35u) ^ (at(name.size() / 2) * 0x27d4eb2fu);
  return h ^ (h >> 15);
}

// A power of two, at most half full.
constexpr std::size_t slot_count(std::size_t fields) { return std::bit_ceil(fields * 2); }

// `slots` has slot_count() elements.
constexpr void fill_slots(std::span<const Field> fields, std::span<std::uint8_t> slots) {
  for (std::uint8_t& slot : slots) slot = kFreeSlot;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    std::size_t at = field_slot_hash(fields[i].name) & (slots.size() - 1);
    while (slots[at] != kFreeSlot) at = (at + 1) & (slots.size() - 1);
    slots[at] = static_cast<std::uint8_t>(i);
  }
}

template <std::size_t N>
constexpr auto make_slots(const Field (&fields)[N]) {
  std::array<std::uint8_t, slot_count(N)> out{};
  fill_slots(fields, out);
  return out;
}

}  // namespace plinth::api
