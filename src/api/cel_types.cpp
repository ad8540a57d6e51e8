#include "api/cel_types.h"

#include <algorithm>
#include <array>

#include "api/kind.h"

namespace plinth::api {
namespace {

using cel::ObjectType;
using cel::Type;

constexpr std::string_view kReserved[] = {"true",     "false",   "null",      "in",       "as",  "break",  "const",
                                          "continue", "else",    "for",       "function", "if",  "import", "let",
                                          "loop",     "package", "namespace", "return",   "var", "void",   "while"};

struct Escape {
  char character;
  std::string_view text;
};
constexpr Escape kEscapes[] = {{'.', "__dot__"}, {'-', "__dash__"}, {'/', "__slash__"}};
constexpr std::string_view kUnderscores = "__underscores__";

bool is_identifier_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

bool has_no_fields(const Schema& schema) {
  return schema.type == SchemaType::kObject && schema.fields.empty() && schema.additional == nullptr &&
         !schema.embedded_resource && !schema.preserve_unknown;
}

// Anything may stand there.
bool is_open(const Schema& schema) {
  switch (schema.wire) {
    case Wire::kIntOrString:
    case Wire::kQuantity:
    case Wire::kRawExtension:
    case Wire::kFieldsV1:
    case Wire::kJson:
    case Wire::kSchemaOrBool:
    case Wire::kSchemaOrArray:
    case Wire::kSchemaOrStringArray:
      return true;
    default:
      break;
  }
  if (schema.int_or_string || schema.type == SchemaType::kAny) return true;
  return schema.type == SchemaType::kObject && schema.fields.empty() && schema.additional == nullptr &&
         !schema.embedded_resource;
}

Type string_type(const Schema& schema) {
  if (schema.wire == Wire::kBytes || schema.format == "byte") return Type::bytes();
  if (schema.wire == Wire::kTime || schema.wire == Wire::kMicroTime) return Type::timestamp();
  if (schema.format == "date" || schema.format == "date-time") return Type::timestamp();
  if (schema.format == "duration") return Type::duration();
  return Type::string();
}

const Schema& object_meta() { return *builtin_type("meta.v1.ObjectMeta"); }

class SchemaObject final : public ObjectType {
 public:
  SchemaObject(const Schema& schema, std::string name, std::shared_ptr<const void> keeper, bool root, CelObjectOptions options,
               bool is_meta)
      : schema_(schema),
        name_(std::move(name)),
        keeper_(std::move(keeper)),
        root_(root),
        is_meta_(is_meta),
        options_(options) {}

  std::string_view name() const override { return name_; }

  std::optional<Type> field(std::string_view spelled) const override {
    const std::string key = from_cel_field_name(spelled);
    if (root_) {
      if (key == "status" && !options_.has_status) return std::nullopt;
      if (key == "apiVersion" || key == "kind") return Type::string();
      if (key == "metadata") {
        return Type::object(std::make_shared<SchemaObject>(object_meta(), name_ + ".metadata", keeper_, false, options_, true));
      }
    }
    if (is_meta_ && key == "namespace" && !options_.has_namespace) return std::nullopt;
    const Field* field = schema_.field(key);
    if (field != nullptr && options_.closed && has_no_fields(*field->schema)) {
      return Type::object(
          std::make_shared<SchemaObject>(*field->schema, name_ + "." + key, keeper_, false, CelObjectOptions(), false));
    }
    if (field != nullptr) return cel_type(*field->schema, name_ + "." + key, keeper_);
    if (schema_.preserve_unknown || schema_.embedded_resource) return Type::dyn();
    return std::nullopt;
  }

  std::vector<std::string> field_names() const override {
    std::vector<std::string> out;
    if (root_) out = {"apiVersion", "kind", "metadata"};
    for (const Field& field : schema_.fields) {
      const bool hidden = (root_ && field.name == "status" && !options_.has_status) ||
                          (is_meta_ && field.name == "namespace" && !options_.has_namespace);
      std::string spelled = cel_field_name(field.name);
      // `$ref` and its like have no spelling: expressions cannot name them.
      if (!hidden && !spelled.empty() && std::find(out.begin(), out.end(), field.name) == out.end())
        out.push_back(std::move(spelled));
    }
    return out;
  }

 private:
  const Schema& schema_;
  std::string name_;
  std::shared_ptr<const void> keeper_;
  bool root_, is_meta_;
  CelObjectOptions options_;
};

}  // namespace

bool is_cel_keyword(std::string_view name) {
  return std::find(std::begin(kReserved), std::end(kReserved), name) != std::end(kReserved);
}

std::string cel_field_name(std::string_view field) {
  if (is_cel_keyword(field)) return "__" + std::string(field) + "__";
  std::string out;
  for (std::size_t i = 0; i < field.size(); ++i) {
    if (field.substr(i, 2) == "__") {
      out += kUnderscores;
      ++i;
      continue;
    }
    const auto* escape =
        std::find_if(std::begin(kEscapes), std::end(kEscapes), [&](const Escape& e) { return e.character == field[i]; });
    if (escape != std::end(kEscapes))
      out += escape->text;
    else if (is_identifier_character(field[i]))
      out += field[i];
    else
      return "";
  }
  return !out.empty() && out[0] >= '0' && out[0] <= '9' ? "" : out;
}

std::string from_cel_field_name(std::string_view name) {
  if (name.find("__") == std::string_view::npos) return std::string(name);
  if (name.size() > 4 && name.starts_with("__") && name.ends_with("__") && is_cel_keyword(name.substr(2, name.size() - 4))) {
    return std::string(name.substr(2, name.size() - 4));
  }
  std::string out;
  while (!name.empty()) {
    const auto* escape =
        std::find_if(std::begin(kEscapes), std::end(kEscapes), [&](const Escape& e) { return name.starts_with(e.text); });
    if (escape != std::end(kEscapes)) {
      out += escape->character;
      name.remove_prefix(escape->text.size());
    } else if (name.starts_with(kUnderscores)) {
      out += "__";
      name.remove_prefix(kUnderscores.size());
    } else {
      out += name.front();
      name.remove_prefix(1);
    }
  }
  return out;
}

Type cel_type(const Schema& schema, std::string name, std::shared_ptr<const void> keeper) {
  if (is_open(schema)) return Type::dyn();
  switch (schema.type) {
    case SchemaType::kAny:
      return Type::dyn();
    case SchemaType::kString:
      return string_type(schema);
    case SchemaType::kInteger:
      return Type::integer();
    case SchemaType::kNumber:
      return Type::floating();
    case SchemaType::kBoolean:
      return Type::boolean();
    case SchemaType::kArray:
      return Type::list(schema.items == nullptr ? Type::dyn()
                                                : cel_type(*schema.items, std::move(name) + ".@idx", std::move(keeper)));
    case SchemaType::kObject:
      break;
  }
  if (!schema.fields.empty() || schema.embedded_resource) {
    return Type::object(std::make_shared<SchemaObject>(schema, std::move(name), std::move(keeper), schema.embedded_resource,
                                                       CelObjectOptions(), false));
  }
  return Type::map(Type::string(), cel_type(*schema.additional, std::move(name) + ".@elem", std::move(keeper)));
}

Type cel_object_type(const Schema& schema, std::string name, std::shared_ptr<const void> keeper,
                     const CelObjectOptions& options) {
  return Type::object(
      std::make_shared<SchemaObject>(schema, std::move(name), std::move(keeper), options.resource_root, options, false));
}

// One schema's shape. `flags`: 1 root, 2 no status, 4 no namespace, 8 it is ObjectMeta.
class CelShapes::Node final : public cel::Shape {
 public:
  enum Flags : unsigned { kRoot = 1, kNoStatus = 2, kNoNamespace = 4, kMeta = 8 };
  Node(CelShapes& owner, const Schema& schema, unsigned flags) : owner_(owner), schema_(schema), flags_(flags) {
    for (std::string_view key : schema.list_map_keys) list_keys_.emplace_back(key);
  }

  Scalar scalar() const override {
    if (is_open(schema_)) return Scalar::kPlain;
    if (schema_.type == SchemaType::kInteger) return Scalar::kInt;
    if (schema_.type == SchemaType::kNumber) return Scalar::kDouble;
    if (schema_.type != SchemaType::kString) return Scalar::kPlain;
    if (schema_.wire == Wire::kBytes || schema_.format == "byte") return Scalar::kBytes;
    if (schema_.format == "date") return Scalar::kDate;
    if (schema_.wire == Wire::kTime || schema_.wire == Wire::kMicroTime || schema_.format == "date-time")
      return Scalar::kTimestamp;
    return schema_.format == "duration" ? Scalar::kDuration : Scalar::kPlain;
  }

  Field field(std::string_view name) const override {
    // The common case: a name that is spelled as it is.
    if (name.find("__") == std::string_view::npos) return declared(name, name);
    const std::string key = from_cel_field_name(name);
    const api::Field* known = schema_.field(key);
    // The key's text is the schema's; an escaped name that no schema knows stays as it was written.
    return known != nullptr ? declared(known->name, known->name) : declared(name, name);
  }

  const cel::Shape* items() const override { return schema_.items == nullptr ? nullptr : owner_.of(*schema_.items); }
  ListKind list_kind() const override {
    switch (schema_.list_type) {
      case ListType::kAtomic:
        return ListKind::kAtomic;
      case ListType::kSet:
        return ListKind::kSet;
      case ListType::kMap:
        return ListKind::kMap;
    }
    return ListKind::kAtomic;
  }
  std::span<const std::string> list_keys() const override { return list_keys_; }

 private:
  Field declared(std::string_view key, std::string_view text) const {
    const bool root = (flags_ & kRoot) != 0;
    if (root && key == "status" && (flags_ & kNoStatus) != 0) return {nullptr, text, false};
    if ((flags_ & kMeta) != 0 && key == "namespace" && (flags_ & kNoNamespace) != 0) return {nullptr, text, false};
    if (root && (key == "apiVersion" || key == "kind")) return {nullptr, text, true};
    if (root && key == "metadata") return {owner_.node(object_meta(), kMeta | (flags_ & kNoNamespace)), text, true};
    if (const api::Field* known = schema_.field(key)) return {owner_.of(*known->schema), text, true};
    return {schema_.additional == nullptr ? nullptr : owner_.of(*schema_.additional), text, true};
  }

  CelShapes& owner_;
  const Schema& schema_;
  unsigned flags_;
  std::vector<std::string> list_keys_;
};

CelShapes::CelShapes() = default;
CelShapes::~CelShapes() = default;

const cel::Shape* CelShapes::node(const Schema& schema, unsigned flags) {
  std::lock_guard lock(mutex_);
  auto& slot = nodes_[{&schema, flags}];
  if (slot == nullptr) slot = std::make_unique<Node>(*this, schema, flags);
  return slot.get();
}

const cel::Shape* CelShapes::of(const Schema& schema) {
  const bool plain_text = schema.type == SchemaType::kString && schema.wire == Wire::kPlain && schema.format.empty();
  if (plain_text || is_open(schema) || schema.type == SchemaType::kBoolean) return nullptr;
  return node(schema, schema.embedded_resource ? unsigned{Node::kRoot} : 0U);
}

const cel::Shape* CelShapes::of_object(const Schema& schema, const CelObjectOptions& options) {
  return node(schema, (options.resource_root ? unsigned{Node::kRoot} : 0U) |
                          (options.has_status ? 0U : unsigned{Node::kNoStatus}) |
                          (options.has_namespace ? 0U : unsigned{Node::kNoNamespace}));
}

}  // namespace plinth::api
