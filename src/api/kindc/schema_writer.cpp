#include "schema_writer.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/json.h"
#include "cpp_text.h"

namespace plinth::kindc {
namespace {

// Keys that describe the schema itself, and those that describe the field that holds it.
constexpr std::string_view kSchemaKeys[] = {"type",
                                            "format",
                                            "items",
                                            "properties",
                                            "additionalProperties",
                                            "required",
                                            "enum",
                                            "minimum",
                                            "maximum",
                                            "exclusiveMinimum",
                                            "exclusiveMaximum",
                                            "multipleOf",
                                            "minLength",
                                            "maxLength",
                                            "minItems",
                                            "maxItems",
                                            "minProperties",
                                            "maxProperties",
                                            "uniqueItems",
                                            "pattern",
                                            "nullable",
                                            "title",
                                            "description",
                                            "allOf",
                                            "anyOf",
                                            "oneOf",
                                            "not",
                                            "$ref",
                                            "x-wire",
                                            "x-wire-ref",
                                            "x-kubernetes-list-type",
                                            "x-kubernetes-list-map-keys",
                                            "x-kubernetes-map-type",
                                            "x-kubernetes-preserve-unknown-fields",
                                            "x-kubernetes-embedded-resource",
                                            "x-kubernetes-int-or-string",
                                            "x-kubernetes-group-version-kind"};
constexpr std::string_view kFieldKeys[] = {"x-pb",
                                           "x-pb-path",
                                           "x-pb-kind",
                                           "x-pointer",
                                           "x-omitempty",
                                           "x-kubernetes-patch-strategy",
                                           "x-kubernetes-patch-merge-key",
                                           "default",
                                           "description"};

template <std::size_t N>
bool among(std::string_view key, const std::string_view (&keys)[N]) {
  return std::find(std::begin(keys), std::end(keys), key) != std::end(keys);
}

std::string joined_path(const std::string& path, std::string_view step) { return path + "." + std::string(step); }

// A scalar of a schema: its key in the data, the member of Schema, and how it is written.
struct Scalar {
  std::string_view key, member;
  enum class Form { kText, kFlag, kNumber } form;
  std::string_view presence = "";  // member that says that it is there
};
constexpr Scalar kScalars[] = {
    {"title", "title", Scalar::Form::kText},
    {"nullable", "nullable", Scalar::Form::kFlag},
    {"x-kubernetes-preserve-unknown-fields", "preserve_unknown", Scalar::Form::kFlag},
    {"x-kubernetes-embedded-resource", "embedded_resource", Scalar::Form::kFlag},
    {"x-kubernetes-int-or-string", "int_or_string", Scalar::Form::kFlag},
    {"uniqueItems", "unique_items", Scalar::Form::kFlag},
    {"exclusiveMinimum", "exclusive_minimum", Scalar::Form::kFlag},
    {"exclusiveMaximum", "exclusive_maximum", Scalar::Form::kFlag},
    {"format", "format", Scalar::Form::kText},
    {"pattern", "pattern", Scalar::Form::kText},
    {"minimum", "minimum", Scalar::Form::kNumber, "has_minimum"},
    {"maximum", "maximum", Scalar::Form::kNumber, "has_maximum"},
    {"multipleOf", "multiple_of", Scalar::Form::kNumber},
    {"minLength", "min_length", Scalar::Form::kNumber},
    {"maxLength", "max_length", Scalar::Form::kNumber},
    {"minItems", "min_items", Scalar::Form::kNumber},
    {"maxItems", "max_items", Scalar::Form::kNumber},
    {"minProperties", "min_properties", Scalar::Form::kNumber},
    {"maxProperties", "max_properties", Scalar::Form::kNumber},
};

constexpr std::pair<std::string_view, std::string_view> kWires[] = {{"Time", "kTime"},
                                                                    {"MicroTime", "kMicroTime"},
                                                                    {"Duration", "kDuration"},
                                                                    {"Quantity", "kQuantity"},
                                                                    {"IntOrString", "kIntOrString"},
                                                                    {"RawExtension", "kRawExtension"},
                                                                    {"FieldsV1", "kFieldsV1"},
                                                                    {"JSON", "kJson"},
                                                                    {"JSONSchemaPropsOrBool", "kSchemaOrBool"},
                                                                    {"JSONSchemaPropsOrArray", "kSchemaOrArray"},
                                                                    {"JSONSchemaPropsOrStringArray", "kSchemaOrStringArray"},
                                                                    {"StringList", "kStringList"}};

constexpr std::pair<std::string_view, std::string_view> kTypes[] = {{"object", "kObject"}, {"array", "kArray"},
                                                                    {"string", "kString"}, {"integer", "kInteger"},
                                                                    {"number", "kNumber"}, {"boolean", "kBoolean"}};

template <std::size_t N>
std::string_view lookup(std::string_view key, const std::pair<std::string_view, std::string_view> (&table)[N]) {
  for (const auto& [from, to] : table) {
    if (from == key) return to;
  }
  return {};
}

// Types whose Go zero value is a struct: `omitempty` never leaves them out.
bool is_struct(const Value& node) {
  if (node.find("$ref") != nullptr) return true;
  const std::string_view wire = node["x-wire"].as_string();
  return !wire.empty() && wire != "StringList";
}

}  // namespace

Result<void> SchemaWriter::add_type(const std::string& name) {
  const Sourced& source = data_.types.at(name);
  const At at{source.file, name};
  const std::string body = TRY(initializer(source.document.root(), name, at));
  types_ += "constinit const Schema " + identifier(name) + " = " + body + ";\n";
  return {};
}

std::string SchemaWriter::constant(std::string_view type, std::string_view extent, const std::string& body) {
  const std::string text = std::string(type) + std::string(extent) + body;
  const auto [at, added] = shared_.emplace(text, "c" + std::to_string(shared_.size()));
  // The slots of a schema are computed from its fields at compile time.
  if (added)
    constants_ += (type == "Field" ? "constexpr " : "constinit const ") + std::string(type) + " " + at->second +
                  std::string(extent) + " = " + body + ";\n";
  return at->second;
}

std::string SchemaWriter::strings(const Value& list) {
  std::string body = "{";
  for (const Value& one : list.items()) body += literal(one.as_string()) + ", ";
  return constant("std::string_view", "[]", body + "}");
}

Result<Value> SchemaWriter::resolve(const Value& node, const At& at) {
  const Value* ref = node.find("$ref");
  if (ref == nullptr) return node;
  const auto found = data_.types.find(std::string(ref->as_string()));
  if (found == data_.types.end()) return data_error(at.file, at.path, "$ref to unknown type " + std::string(ref->as_string()));
  return found->second.document.root();
}

Result<std::string> SchemaWriter::schema(const Value& node, const At& at) {
  if (!node.is_object()) return data_error(at.file, at.path, "is not a schema");
  for (const Member& m : node.members()) {
    if (!among(m.key(), kSchemaKeys) && !among(m.key(), kFieldKeys))
      return data_error(at.file, at.path, "unknown key " + std::string(m.key()));
  }
  if (node.find("$ref") == nullptr) return "&" + constant("Schema", "", TRY(initializer(node, "", at)));
  const Value target = TRY(resolve(node, at));
  const std::string_view name = node["$ref"].as_string();
  bool plain = true;
  Draft merged;
  merged.root() = merged.clone(target);
  for (const Member& m : node.members()) {
    if (m.key() == "$ref" || among(m.key(), kFieldKeys)) continue;
    plain = false;
    merged.set(merged.root(), m.key(), merged.clone(m.value));
  }
  if (plain) return "&" + identifier(name);
  return "&" + constant("Schema", "", TRY(initializer(merged.root(), name, at)));
}

Result<std::string> SchemaWriter::initializer(const Value& node, std::string_view name, const At& at) {
  for (const Member& m : node.members()) {
    if (!among(m.key(), kSchemaKeys) && !among(m.key(), kFieldKeys))
      return data_error(at.file, at.path, "unknown key " + std::string(m.key()));
  }
  // In the order of Schema's members, as designated initializers require.
  std::string out = "{";
  if (!name.empty()) {
    out += ".name = " + literal(name) + ", ";
    if (const Value* text = node.find("description")) out += ".description = " + literal(text->as_string()) + ", ";
  }
  out += TRY(scalars(node, at));
  return out + "}";
}

Result<std::string> SchemaWriter::scalars(const Value& node, const At& at) {
  std::map<std::string, std::string> parts;
  if (const Value* type = node.find("type")) {
    const std::string_view symbol = lookup(type->as_string(), kTypes);
    if (symbol.empty()) return data_error(at.file, at.path, "unknown type " + to_json(*type));
    parts["type"] = "SchemaType::" + std::string(symbol);
  }
  for (const Scalar& scalar : kScalars) {
    const Value* v = node.find(scalar.key);
    if (v == nullptr) continue;
    switch (scalar.form) {
      case Scalar::Form::kText:
        parts[std::string(scalar.member)] = literal(v->as_string());
        break;
      case Scalar::Form::kFlag:
        parts[std::string(scalar.member)] = v->as_bool() ? "true" : "false";
        break;
      case Scalar::Form::kNumber:
        parts[std::string(scalar.member)] = number(*v);
        break;
    }
    if (!scalar.presence.empty()) parts[std::string(scalar.presence)] = "true";
  }
  static constexpr std::string_view kOrder[] = {"title",
                                                "type",
                                                "wire",
                                                "list_type",
                                                "map_type",
                                                "nullable",
                                                "preserve_unknown",
                                                "embedded_resource",
                                                "int_or_string",
                                                "builtin",
                                                "unique_items",
                                                "exclusive_minimum",
                                                "exclusive_maximum",
                                                "has_minimum",
                                                "has_maximum",
                                                "format",
                                                "pattern",
                                                "minimum",
                                                "maximum",
                                                "multiple_of",
                                                "min_length",
                                                "max_length",
                                                "min_items",
                                                "max_items",
                                                "min_properties",
                                                "max_properties"};
  parts["builtin"] = "true";
  const std::string wire_symbol = TRY(wire(node, at));
  if (!wire_symbol.empty()) parts["wire"] = "Wire::" + wire_symbol;
  if (const Value* list = node.find("x-kubernetes-list-type")) {
    const std::string_view text = list->as_string();
    if (text != "atomic" && text != "set" && text != "map")
      return data_error(at.file, at.path, "unknown list type " + std::string(text));
    parts["list_type"] = text == "set" ? "ListType::kSet" : text == "map" ? "ListType::kMap" : "ListType::kAtomic";
  }
  if (const Value* map = node.find("x-kubernetes-map-type")) {
    const std::string_view text = map->as_string();
    if (text != "atomic" && text != "granular") return data_error(at.file, at.path, "unknown map type " + std::string(text));
    parts["map_type"] = text == "atomic" ? "MapType::kAtomic" : "MapType::kGranular";
  }
  std::string out;
  for (std::string_view key : kOrder) {
    const auto found = parts.find(std::string(key));
    if (found != parts.end()) out += "." + found->first + " = " + found->second + ", ";
  }
  out += TRY(list_form(node, at));
  return out;
}

Result<std::string> SchemaWriter::wire(const Value& node, const At& at) {
  if (const Value* v = node.find("x-wire")) {
    const std::string_view symbol = lookup(v->as_string(), kWires);
    if (symbol.empty()) return data_error(at.file, at.path, "unknown x-wire " + to_json(*v));
    return std::string(symbol);
  }
  if (node["type"].as_string() == "string" && node["format"].as_string() == "byte") return std::string("kBytes");
  return std::string();
}

Result<std::string> SchemaWriter::list_form(const Value& node, const At& at) {
  std::string out = TRY(fields(node, at));
  if (const Value* more = node.find("additionalProperties")) {
    out += ".additional = " + TRY(schema(*more, {at.file, at.path + ".*"})) + ", ";
  } else if (const Value* ref = node.find("x-wire-ref")) {
    if (data_.types.count(std::string(ref->as_string())) == 0)
      return data_error(at.file, at.path, "x-wire-ref to unknown type " + to_json(*ref));
    out += ".additional = &" + identifier(ref->as_string()) + ", ";
  }
  if (const Value* items = node.find("items")) out += ".items = " + TRY(schema(*items, {at.file, at.path + "[]"})) + ", ";
  if (const Value* keys = node.find("x-kubernetes-list-map-keys")) {
    TRY(check_list_keys(node, at));
    out += ".list_map_keys = " + strings(*keys) + ", ";
  }
  if (const Value* values = node.find("enum"); values != nullptr && values->size() > 0) {
    std::string body = "{";
    for (const Value& v : values->items()) body += TRY(value_expression(v, at)) + ", ";
    out += ".enum_values = " + constant("Value", "[]", body + "}") + ", ";
  }
  out += TRY(logic(node, at));
  return out;
}

Result<void> SchemaWriter::check_list_keys(const Value& node, const At& at) {
  const Value* items = node.find("items");
  if (items == nullptr) return data_error(at.file, at.path, "x-kubernetes-list-map-keys without items");
  const Value target = TRY(resolve(*items, at));
  for (const Value& key : node["x-kubernetes-list-map-keys"].items()) {
    if (target["properties"].find(key.as_string()) == nullptr)
      return data_error(at.file, at.path, "list map key " + to_json(key) + " is no property of the items");
  }
  return {};
}

Result<std::string> SchemaWriter::logic(const Value& node, const At& at) {
  std::string out;
  static constexpr std::pair<std::string_view, std::string_view> kLists[] = {
      {"allOf", "all_of"}, {"anyOf", "any_of"}, {"oneOf", "one_of"}};
  if (node.find("properties") == nullptr && node.find("required") != nullptr)
    out += ".required = " + strings(node["required"]) + ", ";
  for (const auto& [key, member] : kLists) {
    const Value* list = node.find(key);
    if (list == nullptr) continue;
    std::string body = "{";
    for (const Value& one : list->items()) body += TRY(schema(one, {at.file, joined_path(at.path, key)})) + ", ";
    out += "." + std::string(member) + " = " + constant("Schema* const", "[]", body + "}") + ", ";
  }
  if (const Value* one = node.find("not")) out += ".not_ = " + TRY(schema(*one, {at.file, at.path + ".not"})) + ", ";
  return out;
}

Result<std::string> SchemaWriter::fields(const Value& node, const At& at) {
  const Value* properties = node.find("properties");
  if (properties == nullptr) return std::string();
  std::vector<const Member*> sorted;
  for (const Member& m : properties->members()) sorted.push_back(&m);
  std::sort(sorted.begin(), sorted.end(), [](const Member* a, const Member* b) { return a->key() < b->key(); });
  const auto required = node["required"].items();
  for (const Value& name : required) {
    if (properties->find(name.as_string()) == nullptr)
      return data_error(at.file, at.path, "requires unknown property " + to_json(name));
  }
  std::string body = "{\n";
  for (const Member* m : sorted) {
    const bool is_required =
        std::any_of(required.begin(), required.end(), [&](const Value& v) { return v.as_string() == m->key(); });
    body += "  " + TRY(field(*m, is_required, {at.file, joined_path(at.path, m->key())})) + ",\n";
  }
  const std::string table = constant("Field", "[]", body + "}");
  std::string out = ".fields = " + table + ", ";
  // The limits are those of field_slots.h.
  if (sorted.size() >= 4 && sorted.size() <= 127) out += ".slots = " + constant("auto", "", "make_slots(" + table + ")") + ", ";
  return out;
}

Result<std::string> SchemaWriter::field(const Member& property, bool required, const At& at) {
  const Value& node = property.value;
  std::string out = "{.name = " + literal(property.key()) + ", .schema = " + TRY(schema(node, at));
  if (required) out += ", .required = true";
  const bool pointer = node["x-pointer"].as_bool();
  if (pointer) out += ", .pointer = true";
  const Value omit = node["x-omitempty"];
  const bool omits = omit.as_string() == "omitzero" || (omit.as_bool() && (pointer || !is_struct(node)));
  if (!omits) out += ", .omit_empty = false";
  if (const Value* strategy = node.find("x-kubernetes-patch-strategy")) {
    std::string bits = "kPatchNone";
    for (const auto& [word, bit] :
         {std::pair{"merge", " | kPatchMerge"}, {"replace", " | kPatchReplace"}, {"retainKeys", " | kPatchRetainKeys"}}) {
      if (strategy->as_string().find(word) != std::string_view::npos) bits += bit;
    }
    out += ", .patch_strategy = " + bits;
  }
  if (const Value* key = node.find("x-kubernetes-patch-merge-key")) out += ", .patch_merge_key = " + literal(key->as_string());
  std::string numbers;
  if (const Value* one = node.find("x-pb")) numbers = number(*one);
  for (const Value& one : node["x-pb-path"].items()) numbers += (numbers.empty() ? "" : ", ") + number(one);
  if (!numbers.empty()) out += ", .pb_path = " + constant("std::uint16_t", "[]", "{" + numbers + "}");
  if (const Value* value = node.find("default")) out += ", .default_value = " + TRY(default_of(*value, at));
  if (const Value* text = node.find("description")) out += ", .description = " + literal(text->as_string());
  return out + "}";
}

Result<std::string> SchemaWriter::default_of(const Value& value, const At& at) {
  return "&" + constant("Value", "", TRY(value_expression(value, at)));
}

Result<std::string> SchemaWriter::value_expression(const Value& value, const At& at) {
  switch (value.type()) {
    case Value::Type::kNull:
      return std::string("Value()");
    case Value::Type::kBool:
      return std::string(value.as_bool() ? "Value::of(true)" : "Value::of(false)");
    case Value::Type::kInt:
      return "Value::of(std::int64_t{" + number(value) + "})";
    case Value::Type::kString:
      return "Value::ref(" + literal(value.as_string()) + ")";
    case Value::Type::kDouble:
      return data_error(at.file, at.path, "fractions are not supported in constants");
    case Value::Type::kArray:
    case Value::Type::kObject:
      break;
  }
  std::string body = "{{" + std::to_string(value.size()) + ", " + std::to_string(value.size()) + ", nullptr}, {";
  for (const Value& item : value.items()) body += TRY(value_expression(item, at)) + ", ";
  for (const Member& m : value.members()) {
    body +=
        "{" + literal(m.key()) + ", " + std::to_string(m.key().size()) + ", 0, " + TRY(value_expression(m.value, at)) + "}, ";
  }
  const std::string type = (value.is_array() ? "StaticItems<" : "StaticMembers<") + std::to_string(value.size()) + ">";
  return std::string(value.is_array() ? "static_array(" : "static_object(") + constant(type, "", body + "}}") + ")";
}

}  // namespace plinth::kindc
