// One step of a path into an object, as field ownership names it: .field, [key="x"], [="x"] or [3].
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/value.h"

namespace plinth::api {

enum class PathKind : std::uint8_t { kField, kKey, kValue, kIndex };

// A field of an associative list's key. The fields of a key are sorted by name.
struct KeyField {
  std::string_view name;
  Value value;
};

// A view of 16 bytes: names, keys and values belong to an arena, a document or static storage, which must outlive it.
class PathElement {
 public:
  PathElement() : PathElement(field({})) {}
  static PathElement field(std::string_view name) {
    PathElement e(PathKind::kField, static_cast<std::uint32_t>(name.size()));
    e.text_ = name.data();
    return e;
  }
  static PathElement key(std::span<const KeyField> fields) {
    PathElement e(PathKind::kKey, static_cast<std::uint32_t>(fields.size()));
    e.fields_ = fields.data();
    return e;
  }
  static PathElement value(const Value* value) {
    PathElement e(PathKind::kValue, 0);
    e.value_ = value;
    return e;
  }
  static PathElement index(std::int64_t index) {
    PathElement e(PathKind::kIndex, 0);
    e.index_ = index;
    return e;
  }
  // From the form that FieldsV1 uses as object keys (`f:name`, `k:{"name":"x"}`, `v:"x"`, `i:3`). `text` must outlive the
  // element.
  enum class Parsed : std::uint8_t { kElement, kUnknownKind, kError };
  static Parsed parse(std::string_view text, Arena& arena, PathElement& out);

  // The same element with its text or values in `arena`.
  PathElement copy_to(Arena& arena) const;

  PathKind kind() const { return kind_; }
  std::string_view name() const { return kind_ == PathKind::kField ? std::string_view(text_, size_) : std::string_view(); }
  std::span<const KeyField> fields() const {
    return kind_ == PathKind::kKey ? std::span<const KeyField>(fields_, size_) : std::span<const KeyField>();
  }
  // Fields first, then keys, values and indexes; each kind by its content, numbers numerically.
  int compare(const PathElement& other) const;
  bool operator==(const PathElement& other) const { return compare(other) == 0; }

  // As messages print it: .spec, [name="x",port=80], [="x"], [3].
  void append_text(std::string& out) const;
  // As an object key of FieldsV1, quoted.
  void append_json_key(std::string& out) const;

 private:
  PathElement(PathKind kind, std::uint32_t size) : kind_(kind), size_(size) {}

  PathKind kind_;
  std::uint32_t size_;  // bytes of the name, fields of the key
  union {
    const char* text_;
    const KeyField* fields_;
    const Value* value_;
    std::int64_t index_;
  };
};
static_assert(sizeof(PathElement) == 16);

using Path = std::span<const PathElement>;

std::string path_text(Path path);

// A total order over JSON values: numbers, strings, booleans, lists, objects, null.
int compare_values(const Value& a, const Value& b);

}  // namespace plinth::api
