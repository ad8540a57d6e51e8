#include "api/schema.h"

#include "api/field_slots.h"
#include "base/short_text.h"

namespace plinth::api {

const Field* Schema::field(std::string_view name) const {
  if (!slots.empty()) {
    const std::size_t mask = slots.size() - 1;
    for (std::size_t at = field_slot_hash(name) & mask; slots[at] != kFreeSlot; at = (at + 1) & mask) {
      if (same_text(fields[slots[at]].name, name)) return &fields[slots[at]];
    }
    return nullptr;
  }
  const Field* low = fields.data();
  const Field* high = low + fields.size();
  while (low != high) {
    const Field* middle = low + (high - low) / 2;
    const int order = compare_text(name, middle->name);
    if (order == 0) return middle;
    if (order < 0)
      high = middle;
    else
      low = middle + 1;
  }
  return nullptr;
}

}  // namespace plinth::api
