// Webhook configurations, admission policies with their bindings, API services.
#include <fmt/core.h>

#include "api/printers/cells.h"
#include "api/printers/printer_tables.h"

namespace plinth::api {
namespace {

constexpr std::string_view kGroup = "admissionregistration.k8s.io";
constexpr Column kParamKindColumn = text_column("ParamKind", "Kind of the parameter objects.");

constexpr Column kWebhookColumns[] = {kNameColumn, integer_column("Webhooks", "Number of webhooks."), kAgeColumn};

void print_webhooks(const Value& object, std::int64_t now_s, CellWriter& cells) {
  name_cell(object, cells);
  cells.integer(static_cast<std::int64_t>(object["webhooks"].size()));
  age_cell(object, now_s, cells);
}

void param_kind_cell(const Value& spec, CellWriter& cells) {
  const Value kind = spec["paramKind"];
  if (!kind.is_object()) return cells.text("<unset>");
  cells.text(fmt::format("{}/{}", kind["apiVersion"].as_string(), kind["kind"].as_string()));
}

constexpr Column kValidatingPolicyColumns[] = {kNameColumn, integer_column("Validations", "Number of validation expressions."),
                                               kParamKindColumn, kAgeColumn};

void print_validating_policy(const Value& object, std::int64_t now_s, CellWriter& cells) {
  name_cell(object, cells);
  cells.integer(static_cast<std::int64_t>(object["spec"]["validations"].size()));
  param_kind_cell(object["spec"], cells);
  age_cell(object, now_s, cells);
}

constexpr Column kMutatingPolicyColumns[] = {kNameColumn, integer_column("Mutations", "Number of mutations."), kParamKindColumn,
                                             kAgeColumn};

void print_mutating_policy(const Value& object, std::int64_t now_s, CellWriter& cells) {
  name_cell(object, cells);
  cells.integer(static_cast<std::int64_t>(object["spec"]["mutations"].size()));
  param_kind_cell(object["spec"], cells);
  age_cell(object, now_s, cells);
}

constexpr Column kBindingColumns[] = {
    kNameColumn,
    text_column("PolicyName", "Policy that is bound."),
    text_column("ParamRef", "Parameter objects of the policy."),
    kAgeColumn,
};

std::string param_ref_text(const Value& ref) {
  const std::string_view name = ref["name"].as_string();
  if (!name.empty()) return fmt::format("{}/{}", or_else(ref["namespace"].as_string(), "*"), name);
  if (ref["selector"].is_object()) return selector_cell(ref["selector"]);
  return "<unset>";
}

void print_policy_binding(const Value& object, std::int64_t now_s, CellWriter& cells) {
  name_cell(object, cells);
  cells.text(object["spec"]["policyName"].as_string());
  cells.text(param_ref_text(object["spec"]["paramRef"]));
  age_cell(object, now_s, cells);
}

constexpr Column kApiServiceColumns[] = {
    kNameColumn,
    text_column("Service", "Service that answers for the group and version; Local is this server."),
    text_column("Available", "Whether it can be reached."),
    kAgeColumn,
};

void print_api_service(const Value& object, std::int64_t now_s, CellWriter& cells) {
  const Value service = object["spec"]["service"];
  const Value conditions = object["status"]["conditions"];
  const Value* available = find_item(conditions, "type", "Available");
  std::string text = "Unknown";
  if (available != nullptr) {
    text = (*available)["status"].as_string();
    const std::string_view reason = (*available)["reason"].as_string();
    if (text != "True" && !reason.empty()) text.append(" (").append(reason).append(")");
  }
  name_cell(object, cells);
  cells.text(service.is_object() ? fmt::format("{}/{}", service["namespace"].as_string(), service["name"].as_string())
                                 : "Local");
  cells.text(text);
  age_cell(object, now_s, cells);
}

constexpr Printer kPrinters[] = {
    {kGroup, "MutatingWebhookConfiguration", kWebhookColumns, print_webhooks},
    {kGroup, "ValidatingWebhookConfiguration", kWebhookColumns, print_webhooks},
    {kGroup, "ValidatingAdmissionPolicy", kValidatingPolicyColumns, print_validating_policy},
    {kGroup, "MutatingAdmissionPolicy", kMutatingPolicyColumns, print_mutating_policy},
    {kGroup, "ValidatingAdmissionPolicyBinding", kBindingColumns, print_policy_binding},
    {kGroup, "MutatingAdmissionPolicyBinding", kBindingColumns, print_policy_binding},
    {"apiregistration.k8s.io", "APIService", kApiServiceColumns, print_api_service},
};

}  // namespace

std::span<const Printer> admission_printers() { return kPrinters; }

}  // namespace plinth::api
