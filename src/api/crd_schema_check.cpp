// check_crd_schema(): keywords, structure, defaults.
#include <algorithm>
#include <array>

#include "api/cel/rule_check.h"
#include "api/crd_schema.h"
#include "api/prune.h"
#include "api/structural.h"
#include "api/validate.h"

namespace plinth::api {
namespace {

bool is_meta(std::string_view key) { return key == "metadata" || key == "kind" || key == "apiVersion"; }

// What the walk has passed through.
struct Context {
  bool root = false;
  bool inside_meta = false;
  std::string_view no_defaults;  // why defaults are refused here; "" where they are not
  RuleContext rules;
};

class KeywordChecker {
 public:
  KeywordChecker(FieldErrors& errors, RuleChecker& rules) : errors_(errors), rules_(rules) {}

  // Rules are looked at where nothing else is wrong at their place or below it.
  void walk(const Value& s, const std::string& path, const Context& context) {
    const std::size_t before = errors_.size();
    unsupported(s, path, context);
    extensions(s, path);
    below(s, path, context);
    if (s["x-kubernetes-validations"].size() == 0) return;
    check_rule_forms(s, context.rules, path, errors_);
    if (errors_.size() == before) rules_.check(s, context.rules, path);
  }

 private:
  void forbid(const std::string& path, std::string_view key, std::string detail) {
    errors_.push_back(field_forbidden(child(path, key), std::move(detail)));
  }

  void unsupported(const Value& s, const std::string& path, const Context& context) {
    static constexpr std::array<std::string_view, 6> kTypes = {"array", "boolean", "integer", "number", "object", "string"};
    const std::string_view type = s["type"].as_string();
    if (!type.empty() && std::find(kTypes.begin(), kTypes.end(), type) == kTypes.end()) {
      errors_.push_back(field_not_supported(child(path, "type"), s["type"], kTypes));
    }
    if (s.find("default") != nullptr && !context.no_defaults.empty())
      forbid(path, "default", "must not be set " + std::string(context.no_defaults));
    for (std::string_view key : {"id", "additionalItems", "patternProperties", "definitions", "dependencies", "$ref"}) {
      if (s.find(key) != nullptr) forbid(path, key, std::string(key) + " is not supported");
    }
    if (type == "null") forbid(path, "type", "type cannot be set to null, use nullable as an alternative");
    if (s["items"].is_array()) forbid(path, "items", "items must be a schema object and not an array");
    if (context.inside_meta && s["x-kubernetes-embedded-resource"].as_bool())
      forbid(path, "x-kubernetes-embedded-resource", "must not be used inside of resource meta");
    if (s["uniqueItems"].as_bool())
      forbid(path, "uniqueItems", "uniqueItems cannot be set to true since the runtime complexity becomes quadratic");
    const Value* more = s.find("additionalProperties");
    if (more != nullptr && s["properties"].size() > 0 && !(more->is_bool() && more->as_bool())) {
      forbid(path, "additionalProperties", "additionalProperties and properties are mutual exclusive");
    }
  }

  void below(const Value& s, const std::string& path, const Context& context) {
    Context inner = context;
    inner.root = false;
    inner.rules = {};
    if (const Value* more = s.find("additionalProperties"); more != nullptr && more->is_object()) {
      Context map = inner;
      map.rules = context.rules.values(s);
      if (context.inside_meta) map.no_defaults = "inside additionalProperties applying to object metadata";
      walk(*more, child(path, "additionalProperties"), map);
    }
    for (const Member& m : s["properties"].members()) {
      Context property = inner;
      property.rules = context.rules.property(s, m.key());
      if ((context.root || s["x-kubernetes-embedded-resource"].as_bool()) && is_meta(m.key())) {
        property.inside_meta = true;
        if (context.root)
          property.no_defaults = m.key() == "metadata" ? "in top-level metadata"
                                 : m.key() == "kind"   ? "in top-level kind"
                                                       : "in top-level apiVersion";
      }
      walk(m.value, keyed(child(path, "properties"), m.key()), property);
    }
    if (const Value* one = s.find("not")) walk(*one, child(path, "not"), inner);
    for (std::string_view key : {"allOf", "oneOf", "anyOf"}) {
      const auto branches = s[key].items();
      for (std::size_t i = 0; i < branches.size(); ++i) walk(branches[i], index(child(path, key), i), inner);
    }
    if (const Value* items = s.find("items"); items != nullptr && items->is_object()) {
      inner.rules = context.rules.items(s, path);
      walk(*items, child(path, "items"), inner);
    }
  }

  void type_must_be(const Value& s, const std::string& path, std::string_view wanted, std::string_view keyword) {
    const std::string_view type = s["type"].as_string();
    std::string what = "must be " + std::string(wanted) + " if " + std::string(keyword) + " is specified";
    if (type.empty())
      errors_.push_back(field_required(child(path, "type"), std::move(what)));
    else if (type != wanted)
      errors_.push_back(field_invalid(child(path, "type"), type, std::move(what)));
  }

  void extensions(const Value& s, const std::string& path) {
    static constexpr std::array<std::string_view, 2> kMapTypes = {"atomic", "granular"};
    static constexpr std::array<std::string_view, 3> kListTypes = {"atomic", "set", "map"};
    const Value* preserve = s.find("x-kubernetes-preserve-unknown-fields");
    if (preserve != nullptr && !preserve->as_bool()) {
      errors_.push_back(
          field_invalid(child(path, "x-kubernetes-preserve-unknown-fields"), *preserve, "must be true or undefined"));
    }
    if (const Value* map = s.find("x-kubernetes-map-type")) {
      type_must_be(s, path, "object", "x-kubernetes-map-type");
      if (std::find(kMapTypes.begin(), kMapTypes.end(), map->as_string()) == kMapTypes.end()) {
        errors_.push_back(field_not_supported(child(path, "x-kubernetes-map-type"), *map, kMapTypes));
      }
    }
    const std::string_view list = s["x-kubernetes-list-type"].as_string();
    if (s.find("x-kubernetes-list-type") != nullptr) {
      type_must_be(s, path, "array", "x-kubernetes-list-type");
      if (std::find(kListTypes.begin(), kListTypes.end(), list) == kListTypes.end()) {
        errors_.push_back(field_not_supported(child(path, "x-kubernetes-list-type"), Value::ref(list), kListTypes));
      }
    }
    if (s["x-kubernetes-list-map-keys"].size() > 0 && list != "map") {
      static constexpr std::string_view kWhat = "must be map if x-kubernetes-list-map-keys is non-empty";
      const std::string at = child(path, "x-kubernetes-list-type");
      errors_.push_back(list.empty() ? field_required(at, std::string(kWhat)) : field_invalid(at, list, std::string(kWhat)));
    }
    if (list == "set") set_items(s["items"], child(path, "items"));
    if (list == "map") map_items(s, path);
    if ((list == "set" || list == "map") && s["items"]["nullable"].as_bool()) {
      errors_.push_back(field_forbidden(child(path, "items.nullable"),
                                        "cannot be nullable when x-kubernetes-list-type is " + std::string(list)));
    }
  }

  void set_items(const Value& items, const std::string& path) {
    static constexpr std::string_view kWhat = "must be atomic as item of a list with x-kubernetes-list-type=set";
    const Value list = items["x-kubernetes-list-type"], map = items["x-kubernetes-map-type"];
    if (items["type"].as_string() == "array" && !list.is_null() && list.as_string() != "atomic") {
      errors_.push_back(field_invalid(child(path, "x-kubernetes-list-type"), list, std::string(kWhat)));
    }
    if (items["type"].as_string() == "object" && map.as_string() != "atomic") {
      errors_.push_back(field_invalid(child(path, "x-kubernetes-map-type"), map, std::string(kWhat)));
    }
  }

  void map_items(const Value& s, const std::string& path) {
    const Value keys = s["x-kubernetes-list-map-keys"];
    const std::string keys_path = child(path, "x-kubernetes-list-map-keys");
    const std::string items_path = child(path, "items");
    if (keys.size() == 0) errors_.push_back(field_required(keys_path, "must not be empty if x-kubernetes-list-type is map"));
    const Value* items = s.find("items");
    if (items == nullptr) {
      errors_.push_back(field_required(items_path, "must have a schema if x-kubernetes-list-type is map"));
      return;
    }
    if ((*items)["type"].as_string() != "object") {
      errors_.push_back(field_invalid(child(items_path, "type"), (*items)["type"].as_string(),
                                      "must be object if parent array's x-kubernetes-list-type is map"));
      return;
    }
    std::vector<std::string_view> seen;
    for (const Value& key : keys.items()) {
      map_key(*items, key.as_string(), keys, keys_path, items_path);
      if (std::find(seen.begin(), seen.end(), key.as_string()) != seen.end())
        errors_.push_back(field_invalid(keys_path, keys, "must not contain duplicate entries"));
      seen.push_back(key.as_string());
    }
  }

  void map_key(const Value& items, std::string_view key, const Value& keys, const std::string& keys_path,
               const std::string& items_path) {
    const Value* property = items["properties"].find(key);
    if (property == nullptr) {
      errors_.push_back(field_invalid(keys_path, keys, "entries must all be names of item properties"));
      return;
    }
    const std::string at = keyed(child(items_path, "properties"), key);
    const std::string_view type = (*property)["type"].as_string();
    if (type == "array" || type == "object") {
      errors_.push_back(field_invalid(child(at, "type"), items["type"].as_string(),
                                      "must be a scalar type if parent array's x-kubernetes-list-type is map"));
    }
    const auto required = items["required"].items();
    const bool is_required =
        std::any_of(required.begin(), required.end(), [&](const Value& r) { return r.as_string() == key; });
    if (!is_required && property->find("default") == nullptr) {
      errors_.push_back(field_required(
          child(at, "default"),
          "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property"));
    }
    if ((*property)["nullable"].as_bool()) {
      errors_.push_back(
          field_forbidden(child(at, "nullable"), "this property is in x-kubernetes-list-map-keys, so it cannot be nullable"));
    }
  }

  FieldErrors& errors_;
  RuleChecker& rules_;
};

// Each default is checked against the schema at its place.
class DefaultChecker {
 public:
  DefaultChecker(PatternCache& patterns, FieldErrors& errors) : patterns_(patterns), errors_(errors) {}

  void walk(const Schema& s, const std::string& path) {
    if (s.items != nullptr) node(*s.items, s.items->default_value, child(path, "items"));
    for (const Field& field : s.fields) node(*field.schema, field.default_value, keyed(child(path, "properties"), field.name));
  }

 private:
  void node(const Schema& s, const Value* def, const std::string& path) {
    if (def != nullptr && !def->is_null()) check(s, *def, child(path, "default"));
    walk(s, path);
  }

  void check(const Schema& s, const Value& def, const std::string& path) {
    Draft draft;
    Value pruned = draft.clone(def);
    prune(draft, pruned, s, {s.embedded_resource, nullptr});
    if (!equal(pruned, def)) {
      errors_.push_back(field_invalid(path, def, "must not have unknown fields"));
      return;
    }
    FieldErrors found = validate(s, def, {nullptr, &patterns_});
    for (FieldError& error : found) {
      const std::string name = error.field;
      error.field = name.empty() || name == "<nil>" ? path : path + (name[0] == '[' ? "" : ".") + name;
      errors_.push_back(std::move(error));
    }
  }

  PatternCache& patterns_;
  FieldErrors& errors_;
};

// With a status subresource the schema of status stands alone, so the root may hold little else.
void check_root_keys(const Value& s, const std::string& path, FieldErrors& errors) {
  static constexpr std::string_view kRefused[] = {"enum",
                                                  "maxProperties",
                                                  "minProperties",
                                                  "allOf",
                                                  "oneOf",
                                                  "anyOf",
                                                  "not",
                                                  "additionalProperties",
                                                  "default",
                                                  "nullable",
                                                  "x-kubernetes-embedded-resource",
                                                  "x-kubernetes-int-or-string",
                                                  "x-kubernetes-list-type",
                                                  "x-kubernetes-list-map-keys",
                                                  "x-kubernetes-map-type"};
  const std::string_view type = s["type"].as_string();
  if (!type.empty() && type != "object") {
    errors.push_back(
        field_invalid(child(path, "type"), type,
                      "only \"object\" is allowed as the type at the root of the schema if the status subresource is enabled"));
    return;
  }
  for (std::string_view key : kRefused) {
    if (s.find(key) == nullptr) continue;
    errors.push_back(field_invalid(path, s,
                                   "only [Description Type Format Title Maximum ExclusiveMaximum Minimum ExclusiveMinimum "
                                   "MaxLength MinLength Pattern MaxItems MinItems UniqueItems "
                                   "MultipleOf Required Items Properties ExternalDocs Example XPreserveUnknownFields "
                                   "XValidations] fields are allowed at the root of the schema if "
                                   "the status subresource is enabled"));
    return;
  }
}

}  // namespace

FieldErrors check_crd_schema(const Document& document, std::string_view path, bool status_subresource, bool is_unchanged) {
  FieldErrors errors;
  const Value& schema = document.root();
  const std::string at(path);
  if (status_subresource) check_root_keys(schema, at, errors);
  if (schema["nullable"].as_bool())
    errors.push_back(field_forbidden(child(at, "nullable"), "nullable cannot be true at the root"));
  FieldErrors structural = check_structural(schema, at);
  RuleContext rules;
  CompiledSchemaPtr compiled;
  if (structural.empty()) {
    compiled = compile_schema(document);
    const std::size_t before = errors.size();
    DefaultChecker(compiled->patterns(), errors).walk(compiled->root(), at);
    if (errors.size() == before) rules = RuleContext::of_root(compiled->root());
  }
  for (FieldError& error : structural) errors.push_back(std::move(error));
  RuleChecker checker(compiled, is_unchanged);
  KeywordChecker(errors, checker).walk(schema, at, {true, false, "", rules});
  checker.finish(at, errors);
  return errors;
}

}  // namespace plinth::api
