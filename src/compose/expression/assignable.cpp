#include "compose/expression/assignable.h"

#include <algorithm>
#include <vector>

#include "api/cel_types.h"
#include "base/quoted.h"

namespace plinth::compose {
namespace {

using cel::Type;
using cel::TypeKind;

// A schema may contain itself; what was agreed on so far down is not looked at again.
constexpr int kDepthMax = 24;

std::string check(const Type& from, const Type& to, int depth);

bool is_text(const Type& type) {
  // Dates, durations and bytes are text in a document; the API checks the form.
  return type.is(TypeKind::kString) || type.is(TypeKind::kTimestamp) || type.is(TypeKind::kDuration) ||
         type.is(TypeKind::kBytes);
}

bool is_whole(const Type& type) { return type.is(TypeKind::kInt) || type.is(TypeKind::kUint); }

std::string mismatch(const Type& from, const Type& to) {
  return "type kind mismatch: got " + quoted(from.text()) + ", expected " + quoted(to.text());
}

std::string check_object(const Type& from, const cel::ObjectType& to, int depth) {
  for (const std::string& name : from.object_type()->field_names()) {
    const auto wanted = to.field(name);
    if (!wanted) return "field " + quoted(name) + " exists in output but not in expected type";
    const std::string why = check(*from.object_type()->field(name), *wanted, depth + 1);
    if (!why.empty()) return "field " + quoted(name) + " has incompatible type: " + why;
  }
  return "";
}

std::string check_map_to_object(const Type& from, const cel::ObjectType& to, int depth) {
  if (!from.key().is(TypeKind::kString) && !from.key().is_dyn()) return "map keys must be strings to assign to struct";
  for (const std::string& name : to.field_names()) {
    const std::string why = check(from.value(), *to.field(name), depth + 1);
    if (!why.empty()) return "map value incompatible with struct field " + quoted(name) + ": " + why;
  }
  return "";
}

std::string check_object_to_map(const Type& from, const Type& to, int depth) {
  if (!to.key().is(TypeKind::kString) && !to.key().is_dyn()) return "map key type must be string when assigning struct to map";
  for (const std::string& name : from.object_type()->field_names()) {
    const std::string why = check(*from.object_type()->field(name), to.value(), depth + 1);
    if (!why.empty()) return "struct field " + quoted(name) + " incompatible with map value type: " + why;
  }
  return "";
}

std::string check(const Type& from, const Type& to, int depth) {
  if (depth > kDepthMax || from.is_dyn() || to.is_dyn() || from.is(TypeKind::kError) || from == to) return "";
  if (from.is_optional()) return check(from.parameters()[0], to, depth + 1);
  if (from.is(TypeKind::kWrapper)) return check(from.element(), to, depth + 1);
  if (is_text(from) && is_text(to)) return from.is(TypeKind::kBytes) && !to.is(TypeKind::kBytes) ? mismatch(from, to) : "";
  if (is_whole(from) && (is_whole(to) || to.is(TypeKind::kDouble))) return "";
  if (from.is(TypeKind::kList) && to.is(TypeKind::kList)) {
    const std::string why = check(from.element(), to.element(), depth + 1);
    return why.empty() ? "" : "list element type incompatible: " + why;
  }
  if (from.is(TypeKind::kMap) && to.is(TypeKind::kMap)) {
    std::string why = check(from.key(), to.key(), depth + 1);
    if (!why.empty()) return "map key type incompatible: " + why;
    why = check(from.value(), to.value(), depth + 1);
    return why.empty() ? "" : "map value type incompatible: " + why;
  }
  if (from.is(TypeKind::kObject) && to.is(TypeKind::kObject)) {
    return from.object_type()->name() == to.object_type()->name() ? "" : check_object(from, *to.object_type(), depth);
  }
  if (from.is(TypeKind::kMap) && to.is(TypeKind::kObject)) return check_map_to_object(from, *to.object_type(), depth);
  if (from.is(TypeKind::kObject) && to.is(TypeKind::kMap)) return check_object_to_map(from, to, depth);
  return mismatch(from, to);
}

class SchemaWriter {
 public:
  explicit SchemaWriter(Draft& draft) : draft_(draft) {}

  Result<Value> write(const Type& type) {
    switch (type.kind()) {
      case TypeKind::kBool:
        return scalar("boolean");
      case TypeKind::kInt:
      case TypeKind::kUint:
        return scalar("integer");
      case TypeKind::kDouble:
        return scalar("number");
      case TypeKind::kString:
      case TypeKind::kDuration:
        return scalar("string");
      case TypeKind::kBytes:
        return scalar("string", "byte");
      case TypeKind::kTimestamp:
        return scalar("string", "date-time");
      case TypeKind::kWrapper:
        return write(type.element());
      case TypeKind::kList:
        return with("array", "items", TRY(write(type.element())));
      case TypeKind::kMap:
        return with("object", "additionalProperties", TRY(write(type.value())));
      case TypeKind::kObject:
        return write_object(*type.object_type());
      case TypeKind::kOpaque:
        return type.is_optional() ? write(type.parameters()[0]) : Result<Value>(scalar("string"));
      default:
        break;
    }
    Value out = draft_.object();
    draft_.set(out, "x-kubernetes-preserve-unknown-fields", Value::of(true));
    return out;
  }

 private:
  Value scalar(std::string_view type, std::string_view format = "") {
    Value out = draft_.object();
    draft_.set(out, "type", type);
    if (!format.empty()) draft_.set(out, "format", format);
    return out;
  }

  Value with(std::string_view type, std::string_view key, const Value& inner) {
    Value out = scalar(type);
    draft_.member(out, key) = inner;
    return out;
  }

  Result<Value> write_object(const cel::ObjectType& object) {
    constexpr std::size_t kNestingMax = 32;
    if (open_.size() > kNestingMax) return bad_request("the type " + open_.front() + " contains itself");
    open_.emplace_back(object.name());
    Value properties = draft_.object();
    for (const std::string& name : object.field_names()) {
      draft_.member(properties, api::from_cel_field_name(name)) = TRY(write(*object.field(name)));
    }
    open_.pop_back();
    return with("object", "properties", properties);
  }

  Draft& draft_;
  std::vector<std::string> open_;
};

}  // namespace

std::string why_not_assignable(const Type& from, const Type& to) { return check(from, to, 0); }

bool is_boolean(const Type& type) {
  return type.is(TypeKind::kBool) || type.is_dyn() || (type.is_optional() && is_boolean(type.parameters()[0]));
}

Result<Value> openapi_of_type(const Type& type, Draft& draft) { return SchemaWriter(draft).write(type); }

}  // namespace plinth::compose
