// What the store's writer keeps about ResourceQuotas, so that it can refuse without reading anything:
//
//   ledger "quota-epoch"  name NAMESPACE   how often its quotas changed; every write that counts relies on it (kExpect)
//   ledger "quota/UID"    name RESOURCE    how much is used, in ledger_units()
//   ledger "quota/UID"    name ":measured" how often that was measured; 0: what was there before the quota is not counted in
//   yet
//
// From the commit of a quota on every write of something it counts adds to its counters, atomically with the object. What a
// counter lacks of a recount over the same snapshot therefore stays the same until somebody adds it: measuring commutes with
// all other writes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/function.h"
#include "base/result.h"
#include "base/value.h"
#include "server/context.h"
#include "server/kind_registry.h"
#include "store/store.h"

namespace plinth::server {

inline constexpr std::string_view kQuotaEpochs = "quota-epoch";
inline constexpr std::string_view kQuotaMeasured = ":measured";

class QuotaLedger {
 public:
  // `quota` is the whole object.
  QuotaLedger(const store::Snapshot& snapshot, const Value& quota);
  bool is_measured() const { return snapshot_.counter(ledger_, kQuotaMeasured) != 0; }
  std::int64_t used(std::string_view resource) const { return snapshot_.counter(ledger_, resource); }
  // Whether the counters say what the quota's status says.
  bool agrees_with_status() const;

  store::Reservation add(std::string_view resource, std::int64_t units, std::int64_t limit) const;
  // All counters to 0, those of `other`'s resources too (the quota before a change).
  void reset(const Value& other, std::vector<store::Reservation>& out) const;
  // What a recount finds more or less than the counters say. Holds if nobody else measured meanwhile.
  Result<void> measure(const KindTable& kinds, std::int64_t now_s, std::vector<store::Reservation>& out) const;

 private:
  const store::Snapshot& snapshot_;
  const Value quota_;
  const std::string ledger_;
};

store::Reservation expect_epoch(const store::Snapshot& snapshot, std::string_view name_space);
store::Reservation next_epoch(std::string_view name_space);

// For the start: quotas that were stored without counters get them. Commits one quota at a time; `done` runs on `loop`.
void repair_quotas(ServerContext& context, Loop& loop, UniqueFunction<void(Result<void>)> done);

}  // namespace plinth::server
