#include "api/printers/custom_printer.h"

#include <fmt/core.h>

#include "api/printers/cells.h"
#include "base/json.h"

namespace plinth::api {
namespace {

constexpr Column kDefaultColumn = {"Age", "date", "", "Time since the object was created.", 0, ".metadata.creationTimestamp"};

void string_cell(const Value& value, CellWriter& cells) {
  if (value.is_object() || value.is_array()) return cells.text(to_json(value));
  cells.text(scalar_text(value));
}

void date_cell(const Value& value, std::int64_t now_s, CellWriter& cells) {
  if (!value.is_string()) return cells.null();
  const auto then = parse_timestamp(value.as_string());
  cells.text(then ? human_duration(now_s - *then) : value.as_string().empty() ? "<unknown>" : "<invalid>");
}

void cell(const Value& value, std::string_view type, std::int64_t now_s, CellWriter& cells) {
  if (value.is_null()) return cells.null();
  if (type == "string") return string_cell(value, cells);
  if (type == "date") return date_cell(value, now_s, cells);
  if (type == "integer" && value.is_number()) return cells.integer(value.as_int());
  if (type == "number" && value.is_number()) return cells.json(value);
  if (type == "boolean" && value.is_bool()) return cells.boolean(value.as_bool());
  cells.null();
}

}  // namespace

std::vector<Column> custom_columns(std::span<const Column> row_columns) {
  std::vector<Column> columns = {kNameColumn};
  columns.insert(columns.end(), row_columns.begin(), row_columns.end());
  if (row_columns.empty()) columns.push_back(kDefaultColumn);
  return columns;
}

void print_custom(const Value& object, std::span<const Column> columns, std::int64_t now_s, ColumnGetter get,
                  const void* context, CellWriter& cells) {
  for (const Column& column : columns) {
    if (column.json_path.empty()) {
      name_cell(object, cells);
      continue;
    }
    const Value* value = get(context, object, column.json_path);
    cell(value != nullptr ? *value : Value(), column.type, now_s, cells);
  }
}

}  // namespace plinth::api
