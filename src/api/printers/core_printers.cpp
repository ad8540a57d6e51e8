// Config maps, secrets, namespaces, service accounts, events, pod templates, quotas and component statuses.
#include <algorithm>
#include <vector>

#include "api/printers/cells.h"
#include "api/printers/printer_tables.h"

namespace plinth::api {
namespace {

constexpr Column kConfigMapColumns[] = {
    kNameColumn,
    text_column("Data", "Number of keys, binary ones included."),
    kAgeColumn,
};

void print_config_map(const Value& object, std::int64_t now_s, CellWriter& cells) {
  name_cell(object, cells);
  cells.integer(static_cast<std::int64_t>(object["data"].size() + object["binaryData"].size()));
  age_cell(object, now_s, cells);
}

constexpr Column kSecretColumns[] = {
    kNameColumn,
    text_column("Type", "What the secret is for, which decides the keys it must have."),
    text_column("Data", "Number of keys."),
    kAgeColumn,
};

void print_secret(const Value& object, std::int64_t now_s, CellWriter& cells) {
  name_cell(object, cells);
  cells.text(object["type"].as_string());
  cells.integer(static_cast<std::int64_t>(object["data"].size()));
  age_cell(object, now_s, cells);
}

constexpr Column kNamespaceColumns[] = {
    kNameColumn,
    text_column("Status", "Active, or Terminating while its content is being deleted."),
    kAgeColumn,
};

void print_namespace(const Value& object, std::int64_t now_s, CellWriter& cells) {
  name_cell(object, cells);
  cells.text(object["status"]["phase"].as_string());
  age_cell(object, now_s, cells);
}

constexpr Column kServiceAccountColumns[] = {
    kNameColumn,
    text_column("Secrets", "Number of secrets that pods of this account may mount."),
    kAgeColumn,
};

void print_service_account(const Value& object, std::int64_t now_s, CellWriter& cells) {
  name_cell(object, cells);
  cells.integer(static_cast<std::int64_t>(object["secrets"].size()));
  age_cell(object, now_s, cells);
}

constexpr Column kPodTemplateColumns[] = {
    kNameColumn,
    text_column("Containers", "Names of the containers in the pod template."),
    text_column("Images", "Images of the containers in the pod template."),
    text_column("Pod Labels", "Labels of pods made from the template."),
};

void print_pod_template(const Value& object, std::int64_t /*now_s*/, CellWriter& cells) {
  const Value pod = object["template"];
  name_cell(object, cells);
  container_cells(pod["spec"], cells);
  cells.text(labels_text(pod["metadata"]["labels"]));
}

constexpr Column kComponentStatusColumns[] = {
    kNameColumn,
    text_column("Status", "Health of the component."),
    text_column("Message", "What the component said about its health."),
    text_column("Error", "Why the component could not be asked."),
};

void print_component_status(const Value& object, std::int64_t /*now_s*/, CellWriter& cells) {
  const Value conditions = object["conditions"];
  const Value* healthy = find_item(conditions, "type", "Healthy");
  const Value condition = healthy != nullptr ? *healthy : Value();
  name_cell(object, cells);
  cells.text(healthy == nullptr ? "Unknown" : condition["status"].as_string() == "True" ? "Healthy" : "Unhealthy");
  cells.text(condition["message"].as_string());
  cells.text(condition["error"].as_string());
}

constexpr Column kResourceQuotaColumns[] = {
    kNameColumn,
    text_column("Request", "Used and allowed amounts of everything but limits."),
    text_column("Limit", "Used and allowed amounts of limits."),
    kAgeColumn,
};

void print_resource_quota(const Value& object, std::int64_t now_s, CellWriter& cells) {
  const Value hard = object["status"]["hard"];
  const Value used = object["status"]["used"];
  std::vector<std::string_view> names;
  for (const Member& m : hard.members()) names.push_back(m.key());
  std::sort(names.begin(), names.end());
  std::string requests, limits;
  for (const std::string_view name : names) {
    std::string& column = name.starts_with("limits.") ? limits : requests;
    if (!column.empty()) column += ", ";
    column += name;
    column += ": ";
    column += or_else(scalar_text(used[name]), "0");
    column += '/';
    column += scalar_text(hard[name]);
  }
  name_cell(object, cells);
  cells.text(requests);
  cells.text(limits);
  age_cell(object, now_s, cells);
}

constexpr Printer kPrinters[] = {
    {"", "ConfigMap", kConfigMapColumns, print_config_map},
    {"", "Secret", kSecretColumns, print_secret},
    {"", "Namespace", kNamespaceColumns, print_namespace},
    {"", "ServiceAccount", kServiceAccountColumns, print_service_account},
    {"", "PodTemplate", kPodTemplateColumns, print_pod_template},
    {"", "ComponentStatus", kComponentStatusColumns, print_component_status},
    {"", "ResourceQuota", kResourceQuotaColumns, print_resource_quota},
};

}  // namespace

std::span<const Printer> core_printers() { return kPrinters; }

}  // namespace plinth::api
