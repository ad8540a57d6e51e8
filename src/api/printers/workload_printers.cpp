// Deployments, replica sets, stateful sets, daemon sets, jobs, cron jobs, revisions and scales.
#include <cctype>

#include <fmt/core.h>

#include "api/printers/cells.h"
#include "api/printers/printer_tables.h"

namespace plinth::api {
namespace {

constexpr Column kDeploymentColumns[] = {
    kNameColumn,
    text_column("Ready", "Pods that are ready, of those wanted."),
    text_column("Up-to-date", "Pods made from the current template."),
    text_column("Available", "Pods ready for at least minReadySeconds."),
    kAgeColumn,
    kContainersColumn,
    kImagesColumn,
    kSelectorColumn,
};

void print_deployment(const Value& object, std::int64_t now_s, CellWriter& cells) {
  const Value spec = object["spec"];
  const Value status = object["status"];
  name_cell(object, cells);
  cells.text(fmt::format("{}/{}", status["readyReplicas"].as_int(), spec["replicas"].as_int()));
  cells.integer(status["updatedReplicas"].as_int());
  cells.integer(status["availableReplicas"].as_int());
  age_cell(object, now_s, cells);
  container_cells(spec["template"]["spec"], cells);
  cells.text(selector_text(spec["selector"]).value_or("<invalid>"));
}

constexpr Column kReplicaSetColumns[] = {
    kNameColumn,
    integer_column("Desired", "Pods wanted."),
    integer_column("Current", "Pods that exist."),
    integer_column("Ready", "Pods that are ready."),
    kAgeColumn,
    kContainersColumn,
    kImagesColumn,
    kSelectorColumn,
};

void replica_cells(const Value& object, std::int64_t now_s, CellWriter& cells) {
  const Value status = object["status"];
  name_cell(object, cells);
  cells.integer(object["spec"]["replicas"].as_int());
  cells.integer(status["replicas"].as_int());
  cells.integer(status["readyReplicas"].as_int());
  age_cell(object, now_s, cells);
  container_cells(object["spec"]["template"]["spec"], cells);
}

void print_replica_set(const Value& object, std::int64_t now_s, CellWriter& cells) {
  replica_cells(object, now_s, cells);
  cells.text(selector_cell(object["spec"]["selector"]));
}

void print_replication_controller(const Value& object, std::int64_t now_s, CellWriter& cells) {
  replica_cells(object, now_s, cells);
  cells.text(labels_text(object["spec"]["selector"]));
}

constexpr Column kStatefulSetColumns[] = {
    kNameColumn, text_column("Ready", "Pods that are ready, of those wanted."), kAgeColumn, kContainersColumn, kImagesColumn,
};

void print_stateful_set(const Value& object, std::int64_t now_s, CellWriter& cells) {
  name_cell(object, cells);
  cells.text(fmt::format("{}/{}", object["status"]["readyReplicas"].as_int(), object["spec"]["replicas"].as_int()));
  age_cell(object, now_s, cells);
  container_cells(object["spec"]["template"]["spec"], cells);
}

constexpr Column kDaemonSetColumns[] = {
    kNameColumn,
    integer_column("Desired", "Nodes that should run the pod."),
    integer_column("Current", "Nodes that should and do run it."),
    integer_column("Ready", "Nodes on which it is ready."),
    integer_column("Up-to-date", "Nodes that run the current template."),
    integer_column("Available", "Nodes on which it was ready for minReadySeconds."),
    text_column("Node Selector", "Labels of the nodes it runs on."),
    kAgeColumn,
    kContainersColumn,
    kImagesColumn,
    kSelectorColumn,
};

void print_daemon_set(const Value& object, std::int64_t now_s, CellWriter& cells) {
  const Value status = object["status"];
  const Value pod_spec = object["spec"]["template"]["spec"];
  name_cell(object, cells);
  for (const char* count :
       {"desiredNumberScheduled", "currentNumberScheduled", "numberReady", "updatedNumberScheduled", "numberAvailable"}) {
    cells.integer(status[count].as_int());
  }
  cells.text(labels_text(pod_spec["nodeSelector"]));
  age_cell(object, now_s, cells);
  container_cells(pod_spec, cells);
  cells.text(selector_cell(object["spec"]["selector"]));
}

constexpr Column kJobColumns[] = {
    kNameColumn,
    text_column("Status", "Whether it runs, is suspended, complete or failed."),
    text_column("Completions", "Pods that succeeded, of those needed."),
    text_column("Duration", "Time from start to completion, or until now."),
    kAgeColumn,
    kContainersColumn,
    kImagesColumn,
    kSelectorColumn,
};

std::string_view job_status(const Value& object) {
  const Value conditions = object["status"]["conditions"];
  if (condition_true(conditions, "Complete")) return "Complete";
  if (condition_true(conditions, "Failed")) return "Failed";
  if (is_deleting(object)) return "Terminating";
  for (const std::string_view type : {"Suspended", "FailureTarget", "SuccessCriteriaMet"}) {
    if (condition_true(conditions, type)) return type;
  }
  return "Running";
}

std::string job_completions(const Value& object) {
  const std::int64_t succeeded = object["status"]["succeeded"].as_int();
  const Value spec = object["spec"];
  if (!spec["completions"].is_null()) return fmt::format("{}/{}", succeeded, spec["completions"].as_int());
  const std::int64_t parallelism = spec["parallelism"].as_int();
  return parallelism > 1 ? fmt::format("{}/1 of {}", succeeded, parallelism) : fmt::format("{}/1", succeeded);
}

std::string job_duration(const Value& status, std::int64_t now_s) {
  const auto start = parse_timestamp(status["startTime"].as_string());
  if (!start) return "";
  return human_duration(parse_timestamp(status["completionTime"].as_string()).value_or(now_s) - *start);
}

void print_job(const Value& object, std::int64_t now_s, CellWriter& cells) {
  name_cell(object, cells);
  cells.text(job_status(object));
  cells.text(job_completions(object));
  cells.text(job_duration(object["status"], now_s));
  age_cell(object, now_s, cells);
  container_cells(object["spec"]["template"]["spec"], cells);
  cells.text(selector_cell(object["spec"]["selector"]));
}

constexpr Column kCronJobColumns[] = {
    kNameColumn,
    text_column("Schedule", "When jobs start, in cron format."),
    text_column("Timezone", "Time zone of the schedule."),
    boolean_column("Suspend", "Whether new jobs are held back."),
    integer_column("Active", "Jobs that run now."),
    text_column("Last Schedule", "Time since a job was last started."),
    kAgeColumn,
    kContainersColumn,
    kImagesColumn,
    kSelectorColumn,
};

void print_cron_job(const Value& object, std::int64_t now_s, CellWriter& cells) {
  const Value spec = object["spec"];
  const Value job = spec["jobTemplate"]["spec"];
  const Value status = object["status"];
  const Value last = status["lastScheduleTime"];
  name_cell(object, cells);
  cells.text(spec["schedule"].as_string());
  cells.text(spec["timeZone"].is_null() ? "<none>" : spec["timeZone"].as_string());
  cells.text(spec["suspend"].is_null() ? "<unset>" : spec["suspend"].as_bool() ? "True" : "False");
  cells.integer(static_cast<std::int64_t>(status["active"].size()));
  cells.text(last.is_null() ? "<none>" : age(last.as_string(), now_s));
  age_cell(object, now_s, cells);
  container_cells(job["template"]["spec"], cells);
  cells.text(selector_cell(job["selector"]));
}

constexpr Column kRevisionColumns[] = {
    kNameColumn,
    text_column("Controller", "What the revision belongs to."),
    text_column("Revision", "Number of the revision."),
    kAgeColumn,
};

// "statefulset.apps/web": kind and group in lower case.
std::string controller_text(const Value& object) {
  const Value owners = object["metadata"]["ownerReferences"];
  for (const Value& owner : owners.items()) {
    if (!owner["controller"].as_bool()) continue;
    const std::string_view version = owner["apiVersion"].as_string();
    const std::size_t slash = version.find('/');
    std::string text(owner["kind"].as_string());
    if (slash != std::string_view::npos) text.append(".").append(version.substr(0, slash));
    for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return text.append("/").append(owner["name"].as_string());
  }
  return "<none>";
}

void print_controller_revision(const Value& object, std::int64_t now_s, CellWriter& cells) {
  name_cell(object, cells);
  cells.text(controller_text(object));
  cells.integer(object["revision"].as_int());
  age_cell(object, now_s, cells);
}

constexpr Column kScaleColumns[] = {
    text_column("Name", "Name of the scaled object."),
    integer_column("Desired", "Pods wanted."),
    integer_column("Available", "Pods that exist."),
    kAgeColumn,
};

void print_scale(const Value& object, std::int64_t now_s, CellWriter& cells) {
  name_cell(object, cells);
  cells.integer(object["spec"]["replicas"].as_int());
  cells.integer(object["status"]["replicas"].as_int());
  age_cell(object, now_s, cells);
}

constexpr Printer kPrinters[] = {
    {"apps", "Deployment", kDeploymentColumns, print_deployment},
    {"apps", "ReplicaSet", kReplicaSetColumns, print_replica_set},
    {"", "ReplicationController", kReplicaSetColumns, print_replication_controller},
    {"apps", "StatefulSet", kStatefulSetColumns, print_stateful_set},
    {"apps", "DaemonSet", kDaemonSetColumns, print_daemon_set},
    {"batch", "Job", kJobColumns, print_job},
    {"batch", "CronJob", kCronJobColumns, print_cron_job},
    {"apps", "ControllerRevision", kRevisionColumns, print_controller_revision},
    {"autoscaling", "Scale", kScaleColumns, print_scale},
};

}  // namespace

std::span<const Printer> workload_printers() { return kPrinters; }

}  // namespace plinth::api
