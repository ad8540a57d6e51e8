// Usage of nodes and pods, as metrics-server shows it.
#include "api/printers/cells.h"
#include "api/printers/printer_tables.h"
#include "api/quantity.h"

namespace plinth::api {
namespace {

constexpr Column kUsageColumns[] = {
    {"Name", "string", "name", "Name of the resource", 0, ""},
    {"cpu", "string", "quantity", "", 0, ""},
    {"memory", "string", "quantity", "", 0, ""},
    {"Window", "string", "duration", "", 0, ""},
};

void node_row(const Value& object, std::int64_t, CellWriter& cells) {
  name_cell(object, cells);
  for (const char* resource : {"cpu", "memory"}) cells.text(scalar_text(object["usage"][resource]));
  cells.text(object["window"].as_string());
}

void pod_row(const Value& object, std::int64_t, CellWriter& cells) {
  name_cell(object, cells);
  for (const char* resource : {"cpu", "memory"}) {
    Quantity sum;
    for (const Value& container : object["containers"].items()) {
      if (auto used = Quantity::parse(scalar_text(container["usage"][resource])); used.ok()) sum = sum + *used;
    }
    cells.text(sum.text());
  }
  cells.text(object["window"].as_string());
}

constexpr Printer kPrinters[] = {
    {"metrics.k8s.io", "NodeMetrics", kUsageColumns, node_row},
    {"metrics.k8s.io", "PodMetrics", kUsageColumns, pod_row},
};

}  // namespace

std::span<const Printer> metrics_printers() { return kPrinters; }

}  // namespace plinth::api
