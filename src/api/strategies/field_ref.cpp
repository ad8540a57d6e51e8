#include "api/strategies/field_ref.h"

#include <algorithm>
#include <vector>

#include <fmt/core.h>

#include "api/label_selector.h"

namespace plinth::api {
namespace {

bool is_zero(const Value& v) {
  switch (v.type()) {
    case Value::Type::kNull:
      return true;
    case Value::Type::kBool:
      return !v.as_bool();
    case Value::Type::kInt:
      return v.as_int() == 0;
    case Value::Type::kDouble:
      return v.as_double() == 0;
    case Value::Type::kString:
      return v.as_string().empty();
    case Value::Type::kArray:
    case Value::Type::kObject:
      return v.size() == 0;
  }
  return false;
}

bool is_blank(const Value& v) { return v.is_null() || ((v.is_array() || v.is_object()) && v.size() == 0); }

bool same_inside(const Value& a, const Value& b) {
  if (is_blank(a) && is_blank(b)) return true;
  if (a.type() != b.type()) return equal(a, b);
  if (a.is_object()) return changed_members(a, b).empty();
  if (!a.is_array()) return equal(a, b);
  return std::equal(a.items().begin(), a.items().end(), b.items().begin(), b.items().end(), same_inside);
}

}  // namespace

FieldRef FieldRef::operator[](std::string_view path) const {
  Value at = value_;
  for (std::string_view rest = path; !rest.empty();) {
    const std::size_t dot = rest.find('.');
    at = at[rest.substr(0, dot)];
    rest = dot == std::string_view::npos ? std::string_view() : rest.substr(dot + 1);
  }
  return FieldRef(*this, path, kMember, at);
}

FieldRef FieldRef::item(std::size_t i) const { return FieldRef(*this, "", i, value_.items()[i]); }

FieldRef FieldRef::key(std::string_view key) const { return FieldRef(*this, key, kKey, value_[key]); }

bool FieldRef::empty() const {
  return value_.is_null() || (value_.is_string() && text().empty()) ||
         ((value_.is_array() || value_.is_object()) && value_.size() == 0);
}

std::string FieldRef::path() const {
  if (parent_ == nullptr) return std::string(step_);
  const std::string above = parent_->path();
  if (index_ == kMember) return child(above, step_);
  if (index_ == kKey) return keyed(above, step_);
  return api::index(above, index_);
}

void FieldRef::required(std::string detail) const { errors_->push_back(field_required(path(), std::move(detail))); }

void FieldRef::invalid(std::string detail) const {
  // A text that is not there is the empty text to Kubernetes.
  errors_->push_back(present() ? field_invalid(path(), value_, std::move(detail))
                               : field_invalid(path(), std::string_view(), std::move(detail)));
}

void FieldRef::invalid(std::string_view shown, std::string detail) const {
  errors_->push_back(field_invalid(path(), shown, std::move(detail)));
}

void FieldRef::duplicate() const { errors_->push_back(field_duplicate(path(), value_)); }

void FieldRef::forbidden(std::string detail) const { errors_->push_back(field_forbidden(path(), std::move(detail))); }

void FieldRef::not_supported(std::span<const std::string_view> supported) const {
  const Value shown = present() ? value_ : Value::ref("");
  errors_->push_back(field_not_supported(path(), shown, supported));
}

void FieldRef::not_found() const { errors_->push_back(field_not_found(path(), value_)); }

void FieldRef::too_long(std::int64_t max_bytes) const { errors_->push_back(field_too_long(path(), max_bytes)); }

void FieldRef::too_many(std::int64_t max) const {
  errors_->push_back(field_too_many(path(), static_cast<std::int64_t>(size()), max));
}

void FieldRef::check(Complaints (*problems)(std::string_view)) const {
  if (text().empty()) return;
  for (std::string& problem : problems(text())) invalid(std::move(problem));
}

void FieldRef::check_required(Complaints (*problems)(std::string_view), std::string detail) const {
  if (require(std::move(detail))) check(problems);
}

bool FieldRef::require(std::string detail) const {
  if (!empty()) return true;
  required(std::move(detail));
  return false;
}

void FieldRef::one_of(std::span<const std::string_view> supported) const {
  if (empty() || std::find(supported.begin(), supported.end(), text()) != supported.end()) return;
  not_supported(supported);
}

void FieldRef::at_least_zero() const {
  if (number() < 0) invalid("must be greater than or equal to 0");
}

void FieldRef::between(std::int64_t low, std::int64_t high) const {
  if (number() < low || number() > high) {
    const Value shown = present() ? value_ : Value::of(0);
    errors_->push_back(field_invalid(path(), shown, fmt::format("must be between {} and {}, inclusive", low, high)));
  }
}

void FieldRef::immutable(const Value& old, std::string detail) const {
  if (!same(value_, old)) invalid(std::move(detail));
}

void FieldRef::label_selector() const {
  if (present()) validate_label_selector(value_, path(), *errors_);
}

void FieldRef::labels() const {
  if (size() != 0) validate_labels(value_, path(), *errors_);
}

bool same(const Value& a, const Value& b) { return (is_zero(a) && is_zero(b)) || same_inside(a, b); }

std::vector<std::string_view> changed_members(const Value& a, const Value& b, std::span<const std::string_view> except) {
  std::vector<std::string_view> changed;
  const auto look = [&](const Value& one, const Value& other) {
    for (const Member& m : one.members()) {
      if (std::find(except.begin(), except.end(), m.key()) != except.end()) continue;
      if (!same_inside(m.value, other[m.key()])) changed.push_back(m.key());
    }
  };
  look(a, b);
  look(b, a);
  std::sort(changed.begin(), changed.end());
  changed.erase(std::unique(changed.begin(), changed.end()), changed.end());
  return changed;
}

}  // namespace plinth::api
