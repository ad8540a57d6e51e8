#include "store/state.h"

#include <algorithm>

namespace plinth::store {
namespace {

bool starts_with(std::string_view text, std::string_view prefix) { return text.substr(0, prefix.size()) == prefix; }

std::string joined(std::string_view first, std::string_view second) {
  std::string out;
  out.reserve(first.size() + 1 + second.size());
  out += first;
  out += '\0';
  out += second;
  return out;
}

bool same_owners(const Record& a, const Record& b) {
  const TextList x = a.owner_uids(), y = b.owner_uids();
  return x.size() == y.size() && std::equal(x.begin(), x.end(), y.begin());
}

bool same_labels(const Record& a, const Record& b) {
  const PairList x = a.labels(), y = b.labels();
  return x.size() == y.size() && std::equal(x.begin(), x.end(), y.begin());
}

std::string label_place(std::string_view label, std::string_view value, std::string_view key) {
  return joined(joined(label, value), key);
}

}  // namespace

std::string ledger_id(std::string_view ledger, std::string_view name) { return joined(ledger, name); }

RecordPtr State::find(std::string_view key) const {
  const RecordPtr* found = objects_.find(key);
  return found != nullptr ? *found : nullptr;
}

void State::index(const Record* before, const Record* after) {
  const bool both = before != nullptr && after != nullptr;
  if (!both || before->uid() != after->uid()) {
    if (before != nullptr && !before->uid().empty()) uids_.erase(joined(before->uid(), before->key()));
    if (after != nullptr && !after->uid().empty()) uids_.put(Text(joined(after->uid(), after->key())));
  }
  index_labels_of(before, after);
  if (both && same_owners(*before, *after)) return;
  if (before != nullptr) {
    for (const std::string_view owner : before->owner_uids()) owners_.erase(joined(owner, before->key()));
  }
  if (after != nullptr) {
    for (const std::string_view owner : after->owner_uids()) owners_.put(Text(joined(owner, after->key())));
  }
}

void State::index_labels_of(const Record* before, const Record* after) {
  if (!indexes_labels(after != nullptr ? after->key() : before->key())) return;
  if (before != nullptr && after != nullptr && same_labels(*before, *after)) return;
  if (before != nullptr) {
    for (const auto& [label, value] : before->labels()) labels_.erase(label_place(label, value, before->key()));
  }
  if (after != nullptr) {
    for (const auto& [label, value] : after->labels()) labels_.put(Text(label_place(label, value, after->key())));
  }
}

void State::index_labels(std::vector<std::string> prefixes) {
  label_prefixes_ = std::make_shared<const std::vector<std::string>>(std::move(prefixes));
  labels_ = LabelTree();
  for (const std::string& prefix : *label_prefixes_) {
    objects_.visit_from(prefix, [&](const RecordPtr& record) {
      if (!starts_with(record->key(), prefix)) return false;
      index_labels_of(nullptr, record.get());
      return true;
    });
  }
}

bool State::indexes_labels(std::string_view key) const {
  if (label_prefixes_ == nullptr) return false;
  return std::any_of(label_prefixes_->begin(), label_prefixes_->end(),
                     [&](const std::string& prefix) { return starts_with(key, prefix); });
}

RecordPtr State::put(RecordPtr record) {
  bytes_ += record->bytes().size();
  const Record* after = record.get();
  RecordPtr replaced = objects_.put(std::move(record)).value_or(nullptr);
  if (replaced != nullptr) bytes_ -= replaced->bytes().size();
  index(replaced.get(), after);
  return replaced;
}

RecordPtr State::erase(std::string_view key) {
  RecordPtr removed = objects_.erase(key).value_or(nullptr);
  if (removed == nullptr) return nullptr;
  bytes_ -= removed->bytes().size();
  index(removed.get(), nullptr);
  return removed;
}

void State::set_ledger(LedgerEntryPtr entry) {
  const bool empty = entry->claim ? entry->owner.empty() : entry->amount == 0;
  if (empty)
    ledgers_.erase(entry->id);
  else
    ledgers_.put(std::move(entry));
}

const LedgerEntry* State::find_ledger(std::string_view id) const {
  const LedgerEntryPtr* found = ledgers_.find(id);
  return found != nullptr ? found->get() : nullptr;
}

void State::freeze() {
  objects_.freeze();
  uids_.freeze();
  owners_.freeze();
  labels_.freeze();
  ledgers_.freeze();
}

RecordPtr State::by_uid(std::string_view uid) const {
  const std::string start = joined(uid, "");
  RecordPtr found;
  uids_.visit_from(start, [&](const Text& text) {
    if (starts_with(text.view(), start)) found = find(text.view().substr(start.size()));
    return false;
  });
  return found;
}

void StateSnapshot::scan(std::string_view prefix, std::string_view start,
                         const std::function<bool(const RecordPtr&)>& visit) const {
  state_.objects().visit_from(std::max(prefix, start),
                              [&](const RecordPtr& record) { return starts_with(record->key(), prefix) && visit(record); });
}

std::size_t StateSnapshot::count_from(std::string_view prefix, std::string_view start) const {
  const std::string end = prefix_end(prefix);
  const std::size_t below = end.empty() ? state_.objects().size() : state_.objects().rank(end);
  const std::size_t before = state_.objects().rank(start);
  return below > before ? below - before : 0;
}

void StateSnapshot::owned_by(std::string_view owner_uid, const std::function<bool(const RecordPtr&)>& visit) const {
  const std::string start = joined(owner_uid, "");
  state_.owners().visit_from(start, [&](const Text& text) {
    return starts_with(text.view(), start) && visit(state_.find(text.view().substr(start.size())));
  });
}

void StateSnapshot::labelled(std::string_view label, std::string_view value, std::string_view prefix,
                             const std::function<bool(const RecordPtr&)>& visit) const {
  const std::size_t key_at = label.size() + value.size() + 2;
  const std::string start = label_place(label, value, prefix);
  state_.labels().visit_from(start, [&](const Text& text) {
    return starts_with(text.view(), start) && visit(state_.find(text.view().substr(key_at)));
  });
}

std::size_t StateSnapshot::count_labelled(std::string_view label, std::string_view value, std::string_view prefix) const {
  const std::string start = label_place(label, value, prefix);
  return state_.labels().rank(prefix_end(start)) - state_.labels().rank(start);
}

std::int64_t StateSnapshot::counter(std::string_view ledger, std::string_view name) const {
  const LedgerEntry* entry = state_.find_ledger(ledger_id(ledger, name));
  return entry != nullptr ? entry->amount : 0;
}

std::optional<std::string> StateSnapshot::claim_owner(std::string_view ledger, std::string_view name) const {
  const LedgerEntry* entry = state_.find_ledger(ledger_id(ledger, name));
  if (entry == nullptr || !entry->claim) return {};
  return entry->owner;
}

void StateSnapshot::claims(std::string_view ledger,
                           const std::function<bool(std::string_view name, std::string_view owner)>& visit) const {
  const std::string start = ledger_id(ledger, "");
  state_.ledgers().visit_from(start, [&](const LedgerEntryPtr& entry) {
    if (!starts_with(entry->id, start)) return false;
    return !entry->claim || visit(std::string_view(entry->id).substr(start.size()), entry->owner);
  });
}

}  // namespace plinth::store
