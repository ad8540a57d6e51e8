#include "compose/graph/template.h"

#include "api/kind.h"
#include "base/value_type.h"
#include "compose/expression/expression_text.h"

namespace plinth::compose {
namespace {

using api::Schema;
using api::SchemaType;
using api::Wire;

enum Accept : unsigned { kString = 1, kInteger = 2, kNumber = 4, kBoolean = 8, kObject = 16, kArray = 32, kEverything = 63 };

unsigned accepts(const Schema& schema);

unsigned branches(std::span<const Schema* const> list) {
  unsigned out = 0;
  for (const Schema* branch : list) out |= accepts(*branch);
  return out;
}

unsigned of_type(SchemaType type) {
  switch (type) {
    case SchemaType::kAny:
      return kEverything;
    case SchemaType::kObject:
      return kObject;
    case SchemaType::kArray:
      return kArray;
    case SchemaType::kString:
      return kString;
    case SchemaType::kInteger:
      return kInteger;
    case SchemaType::kNumber:
      return kNumber | kInteger;
    case SchemaType::kBoolean:
      return kBoolean;
  }
  return kEverything;
}

unsigned accepts(const Schema& schema) {
  switch (schema.wire) {
    case Wire::kIntOrString:
      return kString | kInteger;
    case Wire::kQuantity:
      return kString | kInteger | kNumber;
    case Wire::kRawExtension:
    case Wire::kFieldsV1:
    case Wire::kJson:
    case Wire::kSchemaOrBool:
    case Wire::kSchemaOrArray:
    case Wire::kSchemaOrStringArray:
      return kEverything;
    default:
      break;
  }
  if (schema.int_or_string) return kString | kInteger;
  if (schema.type != SchemaType::kAny) return of_type(schema.type);
  // No type of its own: what the branches allow, or anything.
  const unsigned narrowed = branches(schema.any_of) | branches(schema.one_of);
  return narrowed == 0 ? unsigned{kEverything} : narrowed;
}

bool is_free(const Schema& schema) {
  return accepts(schema) == kEverything || (schema.preserve_unknown && schema.fields.empty());
}

std::string names_of(unsigned accepted) {
  constexpr std::pair<unsigned, std::string_view> kNames[] = {{kString, "string"},   {kInteger, "integer"}, {kNumber, "number"},
                                                              {kBoolean, "boolean"}, {kObject, "object"},   {kArray, "array"}};
  std::string out;
  for (const auto& [bit, name] : kNames) {
    if ((accepted & bit) == 0) continue;
    if (bit == kInteger && (accepted & kNumber) != 0 && (accepted & kString) == 0) continue;
    if (!out.empty()) out += " or ";
    out += name;
  }
  return out;
}

unsigned bit_of(const Value& value) {
  switch (value.type()) {
    case Value::Type::kNull:
      return kEverything;
    case Value::Type::kBool:
      return kBoolean;
    case Value::Type::kInt:
      return kInteger;
    case Value::Type::kDouble:
      return static_cast<double>(value.as_int()) == value.as_double() ? kNumber | kInteger : kNumber;
    case Value::Type::kString:
      return kString;
    case Value::Type::kArray:
      return kArray;
    case Value::Type::kObject:
      return kObject;
  }
  return 0;
}

class Locator {
 public:
  explicit Locator(FieldPath path = {}) : path_(std::move(path)) {}
  Result<void> walk(const Value& value, const Schema* schema);
  Result<void> walk_root(const Value& object, const Schema* schema);
  std::vector<TemplateField> found;

 private:
  Result<void> walk_object(const Value& value, const Schema* schema);
  Result<void> walk_text(std::string_view text, const Schema* schema);
  Result<const Schema*> field_schema(const Schema* schema, std::string_view name) const;
  FieldPath path_;
};

// apiVersion, kind and metadata belong to every object, whatever a custom kind's schema says of them.
Result<void> Locator::walk_root(const Value& object, const Schema* schema) {
  for (const Member& m : object.members()) {
    path_.push_back({std::string(m.key()), 0, false});
    const bool header = m.key() == "apiVersion" || m.key() == "kind";
    if (m.key() == "metadata") {
      TRY(walk(m.value, schema == nullptr ? nullptr : api::builtin_type("meta.v1.ObjectMeta")));
    } else if (header) {
      if (!find_expressions(m.value.as_string()).ok() || !TRY(find_expressions(m.value.as_string())).empty()) {
        return bad_request("expressions are not allowed in " + path_text(path_) + ": the kind of a resource is fixed");
      }
    } else {
      TRY(walk(m.value, TRY(field_schema(schema, m.key()))));
    }
    path_.pop_back();
  }
  return {};
}

Result<const Schema*> Locator::field_schema(const Schema* schema, std::string_view name) const {
  if (schema == nullptr || is_free(*schema)) return static_cast<const Schema*>(nullptr);
  if (const api::Field* field = schema->field(name)) return field->schema;
  if (schema->additional != nullptr) return schema->additional;
  if (schema->preserve_unknown || schema->embedded_resource) return static_cast<const Schema*>(nullptr);
  return bad_request("error getting field schema for path " + path_text(path_) + ": schema not found for field " +
                     std::string(name));
}

Result<void> Locator::walk_object(const Value& value, const Schema* schema) {
  for (const Member& m : value.members()) {
    path_.push_back({std::string(m.key()), 0, false});
    TRY(walk(m.value, TRY(field_schema(schema, m.key()))));
    path_.pop_back();
  }
  return {};
}

Result<void> Locator::walk(const Value& value, const Schema* schema) {
  if (value.is_string()) return walk_text(value.as_string(), schema);
  if (schema != nullptr && !is_free(*schema) && (accepts(*schema) & bit_of(value)) == 0) {
    return bad_request("expected " + names_of(accepts(*schema)) + " type for path " + path_text(path_) + ", got " +
                       std::string(value_type_text(value)));
  }
  if (value.is_object()) return walk_object(value, schema);
  for (std::size_t i = 0; i < value.items().size(); ++i) {
    path_.push_back({"", i, true});
    TRY(walk(value.items()[i], schema == nullptr || is_free(*schema) ? nullptr : schema->items));
    path_.pop_back();
  }
  return {};
}

Result<void> Locator::walk_text(std::string_view text, const Schema* schema) {
  auto expressions = find_expressions(text);
  if (!expressions.ok())
    return bad_request("failed to extract expressions at path " + path_text(path_) + ": " + expressions.error().message());
  const bool standalone = is_standalone(text, *expressions);
  if (!standalone && schema != nullptr && !is_free(*schema) && (accepts(*schema) & kString) == 0) {
    return bad_request("expected " + names_of(accepts(*schema)) + " type for path " + path_text(path_) + ", got string" +
                       (expressions->empty() ? "" : " (text around an expression makes it a string)"));
  }
  if (expressions->empty()) return {};
  TemplateField field;
  field.path = path_;
  field.path_text = path_text(path_);
  field.standalone = standalone;
  field.target = schema;
  std::size_t at = 0;
  for (const FoundExpression& e : *expressions) {
    if (e.begin > at) field.parts.push_back({std::string(text.substr(at, e.begin - at)), false});
    field.parts.push_back({std::string(e.text), true});
    at = e.end;
  }
  if (at < text.size()) field.parts.push_back({std::string(text.substr(at)), false});
  found.push_back(std::move(field));
  return {};
}

}  // namespace

Result<std::vector<TemplateField>> locate_expressions(const Value& object, const Schema* schema) {
  Locator locator;
  TRY(locator.walk_root(object, schema));
  return std::move(locator.found);
}

Result<std::vector<TemplateField>> locate_expressions_at(FieldPath path, const Value& value, const Schema& schema) {
  Locator locator(std::move(path));
  TRY(locator.walk(value, &schema));
  return std::move(locator.found);
}

std::string expected_type_text(const Schema* schema) {
  return schema == nullptr || is_free(*schema) ? "any" : names_of(accepts(*schema));
}

}  // namespace plinth::compose
