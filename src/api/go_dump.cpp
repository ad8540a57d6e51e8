#include "api/go_dump.h"

#include <algorithm>
#include <vector>

#include "api/go_text.h"

namespace plinth::api {
namespace {

std::vector<const Member*> sorted_members(const Value& object) {
  std::vector<const Member*> out;
  for (const Member& m : object.members()) out.push_back(&m);
  std::sort(out.begin(), out.end(), [](const Member* a, const Member* b) { return a->key() < b->key(); });
  return out;
}

}  // namespace

std::string_view go_type_name(const Value& value) {
  switch (value.type()) {
    case Value::Type::kNull:
      return "<nil>";
    case Value::Type::kBool:
      return "bool";
    case Value::Type::kInt:
      return "int64";
    case Value::Type::kDouble:
      return "float64";
    case Value::Type::kString:
      return "string";
    case Value::Type::kArray:
      return "[]interface {}";
    case Value::Type::kObject:
      return "map[string]interface {}";
  }
  return "";
}

std::string go_plain(const Value& value) {
  switch (value.type()) {
    case Value::Type::kNull:
      return "<nil>";
    case Value::Type::kBool:
      return value.as_bool() ? "true" : "false";
    case Value::Type::kInt:
      return std::to_string(value.as_int());
    case Value::Type::kDouble:
      return go_float(value.as_double());
    case Value::Type::kString:
      return std::string(value.as_string());
    case Value::Type::kArray:
      break;
    case Value::Type::kObject: {
      std::string out = "map[";
      for (const Member* m : sorted_members(value)) {
        if (out.back() != '[') out += ' ';
        ((out += m->key()) += ':') += go_plain(m->value);
      }
      return out + "]";
    }
  }
  std::string out = "[";
  for (const Value& item : value.items()) {
    if (&item != value.items().data()) out += ' ';
    out += go_plain(item);
  }
  return out + "]";
}

std::string go_syntax(const Value& value) {
  if (value.is_string()) return go_quoted(value.as_string());
  if (value.is_null()) return "interface {}(nil)";
  std::string out(go_type_name(value));
  if (value.is_object()) {
    out += '{';
    for (const Member* m : sorted_members(value)) {
      if (out.back() != '{') out += ", ";
      append_go_quoted(out, m->key());
      (out += ':') += go_syntax(m->value);
    }
    return out + "}";
  }
  if (!value.is_array()) return go_plain(value);
  out += '{';
  for (const Value& item : value.items()) {
    if (&item != value.items().data()) out += ", ";
    out += go_syntax(item);
  }
  return out + "}";
}

}  // namespace plinth::api
