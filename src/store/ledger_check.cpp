#include "store/ledger_check.h"

namespace plinth::store {
namespace {

// A plan changes few entries, so looking through it is quicker than a map.
const LedgerEntry* current(const State& state, const LedgerPlan& plan, const std::string& id) {
  for (auto it = plan.entries.rbegin(); it != plan.entries.rend(); ++it) {
    if ((*it)->id == id) return it->get();
  }
  return state.find_ledger(id);
}

// The entry after the reservation; nothing when it does not fit.
std::optional<LedgerEntry> applied(const LedgerEntry* before, const Reservation& reservation, std::string id) {
  LedgerEntry after = before != nullptr ? *before : LedgerEntry{std::move(id)};
  switch (reservation.kind) {
    case Reservation::Kind::kAddBounded: {
      if (__builtin_add_overflow(after.amount, reservation.amount, &after.amount)) return {};
      const bool fits = reservation.amount <= 0 || after.amount <= reservation.limit;
      if (!fits) return {};
      return after;
    }
    case Reservation::Kind::kClaim:
      if (after.claim && !after.owner.empty() && after.owner != reservation.owner) return {};
      after.claim = true;
      after.owner = reservation.owner;
      return after;
    case Reservation::Kind::kRelease:
      if (after.claim && after.owner == reservation.owner) after.owner.clear();
      after.claim = true;
      return after;
    case Reservation::Kind::kReset:
      after.amount = 0;
      return after;
    case Reservation::Kind::kExpect:
      if (after.amount != reservation.amount) return {};
      return after;
  }
  return {};
}

}  // namespace

LedgerPlan plan_reservations(const State& state, const std::vector<Reservation>& reservations) {
  LedgerPlan plan;
  for (std::size_t i = 0; i < reservations.size(); ++i) {
    std::string id = ledger_id(reservations[i].ledger, reservations[i].name);
    const LedgerEntry* before = current(state, plan, id);
    auto after = applied(before, reservations[i], std::move(id));
    if (!after) {
      plan.failed = i;
      return plan;
    }
    if (reservations[i].kind == Reservation::Kind::kExpect) continue;
    plan.entries.push_back(std::make_shared<const LedgerEntry>(std::move(*after)));
  }
  return plan;
}

}  // namespace plinth::store
