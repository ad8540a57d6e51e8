// Table rows of custom kinds, from their additionalPrinterColumns.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "api/printers/printer.h"

namespace plinth::api {

// The columns of a custom kind as a Table shows them: Name first, then those of the row; Age when the row has none.
std::vector<Column> custom_columns(std::span<const Column> row_columns);

// One cell for each column that custom_columns() returned. `get` evaluates a column's JSONPath on the object: the first
// result, or nullptr when there is none. A result of another type than the column's is null.
using ColumnGetter = const Value* (*)(const void* context, const Value& object, std::string_view json_path);
void print_custom(const Value& object, std::span<const Column> columns, std::int64_t now_s, ColumnGetter get,
                  const void* context, CellWriter& cells);

}  // namespace plinth::api
