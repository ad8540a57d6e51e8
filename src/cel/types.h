// The types of the expression language, as the checker knows them. Types are immutable and shared; a Type is a cheap handle.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace plinth::cel {

enum class TypeKind : std::uint8_t {
  kDyn,
  kError,  // of an expression that was already complained about; agrees with everything
  kNull,
  kBool,
  kInt,
  kUint,
  kDouble,
  kString,
  kBytes,
  kTimestamp,
  kDuration,
  kList,
  kMap,
  kType,
  kOpaque,  // an abstract type by name, with parameters; optional_type is one
  kObject,  // named fields
  kParam,
  kWrapper,  // a scalar or null
};

class ObjectType;
struct TypeBody;

class Type {
 public:
  Type();  // dyn

  static Type dyn();
  static Type error();
  static Type null();
  static Type boolean();
  static Type integer();
  static Type unsigned_integer();
  static Type floating();
  static Type string();
  static Type bytes();
  static Type timestamp();
  static Type duration();
  static Type list(Type element);
  static Type map(Type key, Type value);
  static Type type_of(Type instance);  // type(T): the type of a type
  static Type opaque(std::string name, std::vector<Type> parameters = {});
  static Type optional(Type value);
  static Type object(std::shared_ptr<const ObjectType> object);
  static Type parameter(std::string name);
  static Type wrapper(Type scalar);

  TypeKind kind() const;
  bool is(TypeKind kind) const { return this->kind() == kind; }
  bool is_dyn() const { return is(TypeKind::kDyn); }
  bool is_optional() const;
  // Of opaque and object types and of type parameters: the name. Of others: what type(x) prints for their values.
  std::string_view name() const;
  std::span<const Type> parameters() const;
  const Type& element() const { return parameters()[0]; }  // of lists, optionals, wrappers, type(T)
  const Type& key() const { return parameters()[0]; }
  const Type& value() const { return parameters()[1]; }
  const ObjectType* object_type() const;

  // As error messages spell it: "list(int)", "map(string, dyn)", "wrapper(int)", "optional_type(string)".
  std::string text() const;

  friend bool operator==(const Type& a, const Type& b);

 private:
  explicit Type(std::shared_ptr<const TypeBody> body) : body_(std::move(body)) {}
  static Type simple(TypeKind kind);
  static Type composed(TypeKind kind, std::string name, std::vector<Type> parameters);
  std::shared_ptr<const TypeBody> body_;
};

// A type with named fields: a schema's object, as its owner (the api layer, a test) presents it. Implementations answer lazily,
// so that a large or recursive schema costs only what expressions touch. Immutable, any thread.
class ObjectType {
 public:
  virtual ~ObjectType() = default;
  virtual std::string_view name() const = 0;
  // Empty when there is no such field. `field` is the name as written in the expression.
  virtual std::optional<Type> field(std::string_view field) const = 0;
  // For suggestions in error messages.
  virtual std::vector<std::string> field_names() const { return {}; }
};

// Names that stand for types: message names in `Name{...}` and type identifiers, enum constants by qualified name.
class TypeProvider {
 public:
  virtual ~TypeProvider() = default;
  virtual std::optional<Type> find_type(std::string_view name) const = 0;
  virtual std::optional<std::int64_t> find_constant(std::string_view) const { return std::nullopt; }
};

}  // namespace plinth::cel
