#include "api/typed_schema.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "api/go_text.h"
#include "api/kind.h"

namespace plinth::api {
namespace {

Schema make_untyped(const Schema* self) {
  Schema s;
  s.map_type = MapType::kAtomic;
  s.additional = self;
  s.items = self;
  return s;
}

// Anything at all, as one leaf.
const Schema& untyped() {
  static const Schema schema = make_untyped(&schema);
  return schema;
}

Schema make_deduced(const Schema* self) {
  Schema s;
  s.additional = self;
  s.items = &untyped();
  return s;
}

// Anything, with maps merged by key and lists as leaves.
const Schema& deduced() {
  static const Schema schema = make_deduced(&schema);
  return schema;
}

const Schema& text_type() {
  static const Schema schema = [] {
    Schema s;
    s.type = SchemaType::kString;
    return s;
  }();
  return schema;
}

const Schema& object_meta() {
  static const Schema& schema = *builtin_type("meta.v1.ObjectMeta");
  return schema;
}

bool is_scalar_wire(Wire wire) {
  return wire == Wire::kQuantity || wire == Wire::kIntOrString || wire == Wire::kTime || wire == Wire::kMicroTime ||
         wire == Wire::kDuration || wire == Wire::kBytes;
}

Form schema_form(const Schema& s) {
  if (is_scalar_wire(s.wire)) return Form::kScalar;
  switch (s.type) {
    case SchemaType::kAny:
      return Form::kAny;
    case SchemaType::kObject:
      return Form::kMap;
    case SchemaType::kArray:
      return Form::kList;
    default:
      return Form::kScalar;
  }
}

// What upstream's OpenAPI gives no type: arbitrary JSON, and a schema that may be a boolean or a list instead.
bool is_arbitrary(Wire wire) {
  return wire == Wire::kJson || wire == Wire::kSchemaOrBool || wire == Wire::kSchemaOrArray ||
         wire == Wire::kSchemaOrStringArray;
}

TypeRef enter(TypeRef parent, const Schema* schema) {
  if (is_arbitrary(schema->wire)) return {&deduced(), false};
  if (schema->wire == Wire::kRawExtension && !schema->embedded_resource) return {&untyped(), false};
  // Named types stand for themselves: what allows unknown fields around them does not reach into them.
  bool inherited = parent.preserve && schema->name.empty();
  return {schema, inherited || schema->preserve_unknown, schema->embedded_resource};
}

bool is_struct(const Schema& s) { return s.type == SchemaType::kObject && s.wire == Wire::kPlain && !s.fields.empty(); }

const Value* zero_value(const Schema& s) {
  static const Value null{}, zero = Value::of(0), no = Value::of(false), text = Value::ref(""), empty = Value::empty_object();
  if (is_struct(s)) return &empty;
  if (s.wire == Wire::kIntOrString) return &zero;
  if (s.wire != Wire::kPlain) return &null;
  switch (s.type) {
    case SchemaType::kString:
      return &text;
    case SchemaType::kInteger:
    case SchemaType::kNumber:
      return &zero;
    case SchemaType::kBoolean:
      return &no;
    default:
      return &null;
  }
}

const Value* key_default(const Schema& item, std::string_view name) {
  const Field* field = item.field(name);
  if (field == nullptr) return nullptr;
  return field->default_value != nullptr ? field->default_value : field->schema->default_value;
}

std::string go_list(std::span<const std::string_view> names) {
  std::string out = "[";
  for (std::string_view name : names) {
    if (out.size() > 1) out += ' ';
    append_go_quoted(out, name);
  }
  return out + "]";
}

bool refuse(std::string* problem, std::string text) {
  if (problem != nullptr) *problem = std::move(text);
  return false;
}

bool keyed_element(const Schema& list, const Schema& item_schema, const Value& item, Arena& arena, PathElement& out,
                   std::string* problem) {
  if (item.is_null()) return refuse(problem, "associative list with keys may not have a null element");
  if (!item.is_object()) return refuse(problem, "associative list with keys may not have non-map elements");
  auto* fields = static_cast<KeyField*>(arena.allocate(list.list_map_keys.size() * sizeof(KeyField)));
  std::size_t count = 0;
  for (std::string_view name : list.list_map_keys) {
    const Value* value = item.find(name);
    if (value == nullptr) value = key_default(item_schema, name);
    // A key that is not there and has no default is left out: items with and without it are different items.
    if (value != nullptr) new (&fields[count++]) KeyField{name, *value};
  }
  if (count == 0) {
    return refuse(problem,
                  fmt::format("associative list with keys has an element that omits all key fields {} (and doesn't have "
                              "default values for any key fields)",
                              go_list(list.list_map_keys)));
  }
  std::sort(fields, fields + count, [](const KeyField& a, const KeyField& b) { return a.name < b.name; });
  out = PathElement::key({fields, count});
  return true;
}

bool set_element(const Value& item, PathElement& out, std::string* problem) {
  if (item.is_object()) return refuse(problem, "associative list without keys has an element that's a map type");
  if (item.is_array()) return refuse(problem, "not supported: associative list with lists as elements");
  if (item.is_null()) return refuse(problem, "associative list without keys has an element that's an explicit null");
  out = PathElement::value(&item);
  return true;
}

}  // namespace

TypeRef object_type(const Schema& schema) {
  TypeRef type = enter({}, &schema);
  type.resource = true;
  return type;
}

Form form_of(TypeRef type, const Value* value) {
  Form form = schema_form(*type.schema);
  if (form != Form::kAny || value == nullptr) return form;
  if (value->is_object()) return Form::kMap;
  if (value->is_array()) return Form::kList;
  return value->is_null() ? Form::kAny : Form::kScalar;
}

TypeRef member_type(TypeRef type, std::string_view name, bool* declared) {
  const Field* field = type.schema->field(name);
  if (declared != nullptr) *declared = field != nullptr;
  if (field != nullptr) return enter(type, field->schema);
  if (type.resource && (name == "apiVersion" || name == "kind" || name == "metadata")) {
    if (declared != nullptr) *declared = true;
    return {name == "metadata" ? &object_meta() : &text_type(), false};
  }
  if (type.schema->additional != nullptr) return enter(type, type.schema->additional);
  if (type.preserve || type.schema->fields.empty()) return {&deduced(), false};
  return {};
}

TypeRef item_type(TypeRef type) {
  if (type.schema->items == nullptr) return {&untyped(), false};
  return enter(type, type.schema->items);
}

TypeRef type_below(TypeRef type, const PathElement& element) {
  if (!type) return {};
  Form form = form_of(type, nullptr);
  if (element.kind() == PathKind::kField)
    return form == Form::kMap || form == Form::kAny ? member_type(type, element.name()) : TypeRef();
  return form == Form::kList || form == Form::kAny ? item_type(type) : TypeRef();
}

bool is_atomic_list(TypeRef type) { return type.schema->list_type == ListType::kAtomic; }
bool is_atomic_map(TypeRef type) { return type.schema->map_type == MapType::kAtomic; }

bool is_untyped_map(TypeRef type) {
  const Schema& s = *type.schema;
  if (!s.fields.empty()) return false;
  return s.additional == nullptr || s.additional == &deduced();
}

ScalarKind scalar_kind(TypeRef type) {
  const Schema& s = *type.schema;
  if (s.wire == Wire::kBytes) return ScalarKind::kString;
  if (is_scalar_wire(s.wire)) return ScalarKind::kUntyped;
  switch (s.type) {
    case SchemaType::kInteger:
    case SchemaType::kNumber:
      return ScalarKind::kNumeric;
    case SchemaType::kBoolean:
      return ScalarKind::kBoolean;
    case SchemaType::kString: {
      // The formats of built-in types are our own rules for validation; upstream's say no more than the wire type does.
      bool plain = s.builtin || s.format.empty() || s.format == "byte";
      return plain ? ScalarKind::kString : ScalarKind::kUntyped;
    }
    default:
      return ScalarKind::kUntyped;
  }
}

bool fits_scalar(TypeRef type, const Value& v) {
  if (v.is_null()) return true;
  switch (scalar_kind(type)) {
    case ScalarKind::kNumeric:
      return v.is_number();
    case ScalarKind::kString:
      return v.is_string();
    case ScalarKind::kBoolean:
      return v.is_bool();
    case ScalarKind::kUntyped:
      return !v.is_array() && !v.is_object();
  }
  return false;
}

const Value* zero_of(TypeRef parent, const Field& field) {
  if (!parent.schema->builtin || !is_struct(*parent.schema)) return nullptr;
  static const Value null{};
  if (field.pointer) return field.omit_empty ? nullptr : &null;
  // Go never leaves a struct out, whatever its tag says.
  if (field.omit_empty && !is_struct(*field.schema)) return nullptr;
  return zero_value(*field.schema);
}

const Value* zero_of(TypeRef parent, std::string_view member) {
  if (!parent.schema->builtin) return nullptr;
  const Field* field = parent.schema->field(member);
  return field != nullptr ? zero_of(parent, *field) : nullptr;
}

bool element_of(TypeRef list, const Value& item, Arena& arena, PathElement& out, std::string* problem) {
  if (list.schema->list_type == ListType::kSet || list.schema->list_map_keys.empty()) return set_element(item, out, problem);
  TypeRef items = item_type(list);
  return keyed_element(*list.schema, *items.schema, item, arena, out, problem);
}

namespace {

bool covered_by(TypeRef type, const Value& a, const Value& b) {
  for (const Member& m : a.members()) {
    const Value* other = b.find(m.key());
    if (other == nullptr) other = zero_of(type, m.key());
    if (other == nullptr) return false;
    TypeRef member = member_type(type, m.key());
    if (member ? !equal_typed(member, m.value, *other) : !equal(m.value, *other)) return false;
  }
  return true;
}

}  // namespace

bool equal_typed(TypeRef type, const Value& a, const Value& b) {
  if (equal(a, b)) return true;
  if (a.is_object() && b.is_object() && form_of(type, &a) == Form::kMap)
    return covered_by(type, a, b) && covered_by(type, b, a);
  if (!a.is_array() || !b.is_array() || a.size() != b.size() || form_of(type, &a) != Form::kList) return false;
  TypeRef items = item_type(type);
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!equal_typed(items, a.items()[i], b.items()[i])) return false;
  }
  return true;
}

bool identical(const Value& a, const Value& b) {
  if (a.type() != b.type()) return false;
  switch (a.type()) {
    case Value::Type::kNull:
      return true;
    case Value::Type::kBool:
      return a.as_bool() == b.as_bool();
    case Value::Type::kInt:
      return a.as_int() == b.as_int();
    case Value::Type::kDouble:
      return a.as_double() == b.as_double();
    case Value::Type::kString:
      return a.as_string() == b.as_string();
    case Value::Type::kArray:
      return a.size() == b.size() && (a.size() == 0 || a.items().data() == b.items().data());
    case Value::Type::kObject:
      return a.size() == b.size() && (a.size() == 0 || a.members().data() == b.members().data());
  }
  return false;
}

}  // namespace plinth::api
