// Everything the store holds at one revision: the objects by key, their indexes, and the ledgers.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "store/store.h"
#include "store/tree.h"

namespace plinth::store {

// One counter or claim. `id` is the ledger's name, a zero byte, and the name in it.
struct LedgerEntry {
  std::string id;
  bool claim = false;
  std::int64_t amount = 0;
  std::string owner;
};
using LedgerEntryPtr = std::shared_ptr<const LedgerEntry>;
std::string ledger_id(std::string_view ledger, std::string_view name);

// Copying is cheap (shared trees). The writer changes its own copy; freeze() before handing one out.
class State {
 public:
  Revision revision = 0;

  RecordPtr find(std::string_view key) const;
  // The record replaced or removed, if any. Indexes and sizes follow.
  RecordPtr put(RecordPtr record);
  RecordPtr erase(std::string_view key);
  void set_ledger(LedgerEntryPtr entry);  // a counter of 0 and a claim without owner are removed
  const LedgerEntry* find_ledger(std::string_view id) const;
  void freeze();
  // From now on, for what is there already and what comes, of keys with one of these prefixes.
  void index_labels(std::vector<std::string> prefixes);
  bool indexes_labels(std::string_view key) const;

  RecordPtr by_uid(std::string_view uid) const;
  std::uint64_t bytes() const { return bytes_; }
  struct RecordKey {
    std::string_view operator()(const RecordPtr& record) const { return record->key(); }
  };
  struct TextKey {
    std::string_view operator()(const Text& text) const { return text.view(); }
  };
  struct LedgerKey {
    std::string_view operator()(const LedgerEntryPtr& entry) const { return entry->id; }
  };
  const Tree<RecordPtr, RecordKey>& objects() const { return objects_; }
  const Tree<LedgerEntryPtr, LedgerKey>& ledgers() const { return ledgers_; }
  using UidTree = Tree<Text, TextKey, 16>;
  const UidTree& owners() const { return owners_; }
  using LabelTree = Tree<Text, TextKey, 16>;
  const LabelTree& labels() const { return labels_; }

 private:
  void index(const Record* before, const Record* after);
  void index_labels_of(const Record* before, const Record* after);

  Tree<RecordPtr, RecordKey> objects_;
  UidTree uids_;                                                    // uid, zero byte, key
  UidTree owners_;                                                  // owner's uid, zero byte, key
  LabelTree labels_;                                                // label, zero byte, value, zero byte, key
  std::shared_ptr<const std::vector<std::string>> label_prefixes_;  // null: labels are not indexed
  Tree<LedgerEntryPtr, LedgerKey> ledgers_;
  std::uint64_t bytes_ = 0;
};

class StateSnapshot final : public Snapshot {
 public:
  explicit StateSnapshot(State state) : state_(std::move(state)) {}
  const State& state() const { return state_; }

  Revision revision() const override { return state_.revision; }
  RecordPtr get(std::string_view key) const override { return state_.find(key); }
  void scan(std::string_view prefix, std::string_view start, const std::function<bool(const RecordPtr&)>& visit) const override;
  std::size_t count(std::string_view prefix) const override { return count_from(prefix, prefix); }
  std::size_t count_from(std::string_view prefix, std::string_view start) const override;
  RecordPtr by_uid(std::string_view uid) const override { return state_.by_uid(uid); }
  void owned_by(std::string_view owner_uid, const std::function<bool(const RecordPtr&)>& visit) const override;
  bool indexes_labels(std::string_view prefix) const override { return state_.indexes_labels(prefix); }
  void labelled(std::string_view label, std::string_view value, std::string_view prefix,
                const std::function<bool(const RecordPtr&)>& visit) const override;
  std::size_t count_labelled(std::string_view label, std::string_view value, std::string_view prefix) const override;
  std::size_t object_count() const override { return state_.objects().size(); }
  std::uint64_t object_bytes() const override { return state_.bytes(); }
  std::int64_t counter(std::string_view ledger, std::string_view name) const override;
  std::optional<std::string> claim_owner(std::string_view ledger, std::string_view name) const override;
  void claims(std::string_view ledger,
              const std::function<bool(std::string_view name, std::string_view owner)>& visit) const override;

 private:
  const State state_;
};
using StateSnapshotPtr = std::shared_ptr<const StateSnapshot>;

}  // namespace plinth::store
