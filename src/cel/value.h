// What expressions compute with: a 16-byte tagged union. Lists and maps are views: of the evaluation's memory, of constants of
// the program, or directly of a base document, whose parts are converted when they are asked for.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time_text.h"
#include "base/value.h"
#include "cel/memory.h"

namespace plinth::cel {

using DocumentValue = plinth::Value;

enum class Kind : std::uint8_t {
  kAbsent,  // no value at all: a variable that was not set
  kError,
  kNull,
  kBool,
  kInt,
  kUint,
  kDouble,
  kString,
  kBytes,
  kTimestamp,
  kDuration,
  kList,
  kMap,
  kType,
  kOptional,
  kOpaque,
};

class Value;
class Shape;
struct ListBody;
struct MapBody;

// Why an evaluation failed. Absorbed by &&, || and the like; otherwise the result of the program.
struct ErrorBody {
  static constexpr std::uint32_t kNowhere = 0xffffffff;
  std::string_view message;
  mutable std::uint32_t position;  // byte offset into the expression; set by the innermost call that knows it
  bool fatal;                      // limit or cancellation: absorbed by nothing
};

// A kind of abstract values. One static instance per type; the values derive from Opaque and are trivially destructible.
struct Opaque;
struct OpaqueType {
  std::string_view name;
  bool (*equal)(const Opaque& a, const Opaque& b);
  void (*text)(const Opaque& value, std::string& out);
};
struct Opaque {
  const OpaqueType* type;
};

// A length of time: proto's Duration. Both parts have the same sign.
struct TimeSpan {
  std::int64_t seconds = 0;
  std::int32_t nanos = 0;
  friend auto operator<=>(const TimeSpan&, const TimeSpan&) = default;
};

class Value {
 public:
  enum class Form : std::uint8_t { kOwn, kDocument, kShaped };  // of lists and maps

  constexpr Value() = default;
  static constexpr Value absent() {
    Value v;
    v.kind_ = Kind::kAbsent;
    return v;
  }
  static constexpr Value null() { return Value(); }
  static constexpr Value of(bool b) { return Value(Kind::kBool, b ? 1 : 0); }
  static constexpr Value of(std::int64_t i) { return Value(Kind::kInt, i); }
  static constexpr Value of(int i) { return Value(Kind::kInt, i); }
  static constexpr Value of(std::uint64_t u) { return Value(Kind::kUint, static_cast<std::int64_t>(u)); }
  static Value of(double d) {
    Value v;
    v.kind_ = Kind::kDouble;
    v.double_ = d;
    return v;
  }
  // The bytes must outlive the value.
  static constexpr Value string(std::string_view text) { return Value(Kind::kString, text); }
  static constexpr Value bytes(std::string_view bytes) { return Value(Kind::kBytes, bytes); }
  static constexpr Value type(std::string_view name) { return Value(Kind::kType, name); }
  static Value of(TimeStamp t) { return Value(Kind::kTimestamp, t.seconds, static_cast<std::uint32_t>(t.nanos)); }
  static Value of(TimeSpan d) { return Value(Kind::kDuration, d.seconds, static_cast<std::uint32_t>(d.nanos)); }
  static Value list(const ListBody* body) { return Value(Kind::kList, Form::kOwn, body); }
  static Value map(const MapBody* body) { return Value(Kind::kMap, Form::kOwn, body); }
  static Value optional(const Value* value) { return Value(Kind::kOptional, Form::kOwn, value); }
  static Value none() { return optional(nullptr); }
  static Value opaque(const Opaque* opaque) { return Value(Kind::kOpaque, Form::kOwn, opaque); }
  static Value error(const ErrorBody* body) { return Value(Kind::kError, Form::kOwn, body); }
  // A view of a document, which must outlive it. With a shape, parts are converted by it.
  static Value of_document(const DocumentValue& value, const Shape* shape, Memory& memory);

  Kind kind() const { return kind_; }
  Form form() const { return form_; }
  bool is(Kind kind) const { return kind_ == kind; }
  bool is_error() const { return kind_ == Kind::kError; }
  bool is_number() const { return kind_ == Kind::kInt || kind_ == Kind::kUint || kind_ == Kind::kDouble; }

  // Each only for values of that kind.
  bool as_bool() const { return int_ != 0; }
  std::int64_t as_int() const { return int_; }
  std::uint64_t as_uint() const { return static_cast<std::uint64_t>(int_); }
  double as_double() const { return double_; }
  std::string_view as_string() const { return {text_, size_}; }  // strings, bytes, type names
  TimeStamp as_timestamp() const { return {int_, static_cast<std::int32_t>(size_)}; }
  TimeSpan as_duration() const { return {int_, static_cast<std::int32_t>(size_)}; }
  const ErrorBody& as_error() const { return *static_cast<const ErrorBody*>(pointer_); }
  const Value* as_optional() const { return static_cast<const Value*>(pointer_); }  // nullptr: none
  const Opaque& as_opaque() const { return *static_cast<const Opaque*>(pointer_); }
  const void* pointer() const { return pointer_; }
  // The document behind a list or map of form kDocument or kShaped.
  DocumentValue document() const;
  const Shape* shape() const;

 private:
  constexpr Value(Kind kind, std::int64_t i, std::uint32_t size = 0) : kind_(kind), size_(size), int_(i) {}
  constexpr Value(Kind kind, std::string_view text)
      : kind_(kind), size_(static_cast<std::uint32_t>(text.size())), text_(text.data()) {}
  Value(Kind kind, Form form, const void* pointer) : kind_(kind), form_(form), pointer_(pointer) {}

  Kind kind_ = Kind::kNull;
  Form form_ = Form::kOwn;
  std::uint32_t size_ = 0;
  union {
    std::int64_t int_ = 0;
    double double_;
    const char* text_;
    const void* pointer_;
  };
};
static_assert(sizeof(Value) == 16);

// How expressions see the nodes of a document, where JSON alone does not tell: what a schema says. A null Shape is plain JSON.
// Immutable, any thread.
class Shape {
 public:
  enum class Scalar : std::uint8_t { kPlain, kInt, kDouble, kBytes, kTimestamp, kDate, kDuration };
  enum class ListKind : std::uint8_t { kAtomic, kSet, kMap };
  struct Field {
    const Shape* shape = nullptr;
    std::string_view key;  // in the document; differs from the name in the expression where that is escaped
    bool visible = true;   // false: the field is as good as absent
  };

  virtual ~Shape() = default;
  virtual Scalar scalar() const { return Scalar::kPlain; }
  virtual Field field(std::string_view name) const { return {nullptr, name, true}; }
  virtual const Shape* items() const { return nullptr; }
  // Lists of kinds kSet and kMap compare without order; kMap by these key fields.
  virtual ListKind list_kind() const { return ListKind::kAtomic; }
  virtual std::span<const std::string> list_keys() const { return {}; }
};

struct ListBody {
  std::uint32_t size;
  std::uint32_t capacity;
  Value items[1];  // `capacity` of them
};

ListBody* new_list(Memory& memory, std::size_t capacity);

// A list of any form.
class List {
 public:
  explicit List(const Value& list);
  std::size_t size() const { return size_; }
  Value at(std::size_t index, Memory& memory) const {
    return own_ != nullptr ? own_[index] : Value::of_document(items_[index], item_shape_, memory);
  }

 private:
  std::size_t size_;
  const Value* own_ = nullptr;
  const DocumentValue* items_ = nullptr;
  const Shape* item_shape_ = nullptr;
};

struct MapEntry {
  Value key;
  Value value;
};

struct MapBody {
  std::uint32_t size;
  std::uint32_t index_mask;  // 0: no index, look from the beginning
  MapEntry* entries;
  std::uint32_t* index;  // open addressing; entry + 1, 0: free
};

// Makes a map; keys are bool, int, uint or string, and equal by value across int and uint.
class MapBuilder {
 public:
  MapBuilder(Memory& memory, std::size_t capacity);
  // False when the key is there already; the map stays as it was.
  bool insert(const Value& key, const Value& value);
  std::size_t size() const { return body_->size; }
  const MapBody* finish() const { return body_; }

 private:
  void grow();
  void add_index();
  Memory& memory_;
  MapBody* body_;
  std::size_t capacity_;
};

// A map of any form.
class Map {
 public:
  explicit Map(const Value& map) : map_(map) {}
  std::size_t size() const;
  // False when absent. Doubles find integers of the same value.
  bool find(const Value& key, Memory& memory, Value* out) const;
  bool find(std::string_view key, Memory& memory, Value* out) const;
  MapEntry entry(std::size_t index, Memory& memory) const;  // in document or insertion order

 private:
  Value map_;
};

// Deep equality as `==` has it: numbers by value across types, other mixtures are unequal, NaN equals nothing.
bool equal(const Value& a, const Value& b, Memory& memory);

// Order of two values that `<` accepts.
enum class Ordering : std::uint8_t { kLess, kEqual, kGreater, kUnordered, kMismatch };
Ordering compare(const Value& a, const Value& b);
Ordering compare_numbers(const Value& a, const Value& b);

// What type(value) prints: "int", "list", "google.protobuf.Timestamp", the name of an opaque type.
std::string_view type_name(const Value& value);

Value make_error(Memory& memory, std::string_view message);
Value fatal_error(Memory& memory, std::string_view message);
Value no_such_key(Memory& memory, const Value& key);

// Code points of a string; elements or members of others. For `size()` and costs; 0 for scalars.
std::size_t size_of(const Value& value);

// A value for a person to read, in the language's own notation, cut after about `bytes_max` bytes.
std::string to_text(const Value& value, std::size_t bytes_max = 256);

// A value as JSON, made in `draft`: timestamps, durations and opaque values as text, none as null, keys as text. Errors
// (BadRequest) for what JSON cannot hold: bytes, a uint past int64, not-a-number and infinities, types.
Result<DocumentValue> to_document(const Value& value, Draft& draft);

// Durations as strings: seconds with as many digits of fraction as needed and an "s".
std::string duration_text(TimeSpan span);

}  // namespace plinth::cel
