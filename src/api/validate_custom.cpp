#include "api/validate_custom.h"

#include <cmath>
#include <limits>
#include <map>

#include "api/formats.h"
#include "api/go_text.h"
#include "base/json.h"
#include "base/value_type.h"

namespace plinth::api {
namespace {

constexpr std::string_view kTypeNames[] = {"", "object", "array", "string", "integer", "number", "boolean"};

std::string type_names(const Schema& s) {
  if (s.int_or_string) return "integer,string";
  return std::string(kTypeNames[static_cast<std::size_t>(s.type)]);
}

// int64 and double are the formats of numbers in a document.
std::string_view json_format(const Value& v) { return v.is_int() ? "int64" : v.is_double() ? "double" : ""; }

bool has_type(const Schema& s, std::string_view name) {
  if (s.int_or_string) return name == "integer" || name == "string";
  return kTypeNames[static_cast<std::size_t>(s.type)] == name;
}

bool is_whole(double d) { return std::isfinite(d) && d == std::trunc(d) && std::fabs(d) <= 9007199254740991.0; }

std::string number_text(const Value& like, double v) {
  return like.is_int() && std::fabs(v) < 9.2e18 ? std::to_string(static_cast<std::int64_t>(v)) : go_float(v);
}

std::int64_t characters(std::string_view text) {
  std::int64_t n = 0;
  for (const char c : text) n += (static_cast<unsigned char>(c) & 0xc0) != 0x80 ? 1 : 0;
  return n;
}

class OpenApiValidator {
 public:
  explicit OpenApiValidator(PatternCache& patterns) : patterns_(patterns) {}

  void walk(const Schema& s, const Value& v, const Value* old, const PathStep& at, FieldErrors& errors) {
    const std::size_t before = errors.size();
    check_type(s, v, at, errors);
    if (!v.is_null()) {
      check_logic(s, v, at, errors);
      if (v.is_string()) check_string(s, v, at, errors);
      if (v.is_number()) check_number(s, v, at, errors);
      if (v.is_array()) check_array(s, v, old, at, errors);
    }
    check_enum(s, v, at, errors);
    if (v.is_object()) check_object(s, v, old, at, errors);
    if (errors.size() > before && old != nullptr && equal(*old, v)) errors.resize(before);
  }

 private:
  static std::string name(const PathStep& at) { return at.strict_text(); }

  void invalid(const PathStep& at, const Value& v, const std::string& what, FieldErrors& errors) {
    errors.push_back(field_invalid(name(at), v, name(at) + " in body " + what));
  }
  void wrong_type(const PathStep& at, std::string_view wanted, std::string_view found, FieldErrors& errors) {
    errors.push_back(field_type_invalid(
        name(at), Value::ref(found), name(at) + " in body must be of type " + std::string(wanted) + ": " + go_quoted(found)));
  }

  void check_type(const Schema& s, const Value& v, const PathStep& at, FieldErrors& errors) {
    const bool typed = s.type != SchemaType::kAny || s.int_or_string;
    if (!typed && s.format.empty()) return;
    if (v.is_null()) {
      if (typed && !s.nullable) wrong_type(at, type_names(s), "null", errors);
      return;
    }
    const std::string_view type = value_type_text(v);
    const bool float_as_int = v.is_double() && is_whole(v.as_double()) && has_type(s, "integer");
    const bool int_as_float = v.is_int() && has_type(s, "number");
    const bool text = v.is_string() || v.is_array();
    if (!text && !s.format.empty() && !(has_type(s, type) || json_format(v) == s.format || float_as_int || int_as_float)) {
      wrong_type(at, s.format, json_format(v), errors);
      return;
    }
    // As upstream: a format without a numeric type lets any text or list pass here.
    if (text && !s.format.empty() && !has_type(s, "number") && !has_type(s, "integer")) return;
    if (!has_type(s, type) && !float_as_int && !int_as_float) wrong_type(at, type_names(s), type, errors);
  }

  void check_string(const Schema& s, const Value& v, const PathStep& at, FieldErrors& errors) {
    const std::string_view text = v.as_string();
    std::string broken;
    if (s.max_length >= 0 && characters(text) > s.max_length) {
      errors.push_back(field_too_long(name(at), s.max_length));
    } else if (s.min_length >= 0 && characters(text) < s.min_length) {
      invalid(at, v, "should be at least " + std::to_string(s.min_length) + " chars long", errors);
    } else if (!s.pattern.empty() && !patterns_.matches(s.pattern, text, &broken)) {
      const std::string pattern =
          broken.empty() ? std::string(s.pattern) : std::string(s.pattern) + ", but pattern is invalid: " + broken;
      invalid(at, v, "should match '" + pattern + "'", errors);
    }
    if (!s.format.empty() && !format_matches(s.format, text)) wrong_type(at, s.format, text, errors);
  }

  void check_number(const Schema& s, const Value& v, const PathStep& at, FieldErrors& errors) {
    const double n = v.is_int() ? static_cast<double>(v.as_int()) : v.as_double();
    if (s.type == SchemaType::kInteger && s.format == "int32" &&
        (n < std::numeric_limits<std::int32_t>::min() || n > std::numeric_limits<std::int32_t>::max())) {
      unplaced("Checked value must be of type integer with format int32 in " + name(at), errors);
    }
    if (s.multiple_of > 0 && !is_multiple(v, n, s.multiple_of))
      invalid(at, v, "should be a multiple of " + number_text(v, s.multiple_of), errors);
    if (s.has_minimum && (s.exclusive_minimum ? n <= s.minimum : n < s.minimum)) {
      invalid(at, v,
              "should be greater than " + std::string(s.exclusive_minimum ? "" : "or equal to ") + number_text(v, s.minimum),
              errors);
    }
    if (s.has_maximum && (s.exclusive_maximum ? n >= s.maximum : n > s.maximum)) {
      invalid(at, v,
              "should be less than " + std::string(s.exclusive_maximum ? "" : "or equal to ") + number_text(v, s.maximum),
              errors);
    }
  }

  static bool is_multiple(const Value& v, double n, double factor) {
    if (v.is_int() && is_whole(factor)) return v.as_int() % static_cast<std::int64_t>(factor) == 0;
    const double quotient = factor < 1 ? 1 / factor * n : n / factor;
    return std::fabs(quotient - std::round(quotient)) < 1e-9 * std::max(1.0, std::fabs(quotient));
  }

  // The stored item that has the keys of `item`, in a list of type map.
  static const Value* counterpart(const Schema& s, const Value* old, const Value& item) {
    if (old == nullptr || s.list_type != ListType::kMap || !item.is_object()) return nullptr;
    for (const Value& candidate : old->items()) {
      bool same = candidate.is_object();
      for (std::string_view key : s.list_map_keys) same = same && equal(candidate[key], item[key]);
      if (same) return &candidate;
    }
    return nullptr;
  }

  void check_array(const Schema& s, const Value& v, const Value* old, const PathStep& at, FieldErrors& errors) {
    const auto items = v.items();
    const auto size = static_cast<std::int64_t>(items.size());
    if (s.items != nullptr) {
      for (std::size_t i = 0; i < items.size(); ++i)
        walk(*s.items, items[i], counterpart(s, old, items[i]), at.index(i), errors);
    }
    if (s.min_items >= 0 && size < s.min_items)
      invalid(at, Value::of(size), "should have at least " + std::to_string(s.min_items) + " items", errors);
    if (s.max_items >= 0 && size > s.max_items) errors.push_back(field_too_many(name(at), size, s.max_items));
    if (!s.unique_items) return;
    for (std::size_t i = 0; i < items.size(); ++i) {
      for (std::size_t k = 0; k < i; ++k) {
        if (!equal(items[i], items[k])) continue;
        invalid(at, Value::ref(""), "shouldn't contain duplicates", errors);
        return;
      }
    }
  }

  void check_enum(const Schema& s, const Value& v, const PathStep& at, FieldErrors& errors) {
    if (s.enum_values.empty() || (v.is_null() && s.nullable)) return;
    std::vector<std::string> texts;
    for (const Value& one : s.enum_values) {
      if (!v.is_null() && equal(one, v)) return;
      texts.push_back(one.is_string() ? std::string(one.as_string()) : to_json(one));
    }
    const std::vector<std::string_view> supported(texts.begin(), texts.end());
    errors.push_back(field_not_supported(name(at), v, supported));
  }

  void check_object(const Schema& s, const Value& v, const Value* old, const PathStep& at, FieldErrors& errors) {
    const auto size = static_cast<std::int64_t>(v.size());
    if (s.min_properties >= 0 && size < s.min_properties)
      invalid(at, Value::of(size), "should have at least " + std::to_string(s.min_properties) + " properties", errors);
    if (s.max_properties >= 0 && size > s.max_properties) errors.push_back(field_too_many(name(at), size, s.max_properties));
    for (const Member& m : v.members()) {
      const Field* field = s.field(m.key());
      const Schema* next = field != nullptr ? field->schema : s.additional;
      if (next == nullptr) continue;
      const bool type_meta = at.parent == nullptr && (m.key() == "kind" || m.key() == "apiVersion");
      walk(*next, m.value, old != nullptr && !type_meta ? old->find(m.key()) : nullptr, at.field(m.key()), errors);
    }
    for (const Field& field : s.fields) {
      if (field.required && v.find(field.name) == nullptr) errors.push_back(field_required(name(at.field(field.name))));
    }
    for (std::string_view key : s.required) {
      if (v.find(key) == nullptr) errors.push_back(field_required(name(at.field(key))));
    }
  }

  // Upstream gives these no field.
  static void unplaced(std::string text, FieldErrors& errors) { errors.push_back(field_invalid("<nil>", "", std::move(text))); }

  FieldErrors attempt(const Schema& s, const Value& v, const PathStep& at) {
    FieldErrors errors;
    walk(s, v, nullptr, at, errors);
    return errors;
  }

  static void append(FieldErrors& to, FieldErrors from) {
    for (FieldError& error : from) to.push_back(std::move(error));
  }

  // How many alternatives hold, and the errors of the one that comes closest.
  std::size_t count_valid(std::span<const Schema* const> branches, const Value& v, const PathStep& at, FieldErrors& best) {
    std::size_t valid = 0;
    bool first = true;
    for (const Schema* branch : branches) {
      FieldErrors errors = attempt(*branch, v, at);
      if (errors.empty())
        ++valid;
      else if (first || errors.size() < best.size())
        best = std::move(errors), first = false;
    }
    return valid;
  }

  void check_logic(const Schema& s, const Value& v, const PathStep& at, FieldErrors& errors) {
    if (!s.any_of.empty()) {
      FieldErrors best;
      if (count_valid(s.any_of, v, at, best) == 0) {
        unplaced(go_quoted(name(at)) + " must validate at least one schema (anyOf)", errors);
        append(errors, std::move(best));
      }
    }
    if (!s.one_of.empty()) {
      FieldErrors best;
      const std::size_t valid = count_valid(s.one_of, v, at, best);
      if (valid != 1) {
        const std::string found = valid == 0 ? "Found none valid" : "Found " + std::to_string(valid) + " valid alternatives";
        unplaced(go_quoted(name(at)) + " must validate one and only one schema (oneOf). " + found, errors);
        if (valid == 0) append(errors, std::move(best));
      }
    }
    std::size_t failed = 0;
    for (const Schema* branch : s.all_of) {
      FieldErrors inner = attempt(*branch, v, at);
      failed += inner.empty() ? 0 : 1;
      append(errors, std::move(inner));
    }
    if (failed > 0)
      unplaced(go_quoted(name(at)) + " must validate all the schemas (allOf)" +
                   (failed == s.all_of.size() ? ". None validated" : ""),
               errors);
    if (s.not_ != nullptr && attempt(*s.not_, v, at).empty())
      unplaced(go_quoted(name(at)) + " must not validate the schema (not)", errors);
  }

  PatternCache& patterns_;
};

// What two items of a map-typed list are compared by.
Value list_map_key(const Schema& s, const Value& item, Draft& draft) {
  Value out = draft.object(s.list_map_keys.size());
  for (std::string_view key : s.list_map_keys) {
    if (const Value* v = item.find(key)) draft.set(out, key, *v);
  }
  return out;
}

void check_unique(const Schema& s, const Value& v, const PathStep& at, FieldErrors& errors) {
  const bool is_map = s.list_type == ListType::kMap;
  if (is_map) {
    for (std::size_t i = 0; i < v.items().size(); ++i) {
      const Value& item = v.items()[i];
      if (item.is_null() || item.is_object()) continue;
      errors.push_back(field_invalid(at.index(i).text(), item, "must be an object for an array of list-type map"));
      return;
    }
  }
  if (v.size() <= 1) return;
  Draft draft;
  std::map<std::string, int> seen;
  for (std::size_t i = 0; i < v.items().size(); ++i) {
    const Value key = is_map ? list_map_key(s, v.items()[i], draft) : v.items()[i];
    if (++seen[to_json(key)] == 2) errors.push_back(field_duplicate(at.index(i).text(), key));
  }
}

}  // namespace

void validate_openapi(const Schema& schema, const Value& value, const Value* old, const PathStep& at, PatternCache& patterns,
                      FieldErrors& errors) {
  OpenApiValidator(patterns).walk(schema, value, old, at, errors);
}

void validate_list_types(const Schema& s, const Value& v, const PathStep& at, FieldErrors& errors) {
  if (v.is_array()) {
    if (s.list_type != ListType::kAtomic) check_unique(s, v, at, errors);
    if (s.items == nullptr) return;
    for (std::size_t i = 0; i < v.items().size(); ++i) validate_list_types(*s.items, v.items()[i], at.index(i), errors);
  } else if (v.is_object()) {
    for (const Member& m : v.members()) {
      const Field* field = s.field(m.key());
      if (field != nullptr)
        validate_list_types(*field->schema, m.value, at.field(m.key()), errors);
      else if (s.additional != nullptr)
        validate_list_types(*s.additional, m.value, at.key(m.key()), errors);
    }
  }
}

}  // namespace plinth::api
