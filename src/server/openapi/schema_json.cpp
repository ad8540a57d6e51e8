#include "server/openapi/schema_json.h"

#include <algorithm>

#include "base/json.h"

namespace plinth::server {
namespace {

using api::Field;
using api::Schema;
using api::SchemaType;

class Printer {
 public:
  Printer(std::string& out, OpenApiVersion version, ReferencedTypes& types) : out_(out), version_(version), types_(types) {}

  void open() { out_ += '{'; }
  void close() { out_ += '}'; }
  void key(std::string_view name) {
    if (out_.back() != '{' && out_.back() != '[') out_ += ',';
    append_json_string(out_, name);
    out_ += ':';
  }
  void text(std::string_view name, std::string_view value) {
    if (value.empty()) return;
    key(name);
    append_json_string(out_, value);
  }
  void number(std::string_view name, std::int64_t value) {
    if (value < 0) return;
    key(name);
    out_ += std::to_string(value);
  }
  void flag(std::string_view name, bool value) {
    if (!value) return;
    key(name);
    out_ += "true";
  }
  void value(std::string_view name, const Value& v) {
    key(name);
    append_json(out_, v);
  }
  void texts(std::string_view name, std::span<const std::string_view> list) {
    if (list.empty()) return;
    key(name);
    out_ += '[';
    for (std::string_view item : list) {
      if (out_.back() != '[') out_ += ',';
      append_json_string(out_, item);
    }
    out_ += ']';
  }

  // A place that holds a schema: a reference for named types, the schema itself otherwise.
  void place(const Schema& schema, std::string_view description, const Value* default_value, const Field* field) {
    open();
    text("description", description.empty() && schema.name.empty() ? schema.description : description);
    if (default_value != nullptr) value("default", *default_value);
    if (field != nullptr) patch_extensions(*field);
    if (const LeafType* leaf = leaf_type(schema)) {
      types_.leaves.insert(leaf);
      reference(leaf->name);
    } else if (schema.name.empty()) {
      body(schema, /*with_description=*/false, /*with_default=*/default_value == nullptr);
    } else {
      // A place may say of its own how the type is merged there: the definition is still the one of the name.
      const Schema* definition = api::builtin_type(schema.name);
      if (definition == nullptr) definition = &schema;
      if (definition->map_type != schema.map_type) {
        text("x-kubernetes-map-type", schema.map_type == api::MapType::kAtomic ? "atomic" : "granular");
      }
      types_.add(definition);
      reference(definition_name(schema.name));
    }
    close();
  }

  void body(const Schema& s, bool with_description, bool with_default = true) {
    if (with_description) text("description", s.description);
    text("title", s.title);
    type(s);
    text("format", format(s));
    text("pattern", s.pattern);
    limits(s);
    if (s.nullable && version_ == OpenApiVersion::kV3) flag("nullable", true);
    if (with_default && s.default_value != nullptr) value("default", *s.default_value);
    if (!s.enum_values.empty()) enumeration(s);
    children(s);
    extensions(s);
  }

  void properties(const Schema& s, bool root_of_custom) {
    key("properties");
    out_ += '{';
    for (const Field& f : s.fields) {
      if (root_of_custom && (f.name == "apiVersion" || f.name == "kind" || f.name == "metadata")) continue;
      key(f.name);
      place(*f.schema, f.description, f.default_value, &f);
    }
    if (root_of_custom) {
      out_ += out_.back() == '{' ? "" : ",";
      out_ +=
          R"("apiVersion":{"type":"string","description":"APIVersion defines the version of the API that this object is written in."},)"
          R"("kind":{"type":"string","description":"The kind of this object."})";
      if (const Schema* meta = api::builtin_type("meta.v1.ObjectMeta")) {
        key("metadata");
        place(*meta, "Standard object's metadata: name, labels and what else all objects have.", nullptr, nullptr);
      }
    }
    out_ += '}';
  }

 private:
  void reference(std::string_view definition) {
    const std::string ref =
        (version_ == OpenApiVersion::kV3 ? "#/components/schemas/" : "#/definitions/") + std::string(definition);
    if (version_ == OpenApiVersion::kV3 && out_.back() != '{') {
      key("allOf");
      out_ += "[{\"$ref\":";
      append_json_string(out_, ref);
      out_ += "}]";
    } else {
      text("$ref", ref);
    }
  }

  // The second version says neither "or null" nor "any members besides these"; upstream's API server leaves out of definitions
  // of custom kinds what kubectl would read as a refusal of such values.
  bool lacks_type(const Schema& s) const {
    if (version_ != OpenApiVersion::kV2 || s.builtin) return false;
    if (s.type == SchemaType::kArray && s.items == nullptr) return true;
    return s.nullable || (s.preserve_unknown && (s.type == SchemaType::kArray || s.type == SchemaType::kObject));
  }

  void type(const Schema& s) {
    if (lacks_type(s)) return;
    if (s.int_or_string) {
      if (version_ == OpenApiVersion::kV2 || s.builtin) text("type", s.builtin ? "string" : "");
      return;
    }
    switch (s.type) {
      case SchemaType::kAny:
        break;
      case SchemaType::kObject:
        text("type", "object");
        break;
      case SchemaType::kArray:
        text("type", "array");
        break;
      case SchemaType::kString:
        text("type", "string");
        break;
      case SchemaType::kInteger:
        text("type", "integer");
        break;
      case SchemaType::kNumber:
        text("type", "number");
        break;
      case SchemaType::kBoolean:
        text("type", "boolean");
        break;
    }
  }

  static std::string_view format(const Schema& s) {
    if (s.int_or_string) return s.builtin ? "int-or-string" : "";
    // Those of the built-in kinds' own checks mean nothing to a client.
    return s.builtin && s.format.substr(0, 4) == "k8s-" ? std::string_view() : s.format;
  }

  void limits(const Schema& s) {
    if (s.has_minimum) value("minimum", Value::of(s.minimum));
    if (s.has_maximum) value("maximum", Value::of(s.maximum));
    flag("exclusiveMinimum", s.exclusive_minimum);
    flag("exclusiveMaximum", s.exclusive_maximum);
    if (s.multiple_of != 0) value("multipleOf", Value::of(s.multiple_of));
    number("minLength", s.min_length);
    number("maxLength", s.max_length);
    number("minItems", s.min_items);
    number("maxItems", s.max_items);
    number("minProperties", s.min_properties);
    number("maxProperties", s.max_properties);
    flag("uniqueItems", s.unique_items);
  }

  void enumeration(const Schema& s) {
    key("enum");
    out_ += '[';
    for (const Value& v : s.enum_values) {
      if (out_.back() != '[') out_ += ',';
      append_json(out_, v);
    }
    out_ += ']';
  }

  void children(const Schema& s) {
    const bool opaque = version_ == OpenApiVersion::kV2 && (s.preserve_unknown || lacks_type(s));
    if (!s.fields.empty() && !opaque) properties(s, false);
    if (!opaque) required(s);
    if (s.additional != nullptr && (!opaque || !s.builtin)) {
      key("additionalProperties");
      place(*s.additional, "", nullptr, nullptr);
    }
    if (s.items != nullptr && !opaque) {
      key("items");
      place(*s.items, "", nullptr, nullptr);
    }
    if (version_ == OpenApiVersion::kV3) logic(s);
  }

  void required(const Schema& s) {
    std::vector<std::string_view> names(s.required.begin(), s.required.end());
    for (const Field& f : s.fields) {
      // What has a default may be left out, although validation asks for it afterwards.
      const bool defaulted = f.default_value != nullptr || f.schema->default_value != nullptr;
      if (f.required && !defaulted) names.push_back(f.name);
    }
    if (version_ == OpenApiVersion::kV2 && !s.builtin) {
      names.erase(std::remove_if(names.begin(), names.end(),
                                 [&](std::string_view name) {
                                   const Field* field = s.field(name);
                                   return field != nullptr && field->schema->nullable;
                                 }),
                  names.end());
    }
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    texts("required", names);
  }

  void logic(const Schema& s) {
    branch("allOf", s.all_of);
    branch("anyOf", s.any_of);
    branch("oneOf", s.one_of);
    if (s.not_ != nullptr) {
      key("not");
      place(*s.not_, "", nullptr, nullptr);
    }
  }

  void branch(std::string_view name, std::span<const Schema* const> schemas) {
    if (schemas.empty()) return;
    key(name);
    out_ += '[';
    for (const Schema* schema : schemas) {
      if (out_.back() != '[') out_ += ',';
      place(*schema, "", nullptr, nullptr);
    }
    out_ += ']';
  }

  void extensions(const Schema& s) {
    flag("x-kubernetes-preserve-unknown-fields", s.preserve_unknown);
    flag("x-kubernetes-embedded-resource", s.embedded_resource);
    flag("x-kubernetes-int-or-string", s.int_or_string && !s.builtin);
    if (s.type == SchemaType::kArray && s.list_type != api::ListType::kAtomic) {
      text("x-kubernetes-list-type", s.list_type == api::ListType::kSet ? "set" : "map");
      texts("x-kubernetes-list-map-keys", s.list_map_keys);
    }
    if (s.map_type == api::MapType::kAtomic) text("x-kubernetes-map-type", "atomic");
  }

  void patch_extensions(const Field& f) {
    text("x-kubernetes-patch-merge-key", f.patch_merge_key);
    std::string strategy;
    if ((f.patch_strategy & api::kPatchMerge) != 0) strategy = "merge";
    if ((f.patch_strategy & api::kPatchReplace) != 0) strategy = "replace";
    if ((f.patch_strategy & api::kPatchRetainKeys) != 0) strategy += strategy.empty() ? "retainKeys" : ",retainKeys";
    text("x-kubernetes-patch-strategy", strategy);
  }

  std::string& out_;
  OpenApiVersion version_;
  ReferencedTypes& types_;
};

}  // namespace

std::string definition_name(std::string_view type_name) {
  if (type_name.substr(0, 5) == "meta.") return "io.k8s.apimachinery.pkg.apis." + std::string(type_name);
  if (type_name.substr(0, 14) == "apiextensions.") return "io.k8s.apiextensions-apiserver.pkg.apis." + std::string(type_name);
  if (type_name.substr(0, 16) == "apiregistration.") return "io.k8s.kube-aggregator.pkg.apis." + std::string(type_name);
  return "io.k8s.api." + std::string(type_name);
}

std::string custom_definition_name(std::string_view group, std::string_view version, std::string_view kind) {
  std::string out;
  while (!group.empty()) {
    std::size_t dot = group.rfind('.');
    out += group.substr(dot == std::string_view::npos ? 0 : dot + 1);
    out += '.';
    group = dot == std::string_view::npos ? std::string_view() : group.substr(0, dot);
  }
  return out + std::string(version) + "." + std::string(kind);
}

void append_schema(std::string& out, const Schema& schema, OpenApiVersion version, ReferencedTypes& types,
                   std::string_view extra) {
  Printer printer(out, version, types);
  printer.open();
  printer.body(schema, /*with_description=*/true);
  out += extra.substr(out.back() == '{' && !extra.empty() ? 1 : 0);
  printer.close();
}

void append_custom_root(std::string& out, const Schema& schema, OpenApiVersion version, ReferencedTypes& types,
                        std::string_view extra) {
  Printer printer(out, version, types);
  printer.open();
  // The second version has no way to say that unknown members at the root are let through: then it says nothing.
  const bool opaque = version == OpenApiVersion::kV2 && schema.preserve_unknown;
  if (!opaque) printer.text("description", schema.description);
  printer.text("type", "object");
  if (!opaque) {
    printer.properties(schema, /*root_of_custom=*/true);
    printer.flag("x-kubernetes-preserve-unknown-fields", schema.preserve_unknown);
  }
  out += extra;
  printer.close();
}

}  // namespace plinth::server
