#include "cel/types.h"

namespace plinth::cel {

struct TypeBody {
  TypeKind kind;
  std::string name;
  std::vector<Type> parameters;
  std::shared_ptr<const ObjectType> object;
};

namespace {

constexpr std::string_view kOptionalName = "optional_type";

std::string_view runtime_name(TypeKind kind) {
  switch (kind) {
    case TypeKind::kDyn:
      return "dyn";
    case TypeKind::kError:
      return "!error!";
    case TypeKind::kNull:
      return "null_type";
    case TypeKind::kBool:
      return "bool";
    case TypeKind::kInt:
      return "int";
    case TypeKind::kUint:
      return "uint";
    case TypeKind::kDouble:
      return "double";
    case TypeKind::kString:
      return "string";
    case TypeKind::kBytes:
      return "bytes";
    case TypeKind::kTimestamp:
      return "google.protobuf.Timestamp";
    case TypeKind::kDuration:
      return "google.protobuf.Duration";
    case TypeKind::kList:
      return "list";
    case TypeKind::kMap:
      return "map";
    case TypeKind::kType:
      return "type";
    case TypeKind::kWrapper:
      return "wrapper";
    default:
      return "";
  }
}

const TypeBody& simple_body(TypeKind kind) {
  static const std::vector<TypeBody> all = [] {
    std::vector<TypeBody> bodies;
    for (int k = 0; k <= static_cast<int>(TypeKind::kWrapper); ++k) {
      auto one = static_cast<TypeKind>(k);
      bodies.push_back({one, std::string(runtime_name(one)), {}, nullptr});
    }
    return bodies;
  }();
  return all[static_cast<std::size_t>(kind)];
}

std::string parameter_list(std::span<const Type> parameters) {
  std::string out;
  for (const Type& p : parameters) {
    if (!out.empty()) out += ", ";
    out += p.text();
  }
  return out;
}

}  // namespace

Type::Type() : Type(simple(TypeKind::kDyn)) {}

Type Type::simple(TypeKind kind) {
  // An aliasing pointer without an owner: the body lives for ever.
  return Type(std::shared_ptr<const TypeBody>(std::shared_ptr<const TypeBody>(), &simple_body(kind)));
}

Type Type::composed(TypeKind kind, std::string name, std::vector<Type> parameters) {
  return Type(std::make_shared<const TypeBody>(TypeBody{kind, std::move(name), std::move(parameters), nullptr}));
}

Type Type::dyn() { return simple(TypeKind::kDyn); }
Type Type::error() { return simple(TypeKind::kError); }
Type Type::null() { return simple(TypeKind::kNull); }
Type Type::boolean() { return simple(TypeKind::kBool); }
Type Type::integer() { return simple(TypeKind::kInt); }
Type Type::unsigned_integer() { return simple(TypeKind::kUint); }
Type Type::floating() { return simple(TypeKind::kDouble); }
Type Type::string() { return simple(TypeKind::kString); }
Type Type::bytes() { return simple(TypeKind::kBytes); }
Type Type::timestamp() { return simple(TypeKind::kTimestamp); }
Type Type::duration() { return simple(TypeKind::kDuration); }
Type Type::list(Type element) { return composed(TypeKind::kList, "list", {std::move(element)}); }
Type Type::map(Type key, Type value) { return composed(TypeKind::kMap, "map", {std::move(key), std::move(value)}); }
Type Type::type_of(Type instance) { return composed(TypeKind::kType, "type", {std::move(instance)}); }
Type Type::opaque(std::string name, std::vector<Type> parameters) {
  return composed(TypeKind::kOpaque, std::move(name), std::move(parameters));
}
Type Type::optional(Type value) { return opaque(std::string(kOptionalName), {std::move(value)}); }
Type Type::object(std::shared_ptr<const ObjectType> object) {
  std::string name(object->name());
  return Type(std::make_shared<const TypeBody>(TypeBody{TypeKind::kObject, std::move(name), {}, std::move(object)}));
}
Type Type::parameter(std::string name) { return composed(TypeKind::kParam, std::move(name), {}); }
Type Type::wrapper(Type scalar) { return composed(TypeKind::kWrapper, "wrapper", {std::move(scalar)}); }

TypeKind Type::kind() const { return body_->kind; }
bool Type::is_optional() const { return is(TypeKind::kOpaque) && body_->name == kOptionalName; }
std::string_view Type::name() const { return body_->name; }
std::span<const Type> Type::parameters() const { return body_->parameters; }
const ObjectType* Type::object_type() const { return body_->object.get(); }

std::string Type::text() const {
  switch (kind()) {
    case TypeKind::kNull:
      return "null";
    case TypeKind::kTimestamp:
      return "timestamp";
    case TypeKind::kDuration:
      return "duration";
    default:
      break;
  }
  std::string out(body_->name);
  if (!body_->parameters.empty()) out += "(" + parameter_list(body_->parameters) + ")";
  return out;
}

bool operator==(const Type& a, const Type& b) {
  if (a.body_ == b.body_) return true;
  if (a.kind() != b.kind() || a.name() != b.name() || a.parameters().size() != b.parameters().size()) return false;
  for (std::size_t i = 0; i < a.parameters().size(); ++i) {
    if (!(a.parameters()[i] == b.parameters()[i])) return false;
  }
  return true;
}

}  // namespace plinth::cel
