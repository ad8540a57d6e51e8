#include <map>

#include "api/strategies/strategy.h"
#include "server/object_codec.h"
#include "server/write/allocation.h"

namespace plinth::server {
namespace {

using Owners = std::map<std::pair<std::string, std::string>, std::string>;  // ledger and name -> uid

void collect(const api::KindRow& row, const api::Allocator& allocator, const store::Snapshot& snapshot, Owners& wanted) {
  snapshot.scan(kind_prefix(row), "", [&](const store::RecordPtr& record) {
    auto object = decode_record(*record, "", false);
    if (!object.ok()) return true;
    for (const api::Claim& claim : allocator.claims(object->root())) {
      wanted.try_emplace({std::string(claim.ledger), claim.name}, record->uid());
    }
    return true;
  });
}

// What must change in one ledger.
void compare(const std::string& ledger, const store::Snapshot& snapshot, const Owners& wanted,
             std::vector<store::Reservation>& out) {
  using Kind = store::Reservation::Kind;
  snapshot.claims(ledger, [&](std::string_view name, std::string_view owner) {
    const auto found = wanted.find({ledger, std::string(name)});
    if (found == wanted.end() || found->second != owner)
      out.push_back({Kind::kRelease, ledger, std::string(name), std::string(owner)});
    return true;
  });
  for (auto it = wanted.lower_bound({ledger, ""}); it != wanted.end() && it->first.first == ledger; ++it) {
    const auto owner = snapshot.claim_owner(ledger, it->first.second);
    if (!owner || *owner != it->second) out.push_back({Kind::kClaim, ledger, it->first.second, it->second});
  }
}

std::vector<store::Reservation> plan_repair(const store::Snapshot& snapshot) {
  std::vector<store::Reservation> out;
  Owners wanted;
  std::vector<std::string_view> ledgers;
  for (const api::KindRow& row : api::builtin_kinds()) {
    const api::Strategy* strategy = api::find_strategy(row.group, row.kind);
    if (strategy == nullptr || strategy->allocator == nullptr) continue;
    collect(row, *strategy->allocator, snapshot, wanted);
    for (const std::string_view ledger : strategy->allocator->ledgers()) ledgers.push_back(ledger);
  }
  for (const std::string_view ledger : ledgers) compare(std::string(ledger), snapshot, wanted, out);
  return out;
}

class Repair : public std::enable_shared_from_this<Repair> {
 public:
  Repair(store::Store& store, Loop& loop, std::vector<store::Reservation> left, UniqueFunction<void(Result<void>)> done)
      : store_(store), loop_(loop), left_(std::move(left)), done_(std::move(done)) {}

  void next() {
    constexpr std::size_t kTogether = 256;
    if (left_.empty()) return done_(Result<void>());
    store::Transaction transaction;
    const std::size_t count = std::min(kTogether, left_.size());
    transaction.reservations.assign(std::make_move_iterator(left_.begin()),
                                    std::make_move_iterator(left_.begin() + static_cast<std::ptrdiff_t>(count)));
    left_.erase(left_.begin(), left_.begin() + static_cast<std::ptrdiff_t>(count));
    store_.commit(std::move(transaction), loop_, [self = shared_from_this()](store::CommitOutcome outcome) {
      if (outcome.kind == store::CommitOutcome::Kind::kCommitted) return self->next();
      if (outcome.error) return self->done_(Result<void>(std::move(*outcome.error)));
      self->done_(internal_error("the claims of addresses and ports changed while they were repaired"));
    });
  }

 private:
  store::Store& store_;
  Loop& loop_;
  std::vector<store::Reservation> left_;
  UniqueFunction<void(Result<void>)> done_;
};

}  // namespace

void repair_claims(ServerContext& context, Loop& loop, UniqueFunction<void(Result<void>)> done) {
  std::make_shared<Repair>(*context.store, loop, plan_repair(*context.store->snapshot()), std::move(done))->next();
}

}  // namespace plinth::server
