// What several printers share: common columns and the texts of labels, selectors and container lists.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "api/printers/human_duration.h"
#include "api/printers/printer.h"

namespace plinth::api {

constexpr Column text_column(std::string_view name, std::string_view description, std::int32_t priority = 0) {
  return {name, "string", "", description, priority, ""};
}
constexpr Column wide_column(std::string_view name, std::string_view description) { return text_column(name, description, 1); }
constexpr Column integer_column(std::string_view name, std::string_view description) {
  return {name, "integer", "", description, 0, ""};
}
constexpr Column boolean_column(std::string_view name, std::string_view description) {
  return {name, "boolean", "", description, 0, ""};
}

inline constexpr Column kNameColumn = {"Name", "string", "name", "Name of the object, unique for its kind and namespace.",
                                       0,      ""};
inline constexpr Column kAgeColumn = text_column("Age", "Time since the object was created.");
inline constexpr Column kContainersColumn = wide_column("Containers", "Names of the containers in the pod template.");
inline constexpr Column kImagesColumn = wide_column("Images", "Images of the containers in the pod template.");
inline constexpr Column kSelectorColumn = wide_column("Selector", "Labels that select the pods.");

std::string_view object_name(const Value& object);
void name_cell(const Value& object, CellWriter& cells);
void age_cell(const Value& object, std::int64_t now_s, CellWriter& cells);
bool is_deleting(const Value& object);

std::string_view or_else(std::string_view text, std::string_view fallback);
// "" for absent; numbers in decimal: for fields of type int-or-string and quantities.
std::string scalar_text(const Value& value);
// String items joined.
std::string join_strings(const Value& list, std::string_view separator);

// "a=1,b=2" in order of keys, "<none>" when empty.
std::string labels_text(const Value& labels);
// A LabelSelector in selector syntax, in order of keys; "" when it selects everything or nothing; no value when it is
// malformed.
std::optional<std::string> selector_text(const Value& selector);
// The same as most printers show it: "<none>" for empty, "<error>" for malformed.
std::string selector_cell(const Value& selector);
// Two cells: names and images of the pod spec's containers, each joined by comma.
void container_cells(const Value& pod_spec, CellWriter& cells);

// The item of a list whose `key` is `value`; nullptr when there is none.
const Value* find_item(const Value& list, std::string_view key, std::string_view value);
// Whether conditions[type].status is "True".
bool condition_true(const Value& conditions, std::string_view type);

}  // namespace plinth::api
