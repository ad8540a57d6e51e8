// Pods: what "Status", "Ready" and "Restarts" say.
#include <optional>

#include <fmt/core.h>

#include "api/printers/cells.h"
#include "api/printers/printer_tables.h"

namespace plinth::api {
namespace {

constexpr Column kPodColumns[] = {
    kNameColumn,
    text_column("Ready", "Containers that are ready, of all that keep running."),
    text_column("Status", "Phase of the pod, or the reason that keeps it from running."),
    text_column("Restarts", "Restarts of containers and the time since the last one."),
    kAgeColumn,
    wide_column("IP", "First address of the pod."),
    wide_column("Node", "Node that the pod is bound to."),
    wide_column("Nominated Node", "Node on which room is being made for the pod."),
    wide_column("Readiness Gates", "Readiness gates that are true, of all."),
};

constexpr std::string_view kSucceeded =
    R"([{"type":"Completed","status":"True","reason":"Succeeded","message":"The pod has completed successfully."}])";
constexpr std::string_view kFailed = R"([{"type":"Completed","status":"True","reason":"Failed","message":"The pod failed."}])";

// Restarts and the time of the last one.
struct Restarts {
  std::int64_t count = 0;
  std::int64_t last_s = 0;  // 0: unknown

  void add(const Value& container_status) {
    count += container_status["restartCount"].as_int();
    const auto finished = parse_timestamp(container_status["lastState"]["terminated"]["finishedAt"].as_string());
    if (finished && *finished > last_s) last_s = *finished;
  }
};

struct Summary {
  std::string reason;
  std::int64_t ready = 0;
  std::int64_t total = 0;
  Restarts restarts;
};

// A sidecar: an init container that keeps running.
bool is_sidecar(const Value* container) {
  return container != nullptr && (*container)["restartPolicy"].as_string() == "Always";
}

std::string termination_reason(const Value& terminated) {
  const std::string_view reason = terminated["reason"].as_string();
  if (!reason.empty()) return std::string(reason);
  if (terminated["signal"].as_int() != 0) return fmt::format("Signal:{}", terminated["signal"].as_int());
  return fmt::format("ExitCode:{}", terminated["exitCode"].as_int());
}

// What keeps the init container at `position` from being done; no value when it is.
std::optional<std::string> init_problem(const Value& status, bool sidecar, std::size_t position, std::size_t count) {
  const Value terminated = status["state"]["terminated"];
  if (terminated.is_object() && terminated["exitCode"].as_int() == 0) return std::nullopt;
  if (sidecar && status["started"].as_bool()) return std::nullopt;
  if (terminated.is_object()) return "Init:" + termination_reason(terminated);
  const std::string_view waiting = status["state"]["waiting"]["reason"].as_string();
  if (!waiting.empty() && waiting != "PodInitializing") return "Init:" + std::string(waiting);
  return fmt::format("Init:{}/{}", position, count);
}

// Walks the init containers up to the first that is not done. Returns whether there is such a one; `sidecars` counts the
// restarts that still matter once initialization is over.
bool scan_init_containers(const Value& pod, Summary& summary, Restarts& sidecars) {
  const Value containers = pod["spec"]["initContainers"];
  const Value statuses = pod["status"]["initContainerStatuses"];
  for (std::size_t i = 0; i < statuses.size(); ++i) {
    const Value& status = statuses.items()[i];
    const bool sidecar = is_sidecar(find_item(containers, "name", status["name"].as_string()));
    summary.restarts.add(status);
    if (sidecar) sidecars.add(status);
    auto problem = init_problem(status, sidecar, i, containers.size());
    if (problem) {
      summary.reason = std::move(*problem);
      return true;
    }
    const Value terminated = status["state"]["terminated"];
    const bool succeeded = terminated.is_object() && terminated["exitCode"].as_int() == 0;
    if (sidecar && !succeeded && status["ready"].as_bool()) ++summary.ready;
  }
  return false;
}

// Scans from last to first, so that the first container's trouble is what is told.
void scan_containers(const Value& pod, Summary& summary) {
  bool running = false;
  std::string error;
  const auto statuses = pod["status"]["containerStatuses"];
  for (std::size_t i = statuses.size(); i-- > 0;) {
    const Value& status = statuses.items()[i];
    const Value state = status["state"];
    const Value terminated = state["terminated"];
    summary.restarts.add(status);
    if (!state["waiting"]["reason"].as_string().empty()) {
      summary.reason = state["waiting"]["reason"].as_string();
    } else if (terminated.is_object()) {
      summary.reason = termination_reason(terminated);
      if (terminated["exitCode"].as_int() != 0) error = summary.reason;
    } else if (status["ready"].as_bool() && state["running"].is_object()) {
      running = true;
      ++summary.ready;
    }
  }
  if (summary.reason != "Completed") return;
  if (running && condition_true(pod["status"]["conditions"], "Ready")) {
    summary.reason = "Running";
  } else if (!error.empty()) {
    summary.reason = error;
  } else if (running) {
    summary.reason = "NotReady";
  }
}

std::string start_reason(const Value& status) {
  const Value conditions = status["conditions"];
  for (const Value& condition : conditions.items()) {
    if (condition["type"].as_string() == "PodScheduled" && condition["reason"].as_string() == "SchedulingGated") {
      return "SchedulingGated";
    }
  }
  return std::string(or_else(status["reason"].as_string(), status["phase"].as_string()));
}

std::int64_t count_lasting_containers(const Value& spec) {
  auto total = static_cast<std::int64_t>(spec["containers"].size());
  const Value init = spec["initContainers"];
  for (const Value& container : init.items()) total += is_sidecar(&container) ? 1 : 0;
  return total;
}

Summary summarize(const Value& pod) {
  const Value status = pod["status"];
  Summary summary;
  summary.reason = start_reason(status);
  summary.total = count_lasting_containers(pod["spec"]);
  Restarts sidecars;
  const bool initializing = scan_init_containers(pod, summary, sidecars);
  if (!initializing || condition_true(status["conditions"], "Initialized")) {
    summary.restarts = sidecars;
    scan_containers(pod, summary);
  }
  const std::string_view phase = status["phase"].as_string();
  if (is_deleting(pod)) {
    if (status["reason"].as_string() == "NodeLost") {
      summary.reason = "Unknown";
    } else if (phase != "Succeeded" && phase != "Failed") {
      summary.reason = "Terminating";
    }
  }
  return summary;
}

std::string restarts_text(const Restarts& restarts, std::int64_t now_s) {
  if (restarts.count == 0 || restarts.last_s == 0) return std::to_string(restarts.count);
  return fmt::format("{} ({} ago)", restarts.count, human_duration(now_s - restarts.last_s));
}

std::string gates_text(const Value& pod) {
  const Value gates = pod["spec"]["readinessGates"];
  if (gates.size() == 0) return "<none>";
  std::size_t open = 0;
  for (const Value& gate : gates.items()) {
    if (condition_true(pod["status"]["conditions"], gate["conditionType"].as_string())) ++open;
  }
  return fmt::format("{}/{}", open, gates.size());
}

std::string_view first_ip(const Value& status) {
  const Value ips = status["podIPs"];
  return ips.size() == 0 ? std::string_view() : ips.items()[0]["ip"].as_string();
}

void print_pod(const Value& object, std::int64_t now_s, CellWriter& cells) {
  const Value status = object["status"];
  const Summary summary = summarize(object);
  const std::string_view phase = status["phase"].as_string();
  if (phase == "Succeeded") cells.set_conditions(kSucceeded);
  if (phase == "Failed") cells.set_conditions(kFailed);
  name_cell(object, cells);
  cells.text(fmt::format("{}/{}", summary.ready, summary.total));
  cells.text(summary.reason);
  cells.text(restarts_text(summary.restarts, now_s));
  age_cell(object, now_s, cells);
  cells.text(or_else(first_ip(status), "<none>"));
  cells.text(or_else(object["spec"]["nodeName"].as_string(), "<none>"));
  cells.text(or_else(status["nominatedNodeName"].as_string(), "<none>"));
  cells.text(gates_text(object));
}

constexpr Printer kPrinters[] = {{"", "Pod", kPodColumns, print_pod}};

}  // namespace

std::span<const Printer> pod_printers() { return kPrinters; }

}  // namespace plinth::api
