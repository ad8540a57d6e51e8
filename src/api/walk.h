// Helpers for code that walks a document along a schema: where it is, and copy on write of what it changes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/value.h"

namespace plinth::api {

// A step from the root of a walk; lives on the stack, made into text only when something has to be said about it.
struct PathStep {
  enum class Kind : std::uint8_t { kRoot, kField, kKey, kIndex };
  const PathStep* parent = nullptr;
  Kind kind = Kind::kRoot;
  std::string_view name;
  std::size_t at = 0;

  static PathStep root(std::string_view name = "") { return {nullptr, Kind::kRoot, name, 0}; }
  PathStep field(std::string_view step) const { return {this, Kind::kField, step, 0}; }
  PathStep key(std::string_view step) const { return {this, Kind::kKey, step, 0}; }
  PathStep index(std::size_t i) const { return {this, Kind::kIndex, {}, i}; }

  // spec.labels[a/b].list[0]: as field errors say it.
  std::string text() const;
  // spec.labels.a/b.list[0]: as strict decoding says it.
  std::string strict_text() const;
  // spec.labels.list: as errors of Go's JSON decoder say it (fields only).
  std::string go_text() const;
};

// Whether a list's or object's storage is of that arena, so that nobody but the author of its document made or changed it.
bool is_stored_in(const Value& value, const Arena* arena);

// Changes to one list or object, made to a copy of it when the first change comes.
class Rewrite {
 public:
  Rewrite(Draft& draft, const Value& in) : draft_(draft), out_(in) {}
  // The new value of item or member `i`.
  void set(std::size_t i, const Value& v);
  void drop(std::size_t i);
  bool dropped(std::size_t i) const { return i < drop_.size() && drop_[i]; }
  // Appends a member that is not there yet. Positions of others stay.
  void add(std::string_view key, const Value& v);
  bool changed() const { return changed_ || !drop_.empty(); }
  // Whether anything changed; `out` is the result then. Once, at the end.
  bool finish(Value& out);

 private:
  Draft& draft_;
  Value out_;
  bool changed_ = false;
  std::vector<bool> drop_;
};

}  // namespace plinth::api
