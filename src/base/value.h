// The document: JSON data as immutable 16-byte nodes in an arena, changed through a Draft.
//
// A Value is a view: it stays valid while the Arena (normally held by a Document) lives. Published documents are
// never changed and may be read from any thread. A Draft shares all parts it does not touch with its base document
// (copy on write along the path).
#pragma once

#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace plinth {

class Arena;
class KeyTable;
struct Member;

class Value {
 public:
  enum class Type : std::uint8_t { kNull, kBool, kInt, kDouble, kString, kArray, kObject };

  constexpr Value() = default;
  static constexpr Value of(bool b) { return Value(Type::kBool, b ? 1 : 0); }
  static constexpr Value of(std::int64_t i) { return Value(Type::kInt, i); }
  static constexpr Value of(int i) { return of(static_cast<std::int64_t>(i)); }
  static Value of(double d);
  // The bytes must outlive the Value: static text, or text in the arena (Draft::text copies).
  static constexpr Value ref(std::string_view text) {
    Value v;
    v.type_ = Type::kString;
    v.size_ = static_cast<std::uint32_t>(text.size());
    v.text_ = text.data();
    return v;
  }
  static Value empty_object();
  static Value empty_array();

  Type type() const { return type_; }
  bool is_null() const { return type_ == Type::kNull; }
  bool is_bool() const { return type_ == Type::kBool; }
  bool is_int() const { return type_ == Type::kInt; }
  bool is_double() const { return type_ == Type::kDouble; }
  bool is_number() const { return is_int() || is_double(); }
  bool is_string() const { return type_ == Type::kString; }
  bool is_array() const { return type_ == Type::kArray; }
  bool is_object() const { return type_ == Type::kObject; }

  // Accessors return the zero of the asked type when the value has another one.
  bool as_bool() const { return is_bool() && int_ != 0; }
  // A double is cut to its integer part and saturates.
  std::int64_t as_int() const { return is_int() ? int_ : is_double() ? truncated() : 0; }
  double as_double() const;
  std::string_view as_string() const { return is_string() ? std::string_view(text_, size_) : std::string_view(); }

  // Number of items or members; 0 for scalars.
  std::size_t size() const;
  std::span<const Value> items() const;
  std::span<const Member> members() const;
  // Member by name; nullptr when absent or not an object. O(members).
  const Value* find(std::string_view key) const;
  // Member by name or null; handy for chains: v["metadata"]["name"].as_string().
  Value operator[](std::string_view key) const {
    const Value* v = find(key);
    return v != nullptr ? *v : Value();
  }
  // Walks object members; nullptr when a step is missing.
  const Value* find_path(std::initializer_list<std::string_view> path) const;

 private:
  friend class Draft;
  friend struct ValueBuilder;
  struct Body;  // header of an array's or object's storage: size, capacity, owning arena
  constexpr Value(Type type, std::int64_t i) : type_(type), int_(i) {}
  std::int64_t truncated() const;

  Type type_ = Type::kNull;
  std::uint32_t size_ = 0;  // of strings only
  union {
    std::int64_t int_ = 0;
    const char* text_;
    Body* body_;
  };
};
static_assert(sizeof(Value) == 16);

// A member's key text lives in the arena or in static storage; keys of a document are shared between equal keys.
struct Member {
  const char* key_data;
  std::uint32_t key_size;
  std::uint32_t reserved = 0;
  Value value;
  std::string_view key() const { return {key_data, key_size}; }
};
static_assert(sizeof(Member) == 32);

// Deep equality; object members compare without order, 1 and 1.0 are equal.
bool equal(const Value& a, const Value& b);

// Bump allocator that also keeps other arenas alive. Single writer; readable from any thread once published.
class Arena {
 public:
  // Blocks double in size from the first one on, or have `next_block_bytes` when the whole size is roughly known.
  explicit Arena(std::size_t first_block_bytes = 0, std::size_t next_block_bytes = 0);
  ~Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  void* allocate(std::size_t bytes);  // aligned to 8
  std::string_view copy(std::string_view text);
  void retain(std::shared_ptr<const Arena> other);
  std::size_t bytes() const { return bytes_; }
  // Length of the longest chain of retained arenas that starts here, itself included.
  std::size_t depth() const { return depth_; }
  std::span<const std::shared_ptr<const Arena>> retained() const { return retained_; }

 private:
  struct Block;
  void add_block(std::size_t bytes);
  char* grow(std::size_t bytes);
  Block* head_ = nullptr;
  char* cursor_ = nullptr;
  char* end_ = nullptr;
  std::size_t bytes_ = 0;
  std::size_t next_block_bytes_ = 0;
  std::size_t depth_ = 1;
  std::vector<std::shared_ptr<const Arena>> retained_;
};

// An immutable document: a root value and what keeps it alive. Cheap to copy.
class Document {
 public:
  Document() = default;
  Document(std::shared_ptr<const Arena> arena, Value root) : arena_(std::move(arena)), root_(root) {}
  const Value& root() const { return root_; }
  const Value* operator->() const { return &root_; }
  Value operator[](std::string_view key) const { return root_[key]; }
  const std::shared_ptr<const Arena>& arena() const { return arena_; }
  bool is_null() const { return root_.is_null(); }
  // The same storage seen from another root (a subtree of this document).
  Document at(Value subtree) const { return Document(arena_, subtree); }

 private:
  std::shared_ptr<const Arena> arena_;
  Value root_;
};

// The only way to make or change documents. Single-threaded.
//
// References to slots (Value&) stay valid until the containing array or object gains or loses an element.
// A slot handed out by member()/item()/push() may be assigned any Value whose storage lives in this draft's arena, in a
// document that was adopted, or in static storage. A container made in this draft belongs in one slot: clone() it for a second
// one, or a change through one slot would show in the other.
class Draft {
 public:
  Draft();
  explicit Draft(const Document& base);
  Draft(Draft&&) = default;
  Draft& operator=(Draft&&) = default;

  Value& root() { return root_; }
  const Value& root() const { return root_; }
  // Keeps `document`'s storage alive so that its values can be placed in this draft.
  Value adopt(const Document& document);
  // Keeps an arena alive likewise.
  void retain(std::shared_ptr<const Arena> arena) { arena_->retain(std::move(arena)); }

  Value text(std::string_view s);  // copies
  Value object(std::size_t capacity = 4);
  Value array(std::size_t capacity = 4);
  // Copies a value deeply into this draft (no retention of its arena needed afterwards).
  Value clone(const Value& value);

  // `slot` becomes an object owned by this draft (a null becomes an empty one; the draft's own copy otherwise).
  // Returns the member's slot, inserted as null when absent.
  Value& member(Value& slot, std::string_view key);
  Value& member_path(Value& slot, std::initializer_list<std::string_view> path);
  // Slot of an existing member for writing, or nullptr; makes the object ours only if the member exists.
  Value* mutable_find(Value& slot, std::string_view key);
  void set(Value& slot, std::string_view key, Value v) { member(slot, key) = v; }
  void set(Value& slot, std::string_view key, std::string_view s) { member(slot, key) = text(s); }
  void set(Value& slot, std::string_view key, const char* s) { member(slot, key) = text(s); }
  bool remove(Value& slot, std::string_view key);
  void remove_if(Value& slot, const std::vector<bool>& drop);  // by member or item index

  // Arrays. `slot` becomes an array owned by this draft.
  Value& item(Value& slot, std::size_t index);
  Value& push(Value& slot, Value v = Value());
  void insert(Value& slot, std::size_t index, Value v);
  void erase(Value& slot, std::size_t index);
  // All items or members of `slot` for writing; the container becomes ours. Empty for scalars.
  std::span<Value> mutable_items(Value& slot);
  std::span<Member> mutable_members(Value& slot);

  Arena& arena() { return *arena_; }
  // Ends the draft; the document keeps everything alive that it refers to. Where that would be a chain of more than
  // kArenaDepthMax arenas (a document changed many times over), the document is copied into one arena instead.
  Document finish() &&;
  // The draft as it is now, to be read only until its next change.
  Document view() const { return Document(arena_, root_); }
  static constexpr std::size_t kArenaDepthMax = 8;

 private:
  Value::Body* own(Value& slot, Value::Type type, std::size_t extra);
  std::string_view key_text(std::string_view key);
  std::shared_ptr<Arena> arena_;
  std::shared_ptr<KeyTable> keys_;  // made when the first key is copied
  Value root_;
};

}  // namespace plinth
