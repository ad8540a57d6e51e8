#include "api/testing/generator.h"

#include <algorithm>
#include <string>

#include <doctest/doctest.h>

namespace plinth::api::testing {
namespace {

constexpr std::string_view kWords[] = {"a", "b", "c", "d"};

bool is_server_field(std::string_view name) {
  static constexpr std::string_view kNames[] = {
      "managedFields", "selfLink",  "creationTimestamp", "deletionTimestamp", "uid",
      "name",          "namespace", "generation",        "resourceVersion",   "deletionGracePeriodSeconds"};
  return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
}

// Go writes the field whatever it holds: an object that leaves it out is not one that upstream would have stored.
bool is_written(const Field& field) { return !field.omit_empty; }

bool is_written(TypeRef type, std::string_view member) {
  const Field* field = type.schema->field(member);
  return field != nullptr && is_written(*field);
}

}  // namespace

std::uint64_t Random::next() {
  std::uint64_t z = (state_ += 0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

Value Generator::scalar(const Schema& s) {
  switch (s.wire) {
    case Wire::kTime:
      return text(random_.chance(50) ? "2024-01-02T03:04:05Z" : "2025-01-02T03:04:05Z");
    case Wire::kMicroTime:
      return text(random_.chance(50) ? "2024-01-02T03:04:05.000001Z" : "2025-01-02T03:04:05.000000Z");
    case Wire::kQuantity:
      return text(random_.chance(50) ? "1" : random_.chance(50) ? "100m" : "2Gi");
    case Wire::kIntOrString:
      return random_.chance(50) ? Value::of(static_cast<int>(80 + random_.below(2))) : text("http");
    case Wire::kDuration:
      return text("1h0m0s");
    case Wire::kBytes:
      return text(random_.chance(50) ? "YQ==" : "Yg==");
    default:
      break;
  }
  switch (s.type) {
    case SchemaType::kInteger:
      return Value::of(static_cast<int>(1 + random_.below(3)));
    case SchemaType::kNumber:
      return Value::of(1.5);
    case SchemaType::kBoolean:
      return Value::of(true);
    default:
      return text(random_.pick(std::span<const std::string_view>(kWords)));
  }
}

Value Generator::map(TypeRef type, std::size_t depth) {
  Value out = draft_.object();
  bool metadata = type.schema->name == "meta.v1.ObjectMeta";
  for (const Field& field : type.schema->fields) {
    if (metadata && is_server_field(field.name)) continue;
    if (!is_written(field) && !random_.chance(options_.field_percent)) continue;
    bool null = options_.nulls && !is_written(field) && random_.chance(8);
    Value v = null ? Value() : value(member_type(type, field.name), depth + 1);
    if (!v.is_null() || null) draft_.set(out, field.name, v);
  }
  if (type.schema->additional != nullptr || type.schema->fields.empty()) {
    TypeRef element = member_type(type, "key");
    for (std::string_view word : kWords) {
      if (random_.chance(50)) draft_.set(out, word, value(element, depth + 1));
    }
  }
  return out;
}

Value Generator::list(TypeRef type, std::size_t depth) {
  Value out = draft_.array();
  std::vector<PathElement> names;
  std::size_t count = 1 + random_.below(options_.items_max);
  for (std::size_t i = 0; i < count; ++i) {
    Value item = value(item_type(type), depth + 1);
    if (item.is_null()) continue;
    if (!is_atomic_list(type)) {
      for (std::string_view key : type.schema->list_map_keys) {
        if (item.find(key) == nullptr) draft_.set(item, key, value(member_type(item_type(type), key), depth + 2));
      }
      auto* stored = new (draft_.arena().allocate(sizeof(Value))) Value(item);
      PathElement name;
      if (!element_of(type, *stored, draft_.arena(), name)) continue;
      if (std::find(names.begin(), names.end(), name) != names.end()) continue;
      names.push_back(name);
    }
    draft_.push(out, item);
  }
  return out;
}

Value Generator::value(TypeRef type, std::size_t depth) {
  if (!type || (depth > options_.depth_max && form_of(type, nullptr) != Form::kScalar)) return Value();
  switch (form_of(type, nullptr)) {
    case Form::kScalar:
      return scalar(*type.schema);
    case Form::kList: {
      Value out = list(type, depth);
      return out.size() > 0 || options_.nulls ? out : Value();
    }
    case Form::kMap:
      return map(type, depth);
    case Form::kAny:
      break;
  }
  Value out = draft_.object();
  draft_.set(out, "x", random_.pick(std::span<const std::string_view>(kWords)));
  return out;
}

Value Generator::object(TypeRef type, std::string_view api_version, std::string_view kind) {
  Value out = draft_.object();
  draft_.set(out, "apiVersion", api_version);
  draft_.set(out, "kind", kind);
  Value metadata = map(member_type(type, "metadata"), 1);
  draft_.set(metadata, "name", "thing");
  draft_.set(metadata, "namespace", "place");
  draft_.set(out, "metadata", metadata);
  for (const Field& field : type.schema->fields) {
    if (field.name == "apiVersion" || field.name == "kind" || field.name == "metadata" || !random_.chance(80)) continue;
    Value v = value(member_type(type, field.name), 1);
    if (!v.is_null()) draft_.set(out, field.name, v);
  }
  return out;
}

Value Generator::variant(TypeRef type, const Value& base, std::size_t depth) {
  if (!type) return base;
  bool fixed = depth == 0 || depth == 1;
  if (base.is_object() && form_of(type, &base) == Form::kMap) {
    Value out = draft_.object(base.size());
    for (const Member& m : base.members()) {
      bool keep =
          is_written(type, m.key()) ||
          (fixed && (is_server_field(m.key()) || m.key() == "apiVersion" || m.key() == "kind" || m.key() == "metadata"));
      TypeRef member = member_type(type, m.key());
      if (keep && depth <= 1 && m.key() != "metadata" && m.key() != "spec" && m.key() != "status")
        draft_.set(out, m.key(), m.value);
      else if (keep || random_.chance(85))
        draft_.set(out, m.key(), variant(member, m.value, depth + 1));
      else if (random_.chance(50) && !keep) {
        if (Value v = value(member, depth + 1); !v.is_null()) draft_.set(out, m.key(), v);
      }
    }
    return out;
  }
  if (base.is_array() && form_of(type, &base) == Form::kList) {
    std::vector<Value> items;
    for (const Value& item : base.items()) {
      if (random_.chance(80)) items.push_back(variant(item_type(type), item, depth + 1));
    }
    for (std::size_t i = items.size(); i > 1; --i) {
      if (random_.chance(30)) std::swap(items[i - 1], items[random_.below(i)]);
    }
    // Names may have changed or met: the list is made anew without repetitions.
    Value out = draft_.array(items.size());
    std::vector<PathElement> names;
    for (const Value& item : items) {
      PathElement name;
      auto* stored = new (draft_.arena().allocate(sizeof(Value))) Value(item);
      if (!is_atomic_list(type)) {
        if (!element_of(type, *stored, draft_.arena(), name) || std::find(names.begin(), names.end(), name) != names.end())
          continue;
        names.push_back(name);
      }
      draft_.push(out, item);
    }
    return out;
  }
  if (random_.chance(80)) return base;
  Value v = value(type, depth);
  return v.is_null() ? base : v;
}

}  // namespace plinth::api::testing
