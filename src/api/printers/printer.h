// Table rows for built-in kinds: which columns `kubectl get` shows and what stands in each cell.
//
// Pure: the time is a parameter. The printer's own column table is the one home of built-in columns; rows of custom kinds
// carry theirs (see custom_printer.h). Column names and cell texts are those of Kubernetes 1.30 and later.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "api/kind.h"
#include "base/value.h"

namespace plinth::api {

// Writes the cells of one row as JSON text: `"web","1/1",3`, without the brackets.
class CellWriter {
 public:
  explicit CellWriter(std::string& out) : out_(out) {}

  void text(std::string_view cell);
  void integer(std::int64_t cell);
  void boolean(bool cell);
  void null();
  void json(const Value& cell);

  // The row's conditions as a JSON array in static storage; empty: the row has none.
  void set_conditions(std::string_view json_array) { conditions_ = json_array; }
  std::string_view conditions() const { return conditions_; }
  std::size_t count() const { return count_; }

 private:
  void separate();
  std::string& out_;
  std::size_t count_ = 0;
  std::string_view conditions_;
};

struct Printer {
  std::string_view group, kind;
  std::span<const Column> columns;
  // Appends one cell per column. `object` may be of any served version of the kind; `now_s` is Unix time.
  void (*row)(const Value& object, std::int64_t now_s, CellWriter& cells);
};

// nullptr: the kind has no printer of its own; use generic_printer().
const Printer* find_printer(std::string_view group, std::string_view kind);

// Name and Created At, for kinds without a printer.
const Printer& generic_printer();

}  // namespace plinth::api
