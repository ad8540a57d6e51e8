#include "api/schema.h"

#include "api/field_slots.h"

namespace plinth::api {
namespace {

// Names differ within a few bytes, so that a loop here is faster than a call of memcmp.
int compare(std::string_view a, std::string_view b) {
  const std::size_t n = a.size() < b.size() ? a.size() : b.size();
  for (std::size_t i = 0; i < n; ++i) {
    if (a[i] != b[i]) return static_cast<unsigned char>(a[i]) < static_cast<unsigned char>(b[i]) ? -1 : 1;
  }
  return a.size() == b.size() ? 0 : a.size() < b.size() ? -1 : 1;
}

}  // namespace

const Field* Schema::field(std::string_view name) const {
  if (!slots.empty()) {
    const std::size_t mask = slots.size() - 1;
    for (std::size_t at = field_slot_hash(name) & mask; slots[at] != kFreeSlot; at = (at + 1) & mask) {
      if (fields[slots[at]].name == name) return &fields[slots[at]];
    }
    return nullptr;
  }
  const Field* low = fields.data();
  const Field* high = low + fields.size();
  while (low != high) {
    const Field* middle = low + (high - low) / 2;
    const int order = compare(name, middle->name);
    if (order == 0) return middle;
    if (order < 0) high = middle;
    else low = middle + 1;
  }
  return nullptr;
}

}  // namespace plinth::api
