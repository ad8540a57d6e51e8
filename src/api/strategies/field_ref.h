// A field under validation: its value, its path and the list that complaints go to. Paths become text only when something
// is wrong, so that checking a valid object allocates nothing.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/field_error.h"
#include "api/names.h"
#include "base/value.h"

namespace plinth::api {

// Lives on the stack and points at the one it was made from, which must outlive it: never keep the result of a chain.
class FieldRef {
 public:
  FieldRef(const Value& root, FieldErrors& errors) : value_(root), errors_(&errors) {}
  // A subtree that is found at `path` ("spec.template").
  FieldRef(const Value& value, std::string_view path, FieldErrors& errors) : value_(value), step_(path), errors_(&errors) {}

  // A member, or one deeper: "strategy.type". Absent members are null.
  FieldRef operator[](std::string_view path) const;
  FieldRef item(std::size_t i) const;
  // A member of `holder`, which complaints place directly below this field: some lists are named without the position.
  FieldRef shared(std::string_view member, const Value& holder) const {
    return FieldRef(*this, member, kMember, holder[member]);
  }
  // An entry of a map: prints as labels[a/b].
  FieldRef key(std::string_view key) const;

  const Value& value() const { return value_; }
  bool present() const { return !value_.is_null(); }
  // Absent, "", [] or {}: what Go calls the zero value of texts, lists and maps.
  bool empty() const;
  std::string_view text() const { return value_.as_string(); }
  bool is(std::string_view text) const { return value_.as_string() == text; }
  std::int64_t number() const { return value_.as_int(); }
  bool flag() const { return value_.as_bool(); }
  std::size_t size() const { return value_.size(); }
  std::string path() const;
  FieldErrors& errors() const { return *errors_; }

  // f(FieldRef item, std::size_t position)
  template <typename F>
  void each_item(F f) const {
    for (std::size_t i = 0; i < value_.items().size(); ++i) f(item(i), i);
  }
  // f(FieldRef entry, std::string_view key)
  template <typename F>
  void each_entry(F f) const {
    for (const Member& m : value_.members()) f(key(m.key()), m.key());
  }

  void required(std::string detail = "") const;
  void invalid(std::string detail) const;
  // For fields that hold objects or lists, of which the message shows only a part.
  void invalid(std::string_view shown, std::string detail) const;
  void duplicate() const;
  void forbidden(std::string detail) const;
  void not_supported(std::span<const std::string_view> supported) const;
  void not_supported(std::initializer_list<std::string_view> supported) const {
    not_supported(std::span(supported.begin(), supported.size()));
  }
  void not_found() const;
  void too_long(std::int64_t max_bytes) const;
  void too_many(std::int64_t max) const;

  // Complains once per problem. Empty texts are not looked at.
  void check(Complaints (*problems)(std::string_view)) const;
  // The same, but an empty text is a missing one.
  void check_required(Complaints (*problems)(std::string_view), std::string detail = "") const;
  bool require(std::string detail = "") const;  // false after complaining that it is empty
  // When not empty.
  void one_of(std::span<const std::string_view> supported) const;
  void one_of(std::initializer_list<std::string_view> supported) const {
    one_of(std::span(supported.begin(), supported.size()));
  }
  void at_least_zero() const;
  void between(std::int64_t low, std::int64_t high) const;
  void port() const { between(1, 65535); }
  // Complains when the value differs from the old one.
  void immutable(const Value& old, std::string detail = "field is immutable") const;
  void label_selector() const;
  void labels() const;

 private:
  FieldRef(const FieldRef& parent, std::string_view step, std::size_t index, const Value& value)
      : value_(value), parent_(&parent), step_(step), index_(index), errors_(parent.errors_) {}
  static constexpr std::size_t kMember = static_cast<std::size_t>(-1);
  static constexpr std::size_t kKey = static_cast<std::size_t>(-2);

  Value value_;
  const FieldRef* parent_ = nullptr;
  std::string_view step_;
  std::size_t index_ = kMember;
  FieldErrors* errors_;
};

// Absent, "", 0, false, [] and {} are the same to a built-in kind; inside of objects absent, [] and {} are.
bool same(const Value& a, const Value& b);
// Names of the members in which two objects differ, other than `except`; in order, without repetition.
std::vector<std::string_view> changed_members(const Value& a, const Value& b, std::span<const std::string_view> except = {});

}  // namespace plinth::api
