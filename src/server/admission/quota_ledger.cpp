#include "server/admission/quota_ledger.h"

#include <deque>
#include <limits>
#include <memory>

#include "api/quota/quota.h"
#include "server/object_codec.h"

namespace plinth::server {
namespace {

using Kind = store::Reservation::Kind;

constexpr std::int64_t kNoLimit = std::numeric_limits<std::int64_t>::max();

class StoredContents final : public api::NamespaceContents {
 public:
  StoredContents(const store::Snapshot& snapshot, const KindTable& kinds, std::string_view name_space)
      : snapshot_(snapshot), table_(kinds), name_space_(name_space) {}

  std::vector<api::CountedKind> kinds() const override {
    std::vector<api::CountedKind> out;
    for (const ResolvedKind& kind : table_.rows()) {
      if (kind.row->stored && kind.row->scope == api::Scope::kNamespaced) out.push_back({kind.row->group, kind.row->plural});
    }
    return out;
  }
  std::size_t count(const api::CountedKind& kind) const override { return snapshot_.count(prefix(kind)); }
  Result<void> visit(const api::CountedKind& kind, const std::function<Result<void>(const Value&)>& each) const override {
    Result<void> outcome;
    snapshot_.scan(prefix(kind), "", [&](const store::RecordPtr& record) {
      auto object = decode_record(*record, "", false);
      outcome = object.ok() ? each(object->root()) : Result<void>(std::move(object).error());
      return outcome.ok();
    });
    return outcome;
  }

 private:
  std::string prefix(const api::CountedKind& kind) const {
    for (const ResolvedKind& row : table_.rows()) {
      if (row.row->group == kind.group && row.row->plural == kind.plural) return namespace_prefix(*row.row, name_space_);
    }
    return "";
  }
  const store::Snapshot& snapshot_;
  const KindTable& table_;
  const std::string_view name_space_;
};

}  // namespace

QuotaLedger::QuotaLedger(const store::Snapshot& snapshot, const Value& quota)
    : snapshot_(snapshot), quota_(quota), ledger_("quota/" + std::string(quota["metadata"]["uid"].as_string())) {}

bool QuotaLedger::agrees_with_status() const {
  const Value used = quota_["status"]["used"];
  for (const Member& member : quota_["spec"]["hard"].members()) {
    const Value* said = used.find(member.key());
    auto amount = said != nullptr ? api::Quantity::parse(said->as_string()) : api::Quantity();
    if (!amount.ok() || api::ledger_units(member.key(), *amount) != this->used(member.key())) return false;
  }
  return true;
}

store::Reservation QuotaLedger::add(std::string_view resource, std::int64_t units, std::int64_t limit) const {
  return {Kind::kAddBounded, ledger_, std::string(resource), "", units, limit};
}

void QuotaLedger::reset(const Value& other, std::vector<store::Reservation>& out) const {
  for (const Value& hard : {quota_["spec"]["hard"], other["spec"]["hard"]}) {
    for (const Member& member : hard.members()) out.push_back({Kind::kReset, ledger_, std::string(member.key())});
  }
  out.push_back({Kind::kReset, ledger_, std::string(kQuotaMeasured)});
}

Result<void> QuotaLedger::measure(const KindTable& kinds, std::int64_t now_s, std::vector<store::Reservation>& out) const {
  const StoredContents contents(snapshot_, kinds, quota_["metadata"]["namespace"].as_string());
  const api::Recount recount = TRY(api::recount(quota_["spec"], contents, now_s));
  out.push_back({Kind::kExpect, ledger_, std::string(kQuotaMeasured), "", snapshot_.counter(ledger_, kQuotaMeasured)});
  for (const auto& [resource, amount] : recount.used) {
    const std::int64_t missing = api::ledger_units(resource, amount) - used(resource);
    if (missing != 0) out.push_back(add(resource, missing, kNoLimit));
  }
  out.push_back(add(kQuotaMeasured, 1, kNoLimit));
  return {};
}

store::Reservation expect_epoch(const store::Snapshot& snapshot, std::string_view name_space) {
  return {Kind::kExpect, std::string(kQuotaEpochs), std::string(name_space), "", snapshot.counter(kQuotaEpochs, name_space)};
}

store::Reservation next_epoch(std::string_view name_space) {
  return {Kind::kAddBounded, std::string(kQuotaEpochs), std::string(name_space), "", 1, kNoLimit};
}

namespace {

class QuotaRepair : public std::enable_shared_from_this<QuotaRepair> {
 public:
  QuotaRepair(ServerContext& context, Loop& loop, UniqueFunction<void(Result<void>)> done)
      : context_(context), loop_(loop), done_(std::move(done)) {
    context.store->snapshot()->scan("/core/resourcequotas/", "", [&](const store::RecordPtr& record) {
      keys_.emplace_back(record->key());
      return true;
    });
  }

  void next() {
    while (!keys_.empty()) {
      const std::string key = std::move(keys_.front());
      keys_.pop_front();
      auto transaction = prepare(key);
      if (!transaction.ok()) return done_(std::move(transaction).error());
      if (transaction->reservations.empty()) continue;
      context_.store->commit(std::move(*transaction), loop_, [self = shared_from_this()](store::CommitOutcome outcome) {
        if (outcome.error) return self->done_(std::move(*outcome.error));
        self->next();
      });
      return;
    }
    done_(Result<void>());
  }

 private:
  Result<store::Transaction> prepare(const std::string& key) {
    store::Transaction out;
    const store::SnapshotPtr snapshot = context_.store->snapshot();
    const store::RecordPtr record = snapshot->get(key);
    if (record == nullptr) return out;
    const Document quota = TRY(decode_record(*record, "", false));
    const QuotaLedger ledger(*snapshot, quota.root());
    if (snapshot->counter(kQuotaEpochs, key_namespace(key)) == 0) out.reservations.push_back(next_epoch(key_namespace(key)));
    if (!ledger.is_measured()) TRY(ledger.measure(*context_.registry->table(), context_.now_s(), out.reservations));
    return out;
  }

  ServerContext& context_;
  Loop& loop_;
  UniqueFunction<void(Result<void>)> done_;
  std::deque<std::string> keys_;
};

}  // namespace

void repair_quotas(ServerContext& context, Loop& loop, UniqueFunction<void(Result<void>)> done) {
  std::make_shared<QuotaRepair>(context, loop, std::move(done))->next();
}

}  // namespace plinth::server
