// RBAC bindings, disruption budgets, leases, priority and runtime classes, certificate requests, Status.
#include <fmt/core.h>

#include "api/printers/cells.h"
#include "api/printers/printer_tables.h"

namespace plinth::api {
namespace {

constexpr Column kBindingColumns[] = {
    kNameColumn,
    text_column("Role", "Role that is granted."),
    kAgeColumn,
    wide_column("Users", "Users that it is granted to."),
    wide_column("Groups", "Groups that it is granted to."),
    wide_column("ServiceAccounts", "Service accounts that it is granted to."),
};

std::string subjects_text(const Value& subjects, std::string_view kind) {
  std::string out;
  for (const Value& subject : subjects.items()) {
    if (subject["kind"].as_string() != kind) continue;
    if (!out.empty()) out += ", ";
    if (kind == "ServiceAccount") out.append(subject["namespace"].as_string()).append("/");
    out += subject["name"].as_string();
  }
  return out;
}

void print_binding(const Value& object, std::int64_t now_s, CellWriter& cells) {
  const Value role = object["roleRef"];
  name_cell(object, cells);
  cells.text(fmt::format("{}/{}", role["kind"].as_string(), role["name"].as_string()));
  age_cell(object, now_s, cells);
  for (const std::string_view kind : {"User", "Group", "ServiceAccount"}) cells.text(subjects_text(object["subjects"], kind));
}

constexpr Column kBudgetColumns[] = {
    kNameColumn,
    text_column("Min Available", "Pods that must stay available."),
    text_column("Max Unavailable", "Pods that may be unavailable."),
    integer_column("Allowed Disruptions", "Evictions that are allowed now."),
    kAgeColumn,
};

void print_budget(const Value& object, std::int64_t now_s, CellWriter& cells) {
  const Value spec = object["spec"];
  name_cell(object, cells);
  cells.text(or_else(scalar_text(spec["minAvailable"]), "N/A"));
  cells.text(or_else(scalar_text(spec["maxUnavailable"]), "N/A"));
  cells.integer(object["status"]["disruptionsAllowed"].as_int());
  age_cell(object, now_s, cells);
}

constexpr Column kLeaseColumns[] = {kNameColumn, text_column("Holder", "Who holds the lease."), kAgeColumn};

void print_lease(const Value& object, std::int64_t now_s, CellWriter& cells) {
  name_cell(object, cells);
  cells.text(object["spec"]["holderIdentity"].as_string());
  age_cell(object, now_s, cells);
}

constexpr Column kPriorityColumns[] = {
    kNameColumn,
    integer_column("Value", "Priority that pods of the class get."),
    boolean_column("Global-Default", "Whether pods without a class get it."),
    kAgeColumn,
    text_column("PreemptionPolicy", "Whether pods of the class push others out."),
};

void print_priority(const Value& object, std::int64_t now_s, CellWriter& cells) {
  name_cell(object, cells);
  cells.integer(object["value"].as_int());
  cells.boolean(object["globalDefault"].as_bool());
  age_cell(object, now_s, cells);
  cells.text(object["preemptionPolicy"].as_string());
}

constexpr Column kRuntimeColumns[] = {kNameColumn, text_column("Handler", "Configuration of the container runtime."),
                                      kAgeColumn};

void print_runtime(const Value& object, std::int64_t now_s, CellWriter& cells) {
  name_cell(object, cells);
  cells.text(object["handler"].as_string());
  age_cell(object, now_s, cells);
}

constexpr Column kSigningRequestColumns[] = {
    kNameColumn,
    kAgeColumn,
    text_column("SignerName", "Who is asked to sign."),
    text_column("Requestor", "User that made the request."),
    text_column("RequestedDuration", "How long the certificate shall be valid."),
    text_column("Condition", "Pending, Approved or Denied; Issued once there is a certificate."),
};

std::string signing_request_status(const Value& status) {
  const Value conditions = status["conditions"];
  std::string text = find_item(conditions, "type", "Denied") != nullptr     ? "Denied"
                     : find_item(conditions, "type", "Approved") != nullptr ? "Approved"
                                                                            : "Pending";
  if (find_item(conditions, "type", "Failed") != nullptr) text += ",Failed";
  if (!status["certificate"].as_string().empty()) text += ",Issued";
  return text;
}

void print_signing_request(const Value& object, std::int64_t now_s, CellWriter& cells) {
  const Value spec = object["spec"];
  const Value duration = spec["expirationSeconds"];
  name_cell(object, cells);
  age_cell(object, now_s, cells);
  cells.text(or_else(spec["signerName"].as_string(), "<none>"));
  cells.text(spec["username"].as_string());
  cells.text(duration.is_null() ? "<none>" : human_duration(duration.as_int()));
  cells.text(signing_request_status(object["status"]));
}

constexpr Column kFlowSchemaColumns[] = {
    kNameColumn,
    text_column("PriorityLevel", "The priority level of its requests."),
    text_column("MatchingPrecedence", "Of several that match, the one with the lowest number decides."),
    text_column("DistinguisherMethod", "What tells its flows apart."),
    kAgeColumn,
    text_column("MissingPL", "Whether its priority level is missing."),
};

void print_flow_schema(const Value& object, std::int64_t now_s, CellWriter& cells) {
  const Value spec = object["spec"];
  const Value* dangling = find_item(object["status"]["conditions"], "type", "Dangling");
  name_cell(object, cells);
  cells.text(spec["priorityLevelConfiguration"]["name"].as_string());
  cells.integer(spec["matchingPrecedence"].as_int());
  cells.text(or_else(spec["distinguisherMethod"]["type"].as_string(), "<none>"));
  age_cell(object, now_s, cells);
  cells.text(dangling == nullptr ? "?" : (*dangling)["status"].as_string());
}

constexpr Column kPriorityLevelColumns[] = {
    kNameColumn,
    text_column("Type", "Exempt or Limited."),
    text_column("NominalConcurrencyShares", "Its share of the seats."),
    text_column("Queues", "Number of queues."),
    text_column("HandSize", "Among how many queues one flow is spread."),
    text_column("QueueLengthLimit", "Requests that wait in one queue."),
    kAgeColumn,
};

void count_cell(const Value& count, CellWriter& cells) {
  count.is_null() ? cells.text("<none>") : cells.integer(count.as_int());
}

void print_priority_level(const Value& object, std::int64_t now_s, CellWriter& cells) {
  const Value limited = object["spec"]["limited"];
  const Value queuing = limited["limitResponse"]["queuing"];
  name_cell(object, cells);
  cells.text(object["spec"]["type"].as_string());
  count_cell(limited["nominalConcurrencyShares"], cells);
  for (const std::string_view count : {"queues", "handSize", "queueLengthLimit"}) count_cell(queuing[count], cells);
  age_cell(object, now_s, cells);
}

constexpr Column kStatusColumns[] = {
    text_column("Status", "Success or Failure."),
    text_column("Reason", "Machine-readable cause."),
    text_column("Message", "What happened, for people."),
};

void print_status(const Value& object, std::int64_t /*now_s*/, CellWriter& cells) {
  cells.text(object["status"].as_string());
  cells.text(object["reason"].as_string());
  cells.text(object["message"].as_string());
}

constexpr Printer kPrinters[] = {
    {"rbac.authorization.k8s.io", "RoleBinding", kBindingColumns, print_binding},
    {"rbac.authorization.k8s.io", "ClusterRoleBinding", kBindingColumns, print_binding},
    {"policy", "PodDisruptionBudget", kBudgetColumns, print_budget},
    {"coordination.k8s.io", "Lease", kLeaseColumns, print_lease},
    {"scheduling.k8s.io", "PriorityClass", kPriorityColumns, print_priority},
    {"node.k8s.io", "RuntimeClass", kRuntimeColumns, print_runtime},
    {"certificates.k8s.io", "CertificateSigningRequest", kSigningRequestColumns, print_signing_request},
    {"flowcontrol.apiserver.k8s.io", "FlowSchema", kFlowSchemaColumns, print_flow_schema},
    {"flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration", kPriorityLevelColumns, print_priority_level},
    {"", "Status", kStatusColumns, print_status},
};

}  // namespace

std::span<const Printer> policy_printers() { return kPrinters; }

}  // namespace plinth::api
