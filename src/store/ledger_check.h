// Whether a transaction's reservations fit, before anything is changed.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "store/state.h"

namespace plinth::store {

struct LedgerPlan {
  std::vector<LedgerEntryPtr> entries;  // the new values, in order
  std::optional<std::size_t> failed;    // index of the reservation that does not fit; then nothing may be applied
};
LedgerPlan plan_reservations(const State& state, const std::vector<Reservation>& reservations);

}  // namespace plinth::store
