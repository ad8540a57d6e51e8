#include "api/printers/printer.h"

#include "api/printers/cells.h"
#include "api/printers/printer_tables.h"
#include "base/json.h"

namespace plinth::api {
namespace {

constexpr Column kGenericColumns[] = {
    kNameColumn,
    {"Created At", "date", "", "When the object was created.", 0, ""},
};

void print_generic(const Value& object, std::int64_t /*now_s*/, CellWriter& cells) {
  name_cell(object, cells);
  cells.text(object["metadata"]["creationTimestamp"].as_string());
}

constexpr Printer kGeneric = {"", "", kGenericColumns, print_generic};

}  // namespace

void CellWriter::separate() {
  if (count_++ != 0) out_ += ',';
}

void CellWriter::text(std::string_view cell) {
  separate();
  append_json_string(out_, cell);
}

void CellWriter::integer(std::int64_t cell) {
  separate();
  out_ += std::to_string(cell);
}

void CellWriter::boolean(bool cell) {
  separate();
  out_ += cell ? "true" : "false";
}

void CellWriter::null() {
  separate();
  out_ += "null";
}

void CellWriter::json(const Value& cell) {
  separate();
  append_json(out_, cell);
}

const Printer* find_printer(std::string_view group, std::string_view kind) {
  for (const std::span<const Printer> table :
       {pod_printers(), core_printers(), node_printers(), event_printers(), workload_printers(), autoscaler_printers(),
        network_printers(), storage_printers(), policy_printers(), admission_printers(), metrics_printers()}) {
    for (const Printer& printer : table) {
      if (printer.kind == kind && printer.group == group) return &printer;
    }
  }
  return nullptr;
}

const Printer& generic_printer() { return kGeneric; }

}  // namespace plinth::api
