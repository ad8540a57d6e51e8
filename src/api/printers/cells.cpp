#include "api/printers/cells.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/core.h>

namespace plinth::api {
namespace {

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
  std::string out;
  for (const std::string& part : parts) {
    if (&part != parts.data()) out += separator;
    out += part;
  }
  return out;
}

std::string set_text(const Value& values) {
  std::vector<std::string> sorted;
  for (const Value& v : values.items()) sorted.emplace_back(v.as_string());
  std::sort(sorted.begin(), sorted.end());
  return "(" + join(sorted, ",") + ")";
}

// No value when the operator is unknown or its values do not fit it.
std::optional<std::string> expression_text(const Value& expression) {
  const std::string key(expression["key"].as_string());
  const std::string_view op = expression["operator"].as_string();
  const Value values = expression["values"];
  if (op == "In" || op == "NotIn") {
    if (values.size() == 0) return std::nullopt;
    return key + (op == "In" ? " in " : " notin ") + set_text(values);
  }
  if (values.size() != 0) return std::nullopt;
  if (op == "Exists") return key;
  if (op == "DoesNotExist") return "!" + key;
  return std::nullopt;
}

}  // namespace

std::string_view object_name(const Value& object) { return object["metadata"]["name"].as_string(); }

void name_cell(const Value& object, CellWriter& cells) { cells.text(object_name(object)); }

void age_cell(const Value& object, std::int64_t now_s, CellWriter& cells) {
  cells.text(age(object["metadata"]["creationTimestamp"].as_string(), now_s));
}

bool is_deleting(const Value& object) { return !object["metadata"]["deletionTimestamp"].is_null(); }

std::string_view or_else(std::string_view text, std::string_view fallback) { return text.empty() ? fallback : text; }

std::string scalar_text(const Value& value) {
  if (value.is_string()) return std::string(value.as_string());
  if (value.is_int()) return std::to_string(value.as_int());
  if (value.is_double()) return fmt::format("{}", value.as_double());
  if (value.is_bool()) return value.as_bool() ? "true" : "false";
  return "";
}

std::string join_strings(const Value& list, std::string_view separator) {
  std::string out;
  bool first = true;
  for (const Value& item : list.items()) {
    if (!std::exchange(first, false)) out += separator;
    out += item.as_string();
  }
  return out;
}

std::string labels_text(const Value& labels) {
  std::vector<std::string> parts;
  for (const Member& m : labels.members()) parts.push_back(fmt::format("{}={}", m.key(), m.value.as_string()));
  std::sort(parts.begin(), parts.end());
  return parts.empty() ? "<none>" : join(parts, ",");
}

std::optional<std::string> selector_text(const Value& selector) {
  std::vector<std::pair<std::string, std::string>> terms;  // key, text
  for (const Member& m : selector["matchLabels"].members()) {
    terms.emplace_back(m.key(), fmt::format("{}={}", m.key(), m.value.as_string()));
  }
  const Value expressions = selector["matchExpressions"];
  for (const Value& expression : expressions.items()) {
    auto text = expression_text(expression);
    if (!text) return std::nullopt;
    terms.emplace_back(expression["key"].as_string(), std::move(*text));
  }
  std::stable_sort(terms.begin(), terms.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<std::string> parts;
  for (auto& term : terms) parts.push_back(std::move(term.second));
  return join(parts, ",");
}

std::string selector_cell(const Value& selector) {
  const auto text = selector_text(selector);
  if (!text) return "<error>";
  return text->empty() ? "<none>" : *text;
}

void container_cells(const Value& pod_spec, CellWriter& cells) {
  std::string names, images;
  const Value containers = pod_spec["containers"];
  for (const Value& container : containers.items()) {
    if (&container != containers.items().data()) {
      names += ',';
      images += ',';
    }
    names += container["name"].as_string();
    images += container["image"].as_string();
  }
  cells.text(names);
  cells.text(images);
}

const Value* find_item(const Value& list, std::string_view key, std::string_view value) {
  for (const Value& item : list.items()) {
    if (item[key].as_string() == value) return &item;
  }
  return nullptr;
}

bool condition_true(const Value& conditions, std::string_view type) {
  const Value* condition = find_item(conditions, "type", type);
  return condition != nullptr && (*condition)["status"].as_string() == "True";
}

}  // namespace plinth::api
