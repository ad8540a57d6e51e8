#include "compose/schema/simple_schema.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/value_type.h"
#include "compose/errors.h"
#include "compose/schema/apply_marker.h"
#include "compose/schema/simple_type.h"

namespace plinth::compose {
namespace {

Error unexpected(const Value& value) {
  return bad_request("unexpected type: " + std::string(value_type_text(value)) +
                     " (a field is a type text or a mapping of fields)");
}

struct CustomType {
  Value schema;           // in the compiler's draft
  bool required = false;  // an alias with required=true makes every field of that type required
};

class Compiler {
 public:
  explicit Compiler(const Value& types) : types_(types) {}

  Result<Document> compile(const Value& spec) {
    TRY(load_types());
    draft_.root() = TRY(build_struct(spec));
    return std::move(draft_).finish();
  }

 private:
  Result<void> load_types();
  Result<void> load_type(const std::string& name, std::vector<std::string>& path);
  static Result<void> collect_custom(const Value& spec, std::set<std::string>& names);
  Result<Value> build_struct(const Value& spec);
  Result<Value> build_field(std::string_view name, const Value& spec, std::vector<std::string>& required);
  Result<Value> build_type(const SimpleType& type);

  const Value& types_;
  Draft draft_;
  std::map<std::string, CustomType, std::less<>> custom_;
};

// Names of custom types that a field or struct refers to, directly.
Result<void> Compiler::collect_custom(const Value& spec, std::set<std::string>& names) {
  if (spec.is_string()) {
    const auto text = spec.as_string();
    const SimpleType type = TRY(parse_simple_type(text.substr(0, text.find('|'))));
    if (type.leaf == SimpleType::Leaf::kCustom) names.insert(type.custom);
    return {};
  }
  if (!spec.is_object()) return unexpected(spec);
  for (const Member& field : spec.members()) {
    auto collected = collect_custom(field.value, names);
    if (!collected.ok()) return wrapped("field " + std::string(field.key()), collected.error());
  }
  return {};
}

Result<void> Compiler::load_types() {
  if (!types_.is_object()) return {};
  std::vector<std::string> path;
  for (const Member& type : types_.members()) TRY(load_type(std::string(type.key()), path));
  return {};
}

// Depth first, so that a type is built after those it uses. `path` leads from the first type asked for to this one.
Result<void> Compiler::load_type(const std::string& name, std::vector<std::string>& path) {
  if (custom_.count(name) > 0) return {};
  const Value* spec = types_.find(name);
  if (spec == nullptr) return bad_request("unknown type: " + name);
  if (const auto seen = std::find(path.begin(), path.end(), name); seen != path.end()) {
    std::string cycle;
    for (auto it = seen; it != path.end(); ++it) cycle += *it + " -> ";
    return bad_request("cyclic dependency in type " + name + ": graph contains a cycle: " + cycle + name);
  }
  path.push_back(name);
  std::set<std::string> uses;
  auto collected = collect_custom(*spec, uses);
  if (!collected.ok()) return wrapped("parsing type " + name, collected.error());
  for (const std::string& used : uses) {
    auto loaded = load_type(used, path);
    if (loaded.ok()) continue;
    // A cycle is told as it is; what is unknown is told where it is used.
    if (loaded.error().message().starts_with("unknown type: " + used))
      return wrapped("building schema for " + name, loaded.error());
    return loaded;
  }
  path.pop_back();
  std::vector<std::string> required;
  auto built = spec->is_string() ? build_field(name, *spec, required) : build_struct(*spec);
  if (!built.ok()) return wrapped("building schema for " + name, built.error());
  custom_[name] = {*built, !required.empty()};
  return {};
}

Result<Value> Compiler::build_struct(const Value& spec) {
  Value schema = draft_.object();
  draft_.set(schema, "type", "object");
  Value properties = draft_.object();
  std::vector<std::string> required;
  bool has_default = false;
  if (!spec.is_null() && !spec.is_object()) return unexpected(spec);
  for (const Member& field : spec.members()) {
    auto built = build_field(field.key(), field.value, required);
    if (!built.ok()) return wrapped("field " + std::string(field.key()), built.error());
    has_default = has_default || built->find("default") != nullptr;
    draft_.member(properties, field.key()) = *built;
  }
  if (properties.size() > 0) draft_.member(schema, "properties") = properties;
  if (!required.empty()) {
    std::sort(required.begin(), required.end());
    required.erase(std::unique(required.begin(), required.end()), required.end());
    Value list = draft_.array(required.size());
    for (const std::string& name : required) draft_.push(list, draft_.text(name));
    draft_.member(schema, "required") = list;
  } else if (has_default) {
    draft_.member(schema, "default") = draft_.object();
  }
  return schema;
}

Result<Value> Compiler::build_field(std::string_view name, const Value& spec, std::vector<std::string>& required) {
  if (spec.is_object()) return build_struct(spec);
  if (!spec.is_string()) return unexpected(spec);
  const SimpleField field = TRY(parse_simple_field(spec.as_string()));
  Value schema = TRY(build_type(field.type));
  if (field.type.leaf == SimpleType::Leaf::kCustom && field.type.wraps.empty() && custom_[field.type.custom].required)
    required.emplace_back(name);
  TRY(apply_markers(draft_, schema, field.markers, name, required));
  return schema;
}

Result<Value> Compiler::build_type(const SimpleType& type) {
  Value schema = draft_.object();
  switch (type.leaf) {
    case SimpleType::Leaf::kString:
      draft_.set(schema, "type", "string");
      break;
    case SimpleType::Leaf::kInteger:
      draft_.set(schema, "type", "integer");
      break;
    case SimpleType::Leaf::kBoolean:
      draft_.set(schema, "type", "boolean");
      break;
    case SimpleType::Leaf::kFloat:
      draft_.set(schema, "type", "number");
      break;
    case SimpleType::Leaf::kObject:
      draft_.set(schema, "type", "object");
      draft_.set(schema, "x-kubernetes-preserve-unknown-fields", Value::of(true));
      break;
    case SimpleType::Leaf::kCustom: {
      const auto found = custom_.find(type.custom);
      if (found == custom_.end()) return bad_request("unknown type: " + type.custom);
      schema = draft_.clone(found->second.schema);
      break;
    }
  }
  for (auto wrap = type.wraps.rbegin(); wrap != type.wraps.rend(); ++wrap) {
    Value outer = draft_.object();
    const bool array = *wrap == SimpleType::Wrap::kArray;
    draft_.set(outer, "type", array ? "array" : "object");
    draft_.member(outer, array ? "items" : "additionalProperties") = schema;
    schema = outer;
  }
  return schema;
}

}  // namespace

Result<Document> compile_simple_schema(const Value& spec, const Value& types) { return Compiler(types).compile(spec); }

}  // namespace plinth::compose
