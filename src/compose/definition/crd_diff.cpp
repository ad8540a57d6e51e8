#include "compose/definition/crd_diff.h"

#include <optional>
#include <set>

#include "base/json.h"

namespace plinth::compose {
namespace {

bool has_name(const Value& list, std::string_view name) {
  for (const Value& v : list.items()) {
    if (v.as_string() == name) return true;
  }
  return false;
}

bool has_value(const Value& list, const Value& value) {
  for (const Value& v : list.items()) {
    if (equal(v, value)) return true;
  }
  return false;
}

std::string shown(const Value& value) { return value.is_string() ? std::string(value.as_string()) : to_json(value); }

// A numeric limit: whether a larger value lets less through.
struct Limit {
  std::string_view key, name;
  bool lower;  // a minimum
};
constexpr Limit kLimits[] = {
    {"minimum", "Minimum", true},      {"maximum", "Maximum", false},  {"minLength", "MinLength", true},
    {"maxLength", "MaxLength", false}, {"minItems", "MinItems", true}, {"maxItems", "MaxItems", false},
};

// Keywords with rules of their own below; every other one is compared as a whole.
bool has_own_rule(std::string_view key) {
  for (std::string_view known :
       {"type", "properties", "required", "default", "description", "title", "example", "enum", "pattern", "items",
        "additionalProperties", "x-kubernetes-validations", "x-kubernetes-preserve-unknown-fields", "nullable"}) {
    if (key == known) return true;
  }
  for (const Limit& limit : kLimits) {
    if (key == limit.key) return true;
  }
  return false;
}

class Comparison {
 public:
  std::vector<SchemaChange> changes;

  void schema(const Value& is, const Value& wanted, const std::string& path);
  void add(bool breaking, const std::string& path, std::string text) { changes.push_back({breaking, path, std::move(text)}); }

 private:
  void properties(const Value& is, const Value& wanted, const std::string& path);
  void required(const Value& is, const Value& wanted, const std::string& path);
  void enumeration(const Value& is, const Value& wanted, const std::string& path);
  void pattern(const Value& is, const Value& wanted, const std::string& path);
  void limit(const Limit& limit, const Value& is, const Value& wanted, const std::string& path);
  void rules(const Value& is, const Value& wanted, const std::string& path);
  void nested(std::string_view key, const Value& is, const Value& wanted, const std::string& path);
  void flag(std::string_view key, const Value& is, const Value& wanted, const std::string& path);
  void others(const Value& is, const Value& wanted, const std::string& path);
};

void Comparison::schema(const Value& is, const Value& wanted, const std::string& path) {
  const std::string_view old_type = is["type"].as_string(), new_type = wanted["type"].as_string();
  if (old_type != new_type) {
    add(true, path, "Type changed from " + std::string(old_type) + " to " + std::string(new_type));
    return;
  }
  if (!equal(is["description"], wanted["description"])) add(false, path, "Description was changed");
  if (!equal(is["default"], wanted["default"])) add(false, path, "Default value was changed");
  properties(is, wanted, path);
  required(is, wanted, path);
  enumeration(is["enum"], wanted["enum"], path);
  pattern(is["pattern"], wanted["pattern"], path);
  for (const Limit& l : kLimits) limit(l, is[l.key], wanted[l.key], path);
  rules(is["x-kubernetes-validations"], wanted["x-kubernetes-validations"], path);
  nested("items", is, wanted, path);
  nested("additionalProperties", is, wanted, path);
  flag("x-kubernetes-preserve-unknown-fields", is, wanted, path);
  flag("nullable", is, wanted, path);
  others(is, wanted, path);
}

void Comparison::properties(const Value& is, const Value& wanted, const std::string& path) {
  const Value old_fields = is["properties"], new_fields = wanted["properties"];
  for (const Member& field : old_fields.members()) {
    const std::string at = path + "." + std::string(field.key());
    const Value* now = new_fields.find(field.key());
    if (now == nullptr)
      add(true, at, "Property " + std::string(field.key()) + " was removed");
    else
      schema(field.value, *now, at);
  }
  for (const Member& field : new_fields.members()) {
    if (old_fields.find(field.key()) != nullptr) continue;
    const std::string at = path + "." + std::string(field.key());
    const bool must = has_name(wanted["required"], field.key()) && field.value.find("default") == nullptr;
    add(must, at, std::string(must ? "Required" : "Optional") + " property " + std::string(field.key()) + " was added");
  }
}

void Comparison::required(const Value& is, const Value& wanted, const std::string& path) {
  for (const Value& name : wanted["required"].items()) {
    const std::string text(name.as_string());
    const Value* before = is["properties"].find(text);
    const Value* now = wanted["properties"].find(text);
    const bool defaulted = now != nullptr && now->find("default") != nullptr;
    if (!has_name(is["required"], text)) {
      // New properties were told above; the spec of the root follows from the required fields inside it.
      if (before != nullptr && !path.empty()) add(!defaulted, path, "Field " + text + " is newly required");
    } else if (before != nullptr && before->find("default") != nullptr && !defaulted) {
      add(true, path, "Default value removed from required field " + text);
    }
  }
  for (const Value& name : is["required"].items()) {
    if (!has_name(wanted["required"], name.as_string()))
      add(false, path, "Field " + std::string(name.as_string()) + " is no longer required");
  }
}

void Comparison::enumeration(const Value& is, const Value& wanted, const std::string& path) {
  if (equal(is, wanted)) return;
  if (is.is_null()) return add(true, path, "Enum " + to_json(wanted) + " was added");
  if (wanted.is_null()) return add(false, path, "Enum was removed");
  for (const Value& v : is.items()) {
    if (!has_value(wanted, v)) add(true, path, "Enum value " + shown(v) + " was removed");
  }
  for (const Value& v : wanted.items()) {
    if (!has_value(is, v)) add(false, path, "Enum value " + shown(v) + " was added");
  }
}

void Comparison::pattern(const Value& is, const Value& wanted, const std::string& path) {
  if (equal(is, wanted)) return;
  if (is.is_null())
    add(true, path, "Validation pattern " + shown(wanted) + " was added");
  else if (wanted.is_null())
    add(false, path, "Validation pattern " + shown(is) + " was removed");
  else
    add(true, path, "Validation pattern changed from " + shown(is) + " to " + shown(wanted));
}

void Comparison::limit(const Limit& limit, const Value& is, const Value& wanted, const std::string& path) {
  if (equal(is, wanted)) return;
  const std::string name(limit.name);
  if (is.is_null()) return add(true, path, name + " constraint " + shown(wanted) + " was added");
  if (wanted.is_null()) return add(false, path, name + " constraint " + shown(is) + " was removed");
  const bool grew = wanted.as_double() > is.as_double();
  add(grew == limit.lower, path,
      name + " was " + (grew ? "increased" : "decreased") + " from " + shown(is) + " to " + shown(wanted));
}

// A rule that is new or says something else may refuse what was accepted before.
void Comparison::rules(const Value& is, const Value& wanted, const std::string& path) {
  for (const Value& rule : wanted.items()) {
    if (!has_value(is, rule)) add(true, path, "Validation rule " + shown(rule["rule"]) + " was added");
  }
  for (const Value& rule : is.items()) {
    if (!has_value(wanted, rule)) add(false, path, "Validation rule " + shown(rule["rule"]) + " was removed");
  }
}

void Comparison::nested(std::string_view key, const Value& is, const Value& wanted, const std::string& path) {
  const Value before = is[key], now = wanted[key];
  if (equal(before, now)) return;
  const std::string at = path + (key == "items" ? "[]" : "{}");
  if (before.is_object() && now.is_object())
    schema(before, now, at);
  else
    add(true, at, std::string(key) + " schema was " + (before.is_null() ? "added" : now.is_null() ? "removed" : "changed"));
}

// True lets more through than false.
void Comparison::flag(std::string_view key, const Value& is, const Value& wanted, const std::string& path) {
  const bool before = is[key].as_bool(), now = wanted[key].as_bool();
  if (before != now) add(before, path, std::string(key) + (now ? " was set" : " was removed"));
}

void Comparison::others(const Value& is, const Value& wanted, const std::string& path) {
  std::set<std::string_view> keys;
  for (const Member& m : is.members()) keys.insert(m.key());
  for (const Member& m : wanted.members()) keys.insert(m.key());
  for (std::string_view key : keys) {
    if (has_own_rule(key) || equal(is[key], wanted[key])) continue;
    const Value before = is[key], now = wanted[key];
    add(true, path,
        std::string(key) + " was " +
            (before.is_null() ? "added: " + shown(now)
             : now.is_null()  ? "removed"
                              : "changed from " + shown(before) + " to " + shown(now)));
  }
}

}  // namespace

std::vector<SchemaChange> compare_crds(const Value& existing, const Value& desired) {
  Comparison out;
  const Value is = existing["spec"], wanted = desired["spec"];
  for (std::string_view key : {"group", "scope"}) {
    if (!equal(is[key], wanted[key]))
      out.add(true, std::string(key), std::string(key) + " changed from " + shown(is[key]) + " to " + shown(wanted[key]));
  }
  if (!equal(is["names"]["kind"], wanted["names"]["kind"])) {
    out.add(true, "names.kind", "kind changed from " + shown(is["names"]["kind"]) + " to " + shown(wanted["names"]["kind"]));
  }
  for (std::string_view key : {"shortNames", "categories"}) {
    if (!equal(is["names"][key], wanted["names"][key])) out.add(false, "names", std::string(key) + " were changed");
  }
  const Value* old_version = nullptr;
  const Value& new_version = wanted["versions"].items()[0];
  for (const Value& v : is["versions"].items()) {
    if (v["storage"].as_bool()) old_version = &v;
  }
  if (old_version == nullptr) return std::move(out.changes);
  if (!equal((*old_version)["name"], new_version["name"])) {
    out.add(true, "version", "Type changed from " + shown((*old_version)["name"]) + " to " + shown(new_version["name"]));
    return std::move(out.changes);
  }
  if ((*old_version)["served"].as_bool() && !new_version["served"].as_bool())
    out.add(true, "version.served", "Type changed from true to false");
  if ((*old_version)["subresources"].find("status") != nullptr && new_version["subresources"].find("status") == nullptr) {
    out.add(true, "version.subresources.status", "Property status was removed");
  }
  if (!equal((*old_version)["additionalPrinterColumns"], new_version["additionalPrinterColumns"])) {
    out.add(false, "version.additionalPrinterColumns", "Printer columns were changed");
  }
  out.schema((*old_version)["schema"]["openAPIV3Schema"], new_version["schema"]["openAPIV3Schema"], "");
  for (SchemaChange& change : out.changes) {
    if (change.path.starts_with('.')) change.path.erase(0, 1);
  }
  return std::move(out.changes);
}

Result<void> check_breaking_changes(std::string_view crd_name, const std::vector<SchemaChange>& changes) {
  constexpr std::size_t kShown = 3;
  std::string text;
  std::size_t breaking = 0;
  for (const SchemaChange& change : changes) {
    if (!change.breaking) continue;
    if (++breaking > kShown) continue;
    if (!text.empty()) text += "; ";
    text += change.text;
    // The last name alone does not say where.
    if (!change.path.empty()) text += " (" + change.path + ")";
  }
  if (breaking == 0) return {};
  if (breaking > kShown) text += "; and " + std::to_string(breaking - kShown) + " more changes";
  return bad_request("cannot update CRD " + std::string(crd_name) + ": breaking changes detected: " + text);
}

}  // namespace plinth::compose
