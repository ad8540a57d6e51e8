// Horizontal pod autoscalers: what "Targets" says.
#include <fmt/core.h>

#include "api/printers/cells.h"
#include "api/printers/printer_tables.h"

namespace plinth::api {
namespace {

constexpr Column kAutoscalerColumns[] = {
    kNameColumn,
    text_column("Reference", "What is scaled."),
    text_column("Targets", "Current and wanted value of the metrics."),
    text_column("MinPods", "Fewest pods it may set."),
    text_column("MaxPods", "Most pods it may set."),
    text_column("Replicas", "Pods that exist."),
    kAgeColumn,
};

constexpr std::size_t kMetricsMax = 2;
constexpr std::string_view kUnknown = "<unknown>";

std::string or_unknown(const Value& quantity) { return quantity.is_null() ? std::string(kUnknown) : scalar_text(quantity); }

std::string percent(const Value& number, std::string_view absent) {
  return number.is_int() ? fmt::format("{}%", number.as_int()) : std::string(absent);
}

// External and object metrics: a plain value, or an average over the pods.
std::string value_metric(const Value& target, const Value& current) {
  const Value average = target["averageValue"];
  if (!average.is_null()) return fmt::format("{}/{} (avg)", or_unknown(current["averageValue"]), scalar_text(average));
  const std::string now =
      current.is_object() ? std::string(or_else(scalar_text(current["value"]), "0")) : std::string(kUnknown);
  return fmt::format("{}/{}", now, scalar_text(target["value"]));
}

// Resource metrics: an average amount or a percentage of what is requested.
std::string resource_metric(std::string_view name, const Value& target, const Value& current) {
  const Value average = target["averageValue"];
  if (!average.is_null()) return fmt::format("{}: {}/{}", name, or_unknown(current["averageValue"]), scalar_text(average));
  return fmt::format("{}: {}/{}", name, percent(current["averageUtilization"], kUnknown),
                     percent(target["averageUtilization"], "<auto>"));
}

std::string metric_text(const Value& spec, const Value& status) {
  const std::string_view type = spec["type"].as_string();
  if (type == "External") return value_metric(spec["external"]["target"], status["external"]["current"]);
  if (type == "Object") return value_metric(spec["object"]["target"], status["object"]["current"]);
  if (type == "Pods") {
    return fmt::format("{}/{}", or_unknown(status["pods"]["current"]["averageValue"]),
                       scalar_text(spec["pods"]["target"]["averageValue"]));
  }
  const std::string_view member = type == "Resource" ? "resource" : type == "ContainerResource" ? "containerResource" : "";
  if (member.empty()) return "<unknown type>";
  return resource_metric(spec[member]["name"].as_string(), spec[member]["target"], status[member]["current"]);
}

std::string targets_text(const Value& object) {
  const Value metrics = object["spec"]["metrics"];
  const Value current = object["status"]["currentMetrics"];
  if (metrics.size() == 0) {
    const Value cpu = object["spec"]["targetCPUUtilizationPercentage"];  // autoscaling/v1
    if (cpu.is_null()) return "<none>";
    return fmt::format("cpu: {}/{}%", percent(object["status"]["currentCPUUtilizationPercentage"], kUnknown), cpu.as_int());
  }
  std::string out;
  for (std::size_t i = 0; i < metrics.size() && i < kMetricsMax; ++i) {
    if (i > 0) out += ", ";
    out += metric_text(metrics.items()[i], i < current.size() ? current.items()[i] : Value());
  }
  if (metrics.size() > kMetricsMax) out += fmt::format(" + {} more...", metrics.size() - kMetricsMax);
  return out;
}

void print_autoscaler(const Value& object, std::int64_t now_s, CellWriter& cells) {
  const Value spec = object["spec"];
  const Value target = spec["scaleTargetRef"];
  name_cell(object, cells);
  cells.text(fmt::format("{}/{}", target["kind"].as_string(), target["name"].as_string()));
  cells.text(targets_text(object));
  cells.text(or_else(scalar_text(spec["minReplicas"]), "<unset>"));
  cells.integer(spec["maxReplicas"].as_int());
  cells.integer(object["status"]["currentReplicas"].as_int());
  age_cell(object, now_s, cells);
}

constexpr Printer kPrinters[] = {{"autoscaling", "HorizontalPodAutoscaler", kAutoscalerColumns, print_autoscaler}};

}  // namespace

std::span<const Printer> autoscaler_printers() { return kPrinters; }

}  // namespace plinth::api
