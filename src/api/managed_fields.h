// metadata.managedFields: who owns which fields of an object, since which version and when.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/field_set.h"
#include "base/result.h"
#include "base/value.h"

namespace plinth::api {

struct Schema;

inline constexpr std::size_t kUpdateManagersMax = 10;  // older ones are merged into "ancient-changes", one for each apiVersion

enum class ManagedOperation : std::uint8_t { kApply, kUpdate };

// Texts and path elements are views; the ManagedFields that holds the entry keeps their storage.
struct ManagedEntry {
  std::string_view manager;
  ManagedOperation operation = ManagedOperation::kUpdate;
  std::string_view api_version;
  std::string_view subresource;
  std::optional<std::int64_t> time_s;  // Unix seconds
  FieldSet fields;

  // An applier is one manager whatever version it applies; an updater is one for each version.
  bool same_identity(const ManagedEntry& other) const;
  // The identity as upstream writes it (a JSON object); it decides orders.
  std::string identity() const;
  // As conflicts name it: `"kubectl" with subresource "status" using apps/v1`.
  std::string text() const;
};

// The entries of one object. Readable by any thread once nobody changes it.
class ManagedFields {
 public:
  ManagedFields();
  ManagedFields(ManagedFields&&) = default;
  ManagedFields& operator=(ManagedFields&&) = default;
  // An array of ManagedFieldsEntry, or null. Errors are BadRequest in the words of upstream.
  static Result<ManagedFields> parse(const Document& entries);
  static Result<ManagedFields> parse_json(std::string_view text);  // empty text: no entries
  // The same entries with storage of their own for what comes, so that the original can be shared.
  ManagedFields derive() const;
  // [] and [{}] in a request ask for tracking to begin anew.
  static bool is_reset(const Value& entries);

  bool empty() const { return entries_.empty(); }
  const std::vector<ManagedEntry>& entries() const { return entries_; }
  std::vector<ManagedEntry>& entries() { return entries_; }
  ManagedEntry* find(const ManagedEntry& identity);
  void erase_empty();
  // Brings the entries into the order in which they are stored: operation, time, manager, apiVersion, subresource.
  void sort();
  // Merges the oldest updaters until no more than kUpdateManagersMax are left.
  void limit_updaters();
  // Same entries, times aside: such a write changes nothing and keeps the old entries.
  bool same_but_times(const ManagedFields& other) const;

  // Same entries in the same order, times included.
  bool same_as(const ManagedFields& other) const;
  // The same entries with all that they refer to in storage of their own, so that they keep nothing else alive.
  ManagedFields compact() const;
  // Of memory, what is kept alive included as far as it is the entries' own.
  std::size_t bytes() const;

  // A JSON array; "[]" when there are no entries.
  void append_json(std::string& out) const;
  std::string to_json() const;

  // The built-in schema that all entries were last adapted to (reconcile_set), so that it need not be done again; null: not
  // known.
  const Schema* adapted_to() const { return adapted_to_; }
  void set_adapted_to(const Schema* schema) { adapted_to_ = schema; }

  // Storage that lives as long as the entries.
  Arena& arena() { return *arena_; }
  void retain(const Document& document) { arena_->retain(document.arena()); }
  void retain(const ManagedFields& other) { arena_->retain(other.arena_); }

 private:
  std::shared_ptr<Arena> arena_;
  std::vector<ManagedEntry> entries_;
  const Schema* adapted_to_ = nullptr;
};

}  // namespace plinth::api
