// Objects and transactions for the store's tests.
#pragma once

#include <charconv>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "store/store.h"
#include "store/test_world.h"

namespace plinth::store {

// Fills in a body around `text`; the rest of `object` is kept.
inline EncodedObject make_object(const std::string& text, EncodedObject object = {}) {
  object.body = "\"data\":\"" + text + "\",";
  object.metadata_offset = static_cast<std::uint32_t>(object.body.size());
  object.body += "\"metadata\":{\"resourceVersion\":";
  object.revision_slot = static_cast<std::uint32_t>(object.body.size());
  object.body += std::string(kRevisionSlotBytes, ' ');
  object.managed_fields_cut = static_cast<std::uint32_t>(object.body.size());
  object.body += "}}";
  return object;
}

inline std::string text_of(const Record& record) {
  const std::string_view body = record.body();
  return std::string(body.substr(8, record.metadata_offset() - 10));
}

inline Revision revision_in_body(const Record& record) {
  const std::string_view slot = record.body().substr(record.revision_slot(), kRevisionSlotBytes);
  Revision revision = 0;
  if (slot.front() != '"') return 0;
  const auto end = std::from_chars(slot.data() + 1, slot.data() + slot.size(), revision);
  const std::string_view rest = slot.substr(static_cast<std::size_t>(end.ptr - slot.data()));
  const bool padded = rest.front() == '"' && rest.find_first_not_of(' ', 1) == std::string_view::npos;
  return padded ? revision : 0;
}

inline Transaction put_transaction(const std::string& key, const std::string& text, EncodedObject object = {}) {
  Transaction transaction;
  transaction.writes.push_back(Write{key, make_object(text, std::move(object)), {}});
  return transaction;
}

inline Transaction delete_transaction(const std::string& key) {
  Transaction transaction;
  transaction.preconditions.push_back({Precondition::Kind::kExists, key});
  transaction.writes.push_back(Write{key, {}, {}});
  return transaction;
}

// Commits and runs the loop until the outcome is there.
inline CommitOutcome commit_now(Store& store, TestLoop& loop, Transaction transaction) {
  std::optional<CommitOutcome> result;
  store.commit(std::move(transaction), loop, [&](CommitOutcome outcome) { result = std::move(outcome); });
  while (!result && loop.run_one()) {
  }
  return std::move(result).value();
}

}  // namespace plinth::store
