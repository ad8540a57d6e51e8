// Nodes.
#include <set>

#include "api/printers/cells.h"
#include "api/printers/printer_tables.h"

namespace plinth::api {
namespace {

constexpr Column kNodeColumns[] = {
    kNameColumn,
    text_column("Status", "Whether the node is ready and may take new pods."),
    text_column("Roles", "Roles given by node-role.kubernetes.io labels."),
    kAgeColumn,
    text_column("Version", "Version of the kubelet."),
    wide_column("Internal-IP", "First address of type InternalIP."),
    wide_column("External-IP", "First address of type ExternalIP."),
    wide_column("OS-Image", "Operating system of the node."),
    wide_column("Kernel-Version", "Kernel and architecture of the node."),
    wide_column("Container-Runtime", "Container runtime and its version."),
};

constexpr std::string_view kRolePrefix = "node-role.kubernetes.io/";
constexpr std::string_view kRoleLabel = "kubernetes.io/role";

std::string status_text(const Value& object) {
  const Value conditions = object["status"]["conditions"];
  const Value* ready = nullptr;
  for (const Value& condition : conditions.items()) {
    if (condition["type"].as_string() == "Ready") ready = &condition;
  }
  std::string text = ready == nullptr ? "Unknown" : (*ready)["status"].as_string() == "True" ? "Ready" : "NotReady";
  if (object["spec"]["unschedulable"].as_bool()) text += ",SchedulingDisabled";
  return text;
}

std::string roles_text(const Value& object) {
  std::set<std::string_view> roles;
  const Value labels = object["metadata"]["labels"];
  for (const Member& label : labels.members()) {
    if (label.key().starts_with(kRolePrefix)) {
      const std::string_view role = label.key().substr(kRolePrefix.size());
      if (!role.empty()) roles.insert(role);
    } else if (label.key() == kRoleLabel && !label.value.as_string().empty()) {
      roles.insert(label.value.as_string());
    }
  }
  std::string text;
  for (const std::string_view role : roles) {
    if (!text.empty()) text += ',';
    text += role;
  }
  return text.empty() ? "<none>" : text;
}

std::string_view address_text(const Value& addresses, std::string_view type) {
  const Value* address = find_item(addresses, "type", type);
  return address == nullptr ? "<none>" : (*address)["address"].as_string();
}

void print_node(const Value& object, std::int64_t now_s, CellWriter& cells) {
  const Value info = object["status"]["nodeInfo"];
  const Value addresses = object["status"]["addresses"];
  std::string kernel(or_else(info["kernelVersion"].as_string(), "<unknown>"));
  const std::string_view architecture = info["architecture"].as_string();
  if (!architecture.empty()) kernel.append(" (").append(architecture).append(")");
  name_cell(object, cells);
  cells.text(status_text(object));
  cells.text(roles_text(object));
  age_cell(object, now_s, cells);
  cells.text(info["kubeletVersion"].as_string());
  cells.text(address_text(addresses, "InternalIP"));
  cells.text(address_text(addresses, "ExternalIP"));
  cells.text(or_else(info["osImage"].as_string(), "<unknown>"));
  cells.text(kernel);
  cells.text(or_else(info["containerRuntimeVersion"].as_string(), "<unknown>"));
}

constexpr Printer kPrinters[] = {{"", "Node", kNodeColumns, print_node}};

}  // namespace

std::span<const Printer> node_printers() { return kPrinters; }

}  // namespace plinth::api
