#include "api/structural.h"

#include <algorithm>

#include "api/pattern_cache.h"

namespace plinth::api {
namespace {

enum class Level { kRoot, kItem, kField };

bool flag(const Value& node, std::string_view key) { return node[key].as_bool(); }
std::string_view type_of(const Value& node) { return node["type"].as_string(); }

// anyOf: [{type: integer}, {type: string}], which may stand beside x-kubernetes-int-or-string.
bool is_int_or_string_pattern(const Value& any_of) {
  const auto items = any_of.items();
  return items.size() == 2 && items[0].size() == 1 && items[1].size() == 1 && type_of(items[0]) == "integer" &&
         type_of(items[1]) == "string";
}

class StructuralChecker {
 public:
  explicit StructuralChecker(FieldErrors& errors) : errors_(errors) {}

  void node(const Value& s, Level level, const std::string& path) {
    const Value* items = s.find("items");
    if (type_of(s) == "array" && items == nullptr) errors_.push_back(field_required(child(path, "items"), "must be specified"));
    if (items != nullptr && items->is_object()) node(*items, Level::kItem, child(path, "items"));
    for (const Member& m : s["properties"].members()) node(m.value, Level::kField, keyed(child(path, "properties"), m.key()));
    if (const Value* more = s.find("additionalProperties")) {
      if (level == Level::kRoot)
        errors_.push_back(field_forbidden(child(path, "additionalProperties"), "must not be used at the root"));
      if (more->is_object()) node(*more, Level::kField, child(path, "additionalProperties"));
    }
    extensions(s, path);
    const bool skip_any_of = is_int_or_string_pattern(s["anyOf"]);
    const bool skip_first_all_of = s["allOf"].size() > 0 && is_int_or_string_pattern(s["allOf"].items()[0]["anyOf"]);
    values(s, skip_any_of, skip_first_all_of, path);
    type(s, level, path);
    metadata(s, level, path);
  }

  // Logic at `s` (found at `logic_path`) may only speak of what `declared` declares.
  void completeness(const Value& s, const Value* declared, const std::string& declared_path, const std::string& logic_path) {
    if (const Value* one = s.find("not")) nested_completeness(*one, declared, declared_path, child(logic_path, "not"));
    for (std::string_view key : {"allOf", "anyOf", "oneOf"}) {
      const auto branches = s[key].items();
      for (std::size_t i = 0; i < branches.size(); ++i)
        nested_completeness(branches[i], declared, declared_path, index(child(logic_path, key), i));
    }
  }

 private:
  void forbid(const std::string& path, std::string_view key, std::string_view what) {
    errors_.push_back(field_forbidden(child(path, key), std::string(what) + " to be structural"));
  }

  void extensions(const Value& s, const std::string& path) {
    if (!flag(s, "x-kubernetes-int-or-string")) return;
    for (std::string_view key : {"x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource"}) {
      if (flag(s, key))
        errors_.push_back(
            field_invalid(child(path, key), Value::of(true), "must be false if x-kubernetes-int-or-string is true"));
    }
  }

  void values(const Value& s, bool skip_any_of, bool skip_first_all_of, const std::string& path) {
    for (std::string_view key : {"anyOf", "allOf", "oneOf"}) {
      if (key == "anyOf" && skip_any_of) continue;
      const auto branches = s[key].items();
      for (std::size_t i = 0; i < branches.size(); ++i)
        nested(branches[i], key == "allOf" && i == 0 && skip_first_all_of, index(child(path, key), i));
    }
    if (const Value* one = s.find("not")) nested(*one, false, child(path, "not"));
    const std::string_view pattern = s["pattern"].as_string();
    if (pattern.empty()) return;
    const std::string broken = pattern_error(pattern);
    if (!broken.empty())
      errors_.push_back(
          field_invalid(child(path, "pattern"), pattern, "must be a valid regular expression, but isn't: " + broken));
  }

  // Below logic.
  void nested(const Value& s, bool skip_any_of, const std::string& path) {
    values(s, skip_any_of, false, path);
    const Value* items = s.find("items");
    if (items != nullptr && items->is_object()) nested(*items, false, child(path, "items"));
    for (const Member& m : s["properties"].members()) nested(m.value, false, keyed(child(path, "properties"), m.key()));
    if (!type_of(s).empty()) forbid(path, "type", "must be empty");
    if (s.find("additionalProperties") != nullptr) forbid(path, "additionalProperties", "must be undefined");
    if (s.find("default") != nullptr) forbid(path, "default", "must be undefined");
    if (!s["title"].as_string().empty()) forbid(path, "title", "must be empty");
    if (!s["description"].as_string().empty()) forbid(path, "description", "must be empty");
    if (flag(s, "nullable")) forbid(path, "nullable", "must be false");
    for (std::string_view key :
         {"x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource", "x-kubernetes-int-or-string"}) {
      if (flag(s, key)) forbid(path, key, "must be false");
    }
    for (std::string_view key : {"x-kubernetes-list-map-keys", "x-kubernetes-validations"}) {
      if (s[key].size() > 0) forbid(path, key, "must be empty");
    }
    for (std::string_view key : {"x-kubernetes-list-type", "x-kubernetes-map-type"}) {
      if (s.find(key) != nullptr) forbid(path, key, "must be undefined");
    }
    if (s["properties"].find("metadata") != nullptr) {
      errors_.push_back(
          field_forbidden(keyed(child(path, "properties"), "metadata"), "must not be specified in a nested context"));
    }
  }

  void type(const Value& s, Level level, const std::string& path) {
    const std::string_view type = type_of(s);
    const std::string at = child(path, "type");
    const bool embedded = flag(s, "x-kubernetes-embedded-resource");
    const bool preserve = flag(s, "x-kubernetes-preserve-unknown-fields");
    if (embedded && type != "object") {
      static constexpr std::string_view kWhat = "must be object if x-kubernetes-embedded-resource is true";
      errors_.push_back(type.empty() ? field_required(at, std::string(kWhat)) : field_invalid(at, type, std::string(kWhat)));
    } else if (type.empty() && !flag(s, "x-kubernetes-int-or-string") && !preserve) {
      errors_.push_back(field_required(at, level == Level::kRoot   ? "must not be empty at the root"
                                           : level == Level::kItem ? "must not be empty for specified array items"
                                                                   : "must not be empty for specified object fields"));
    }
    if (embedded && s.find("additionalProperties") != nullptr) {
      errors_.push_back(
          field_forbidden(child(path, "additionalProperties"), "must not be used if x-kubernetes-embedded-resource is set"));
    }
    if (level == Level::kRoot && !type.empty() && type != "object")
      errors_.push_back(field_invalid(at, type, "must be object at the root"));
    if (embedded && !preserve && s["properties"].size() == 0) {
      errors_.push_back(field_required(
          child(path, "properties"),
          "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields"));
    }
  }

  void metadata(const Value& s, Level level, const std::string& path) {
    const bool checked = level == Level::kRoot || flag(s, "x-kubernetes-embedded-resource");
    if (!checked) return;
    const Value properties = s["properties"];
    const auto at = [&](std::string_view name) { return keyed(child(path, "properties"), name); };
    for (std::string_view name : {"kind", "apiVersion"}) {
      const Value* v = properties.find(name);
      if (v != nullptr && type_of(*v) != "string")
        errors_.push_back(field_invalid(child(at(name), "type"), type_of(*v), "must be string"));
    }
    const Value* meta = properties.find("metadata");
    if (meta == nullptr) return;
    if (type_of(*meta) != "object")
      errors_.push_back(field_invalid(child(at("metadata"), "type"), type_of(*meta), "must be object"));
    if (level != Level::kRoot || restricts_names_only(*meta)) return;
    errors_.push_back(field_forbidden(
        at("metadata"), "must not specify anything other than name and generateName, but metadata is implicitly specified"));
  }

  static bool restricts_names_only(const Value& meta) {
    for (const Member& m : meta.members()) {
      if (m.key() == "type" || m.key() == "default") continue;
      if (m.key() != "properties") return false;
      for (const Member& p : m.value.members()) {
        if (p.key() != "name" && p.key() != "generateName") return false;
      }
    }
    return true;
  }

  void nested_completeness(const Value& v, const Value* declared, const std::string& declared_path,
                           const std::string& logic_path) {
    if (declared == nullptr) {
      errors_.push_back(field_required(declared_path, "because it is defined in " + logic_path));
      return;
    }
    completeness(v, declared, declared_path, logic_path);
    if (const Value* items = v.find("items"))
      nested_completeness(*items, declared->find("items"), child(declared_path, "items"), child(logic_path, "items"));
    for (const Member& m : v["properties"].members()) {
      const Value* below = (*declared)["properties"].find(m.key());
      nested_completeness(m.value, below, keyed(child(declared_path, "properties"), m.key()),
                          keyed(child(logic_path, "properties"), m.key()));
    }
  }

  FieldErrors& errors_;
};

}  // namespace

FieldErrors check_structural(const Value& schema, std::string_view path) {
  FieldErrors errors;
  StructuralChecker checker(errors);
  const std::string at(path);
  checker.node(schema, Level::kRoot, at);
  checker.completeness(schema, &schema, at, at);
  std::stable_sort(errors.begin(), errors.end(), [](const FieldError& a, const FieldError& b) { return a.text() < b.text(); });
  return errors;
}

}  // namespace plinth::api
