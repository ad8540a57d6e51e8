#include "compose/schema/simple_type.h"

#include "base/quoted.h"
#include "base/text.h"

namespace plinth::compose {
namespace {

SimpleType::Leaf leaf_of(std::string_view name) {
  using Leaf = SimpleType::Leaf;
  if (name == "string") return Leaf::kString;
  if (name == "integer") return Leaf::kInteger;
  if (name == "boolean") return Leaf::kBoolean;
  if (name == "float") return Leaf::kFloat;
  if (name == "object") return Leaf::kObject;
  return Leaf::kCustom;
}

}  // namespace

Result<SimpleType> parse_simple_type(std::string_view text) {
  constexpr std::string_view kArray = "[]", kMap = "map[", kStringMap = "map[string]";
  SimpleType type;
  text = trim(text);
  if (text.empty()) return bad_request("empty type");
  while (true) {
    if (type.wraps.size() > SimpleType::kNestingMax) {
      return bad_request("type nesting too deep (max " + std::to_string(SimpleType::kNestingMax) + "): " + quoted(text));
    }
    if (text.starts_with(kArray)) {
      text.remove_prefix(kArray.size());
      if (trim(text).empty()) return bad_request("empty slice element type");
      type.wraps.push_back(SimpleType::Wrap::kArray);
    } else if (text.starts_with(kMap)) {
      if (!text.starts_with(kStringMap)) return bad_request("map key must be string");
      text.remove_prefix(kStringMap.size());
      if (trim(text).empty()) return bad_request("map value type is required");
      type.wraps.push_back(SimpleType::Wrap::kMap);
    } else {
      break;
    }
    text = trim(text);
  }
  type.leaf = leaf_of(text);
  if (type.leaf == SimpleType::Leaf::kCustom) type.custom = text;
  return type;
}

Result<SimpleField> parse_simple_field(std::string_view text) {
  const auto [type, markers] = cut(text, "|");
  SimpleField field;
  field.type = TRY(parse_simple_type(type));
  if (markers) field.markers = TRY(parse_markers(*markers));
  return field;
}

}  // namespace plinth::compose
