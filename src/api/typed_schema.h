// A schema as field ownership sees it: which values are merged part by part, which are one leaf, and what names a list's items.
// The reading of schemas is that of kube-openapi's schemaconv; what is done with it is structured-merge-diff's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "api/path_element.h"
#include "api/schema.h"

namespace plinth::api {

// The type of a place in an object. `preserve` says that unknown fields are allowed here because something above allows them.
struct TypeRef {
  const Schema* schema = nullptr;
  bool preserve = false;
  bool resource = false;  // apiVersion, kind and metadata belong here although the schema may not declare them

  explicit operator bool() const { return schema != nullptr; }
};

TypeRef object_type(const Schema& schema);  // the root of a kind

// How a value of a type is taken apart. kAny: the type allows every form, and the value does not say which.
enum class Form : std::uint8_t { kScalar, kList, kMap, kAny };
Form form_of(TypeRef type, const Value* value);

// Type of a member; null when the object may not have it. Declared members are not owned by being there, others are.
TypeRef member_type(TypeRef type, std::string_view name, bool* declared = nullptr);
TypeRef item_type(TypeRef type);
// The type below an element, null when unknown.
TypeRef type_below(TypeRef type, const PathElement& element);

bool is_atomic_list(TypeRef type);
bool is_atomic_map(TypeRef type);
// A map of anything whose content alone says what it is.
bool is_untyped_map(TypeRef type);
enum class ScalarKind : std::uint8_t { kNumeric, kString, kBoolean, kUntyped };
ScalarKind scalar_kind(TypeRef type);
// Whether a value may stand for a scalar of the type; null always may.
bool fits_scalar(TypeRef type, const Value& value);

// What Go has in a field of a built-in type that the document leaves out; nullptr when nothing stands for its absence.
const Value* zero_of(TypeRef parent, const Field& field);
const Value* zero_of(TypeRef parent, std::string_view member);

// The element that names an item of a set or map list. On failure `problem` says why.
bool element_of(TypeRef list, const Value& item, Arena& arena, PathElement& out, std::string* problem = nullptr);

// Deep equality in which what Go has in place of an absent field counts as that field.
bool equal_typed(TypeRef type, const Value& a, const Value& b);

// The same storage, or equal scalars: certainly equal, found without looking into containers.
bool identical(const Value& a, const Value& b);

}  // namespace plinth::api
