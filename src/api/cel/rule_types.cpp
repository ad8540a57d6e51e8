#include "api/cel/rule_types.h"

#include <algorithm>
#include <array>

#include "api/cel_types.h"

namespace plinth::api {
namespace {

using cel::Type;

// Sizes as JSON, quotation marks included.
constexpr std::int64_t kTextBytesMin = 2, kBooleanBytesMin = 4, kNumberBytesMin = 1, kContainerBytesMin = 2;
constexpr std::int64_t kDurationBytesMin = 3, kDurationBytesMax = 32;
constexpr std::int64_t kDateBytes = 12;
constexpr std::int64_t kDateTimeBytesMin = 21, kDateTimeBytesMax = 32;
constexpr std::int64_t kCharacterBytesMax = 4;
constexpr std::int64_t kMemberOverhead = 6, kRequiredMemberOverhead = 4;

const Schema& text_schema() {
  static const Schema schema = [] {
    Schema s;
    s.type = SchemaType::kString;
    return s;
  }();
  return schema;
}

const Schema& names_schema() {
  static const std::array<Field, 2> fields = {Field{.name = "generateName", .schema = &text_schema()},
                                              Field{.name = "name", .schema = &text_schema()}};
  static const Schema schema = [] {
    Schema s;
    s.type = SchemaType::kObject;
    s.fields = fields;
    return s;
  }();
  return schema;
}

const std::array<Field, 3>& resource_fields() {
  static const std::array<Field, 3> fields = {Field{.name = "apiVersion", .schema = &text_schema()},
                                              Field{.name = "kind", .schema = &text_schema()},
                                              Field{.name = "metadata", .schema = &names_schema()}};
  return fields;
}

bool has(const Schema& s, std::string_view name, SchemaType type) {
  const Field* field = s.field(name);
  return field != nullptr && field->schema->type == type;
}

// Then the schema's own declarations count.
bool declares_resource(const Schema& s) {
  if (!has(s, "kind", SchemaType::kString) || !has(s, "apiVersion", SchemaType::kString)) return false;
  const Field* metadata = s.field("metadata");
  return metadata != nullptr && metadata->schema->type == SchemaType::kObject &&
         has(*metadata->schema, "name", SchemaType::kString) && has(*metadata->schema, "generateName", SchemaType::kString);
}

const Field* find_field(RulePlace place, std::string_view name) {
  if (place.resource && !declares_resource(*place.schema)) {
    for (const Field& field : resource_fields()) {
      if (field.name == name) return &field;
    }
  }
  return place.schema->field(name);
}

// additionalProperties that is a schema, not just `true`.
const Schema* map_values(const Schema& s) {
  if (s.additional == nullptr) return nullptr;
  const bool is_schema =
      s.additional->type != SchemaType::kAny || s.additional->int_or_string || s.additional->preserve_unknown;
  return is_schema ? s.additional : nullptr;
}

bool is_required(const Schema& s, const Field& field) {
  return field.required || std::find(s.required.begin(), s.required.end(), field.name) != s.required.end();
}

// Whether rules can name a value of that schema.
bool has_type(const Schema& s) {
  if (s.int_or_string) return true;
  switch (s.type) {
    case SchemaType::kAny:
      return false;
    case SchemaType::kArray:
      return s.items != nullptr && has_type(*s.items);
    case SchemaType::kObject:
      return map_values(s) == nullptr || has_type(*s.additional);
    default:
      return true;
  }
}

class RuleObject final : public cel::ObjectType {
 public:
  RuleObject(RulePlace place, std::string name, std::shared_ptr<const void> keeper)
      : place_(place), name_(std::move(name)), keeper_(std::move(keeper)) {}

  std::string_view name() const override { return name_; }
  std::optional<Type> field(std::string_view spelled) const override {
    const std::string key = from_cel_field_name(spelled);
    if (cel_field_name(key) != spelled && !is_cel_keyword(spelled)) return std::nullopt;
    const RulePlace below = place_.field(key);
    if (below.schema == nullptr) return std::nullopt;
    return rule_type(below, name_ + "." + std::string(spelled), keeper_);
  }
  std::vector<std::string> field_names() const override {
    std::vector<std::string> out;
    for (const Field& field : place_.schema->fields) out.push_back(cel_field_name(field.name));
    return out;
  }

 private:
  RulePlace place_;
  std::string name_;
  std::shared_ptr<const void> keeper_;
};

std::int64_t text_size_max(const Schema& s) {
  if (s.format == "byte") return s.max_length >= 0 ? s.max_length : kRuleRequestBytesMax - kTextBytesMin;
  if (s.format == "duration") return kDurationBytesMax;
  if (s.format == "date") return kDateBytes;
  if (s.format == "date-time") return kDateTimeBytesMax;
  if (s.max_length >= 0) return s.max_length * kCharacterBytesMax;
  if (s.enum_values.empty()) return kRuleRequestBytesMax - kTextBytesMin;
  std::size_t longest = 0;
  for (const Value& value : s.enum_values) longest = std::max(longest, value.as_string().size());
  return static_cast<std::int64_t>(longest);
}

std::int64_t text_bytes_min(const Schema& s) {
  if (s.format == "duration") return kDurationBytesMin;
  if (s.format == "date") return kDateBytes;
  if (s.format == "date-time") return kDateTimeBytesMin;
  return kTextBytesMin;
}

// What a value of the fields that must be there adds.
std::int64_t object_bytes_min(RulePlace place) {
  std::int64_t bytes = kContainerBytesMin;
  const auto add = [&](const Field& field) {
    const RulePlace below = place.field(field.name);
    if (field.default_value != nullptr || !has_type(*below.schema)) return;
    bytes += static_cast<std::int64_t>(field.name.size()) + rule_bytes_min(below) + kRequiredMemberOverhead;
  };
  for (const Field& field : place.schema->fields) {
    if (is_required(*place.schema, field)) add(field);
  }
  if (!place.resource) return bytes;
  for (const Field& field : resource_fields()) {
    if (place.schema->field(field.name) == nullptr && is_required(*place.schema, field)) add(field);
  }
  return bytes;
}

}  // namespace

RulePlace RulePlace::items() const {
  if (schema->items == nullptr) return {};
  return {schema->items, schema->items->embedded_resource};
}

RulePlace RulePlace::values() const {
  const Schema* values = map_values(*schema);
  return values == nullptr ? RulePlace() : RulePlace{values, values->embedded_resource};
}

RulePlace RulePlace::field(std::string_view name) const {
  const Field* found = find_field(*this, name);
  return found == nullptr ? RulePlace() : RulePlace{found->schema, found->schema->embedded_resource};
}

std::optional<Type> rule_type(RulePlace place, std::string name, std::shared_ptr<const void> keeper) {
  const Schema& s = *place.schema;
  if (!has_type(s)) return std::nullopt;
  if (s.int_or_string) return Type::dyn();
  switch (s.type) {
    case SchemaType::kAny:
      return std::nullopt;
    case SchemaType::kArray:
      return Type::list(*rule_type(place.items(), std::move(name) + ".@idx", std::move(keeper)));
    case SchemaType::kInteger:
      return Type::integer();
    case SchemaType::kNumber:
      return Type::floating();
    case SchemaType::kBoolean:
      return Type::boolean();
    case SchemaType::kString:
      if (s.format == "byte") return Type::bytes();
      if (s.format == "duration") return Type::duration();
      return s.format == "date" || s.format == "date-time" ? Type::timestamp() : Type::string();
    case SchemaType::kObject:
      break;
  }
  if (map_values(s) != nullptr) {
    return Type::map(Type::string(), *rule_type(place.values(), std::move(name) + ".@elem", std::move(keeper)));
  }
  return Type::object(std::make_shared<RuleObject>(place, std::move(name), std::move(keeper)));
}

std::int64_t rule_bytes_min(RulePlace place) {
  const Schema& s = *place.schema;
  if (s.int_or_string) return 1;
  switch (s.type) {
    case SchemaType::kAny:
    case SchemaType::kInteger:
    case SchemaType::kNumber:
      return kNumberBytesMin;
    case SchemaType::kBoolean:
      return kBooleanBytesMin;
    case SchemaType::kString:
      return text_bytes_min(s);
    case SchemaType::kArray:
      return kContainerBytesMin;
    case SchemaType::kObject:
      break;
  }
  return map_values(s) != nullptr ? kContainerBytesMin : object_bytes_min(place);
}

std::int64_t rule_size_max(RulePlace place) {
  const Schema& s = *place.schema;
  if (s.int_or_string) return s.max_length >= 0 ? s.max_length * kCharacterBytesMax : kRuleRequestBytesMax - kTextBytesMin;
  if (s.type == SchemaType::kString) return text_size_max(s);
  if (s.type == SchemaType::kArray && s.items != nullptr) {
    if (s.max_items >= 0) return s.max_items;
    return (kRuleRequestBytesMax - kContainerBytesMin) / (rule_bytes_min(place.items()) + 1);
  }
  if (s.type == SchemaType::kObject && map_values(s) != nullptr) {
    if (s.max_properties >= 0) return s.max_properties;
    return (kRuleRequestBytesMax - kContainerBytesMin) / (rule_bytes_min(place.values()) + kMemberOverhead);
  }
  return 0;
}

std::optional<cel::SizeRange> RuleSizes::size_of(std::span<const std::string> path, const cel::Type&) const {
  RulePlace at = place_;
  for (const std::string& step : path.subspan(1)) {
    if (step == "@items" && at.schema->type == SchemaType::kArray) {
      at = at.items();
    } else if ((step == "@values" || step == "@items") && map_values(*at.schema) != nullptr) {
      at = at.values();
    } else if (step == "@keys" && map_values(*at.schema) != nullptr) {
      return cel::SizeRange{0, 0};  // as upstream, whose type of keys has no size of its own
    } else if (at.schema->type == SchemaType::kObject && map_values(*at.schema) == nullptr) {
      at = at.field(from_cel_field_name(step));
    } else {
      return std::nullopt;
    }
    if (at.schema == nullptr || !has_type(*at.schema)) return std::nullopt;
  }
  return cel::SizeRange{0, static_cast<std::uint64_t>(rule_size_max(at))};
}

}  // namespace plinth::api
