// ValidatingAdmissionPolicy, its binding, and matchConditions: what is refused when they are written.
#include <algorithm>
#include <array>
#include <set>

#include <fmt/core.h>

#include "api/cel/admission_program.h"
#include "api/strategies/admission_rules.h"
#include "base/text.h"

namespace plinth::api {
namespace {

constexpr std::size_t kConditionsMax = 64;
constexpr std::size_t kAnnotationsMax = 20;
constexpr std::size_t kAnnotationExpressionBytesMax = 5 * 1024;

bool has_line_breaks(std::string_view text) { return text.find_first_of("\r\n") != std::string_view::npos; }

bool is_identifier(std::string_view text) {
  static constexpr std::string_view kReserved[] = {"as",       "break",     "const",  "continue", "else", "false", "for",
                                                   "function", "if",        "import", "in",       "let",  "loop",  "null",
                                                   "package",  "namespace", "return", "true",     "var",  "void",  "while"};
  if (std::find(std::begin(kReserved), std::end(kReserved), text) != std::end(kReserved)) return false;
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  return !text.empty() && is_letter(text[0]) &&
         std::all_of(text.begin(), text.end(), [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); });
}

void validate_param_kind(const FieldRef& kind) {
  const FieldRef version = kind["apiVersion"];
  const FieldRef name = kind["kind"];
  if (version.require()) {
    const auto [first, second] = cut(version.text(), "/");
    if (std::count(version.text().begin(), version.text().end(), '/') > 1) {
      version.invalid(fmt::format("unexpected GroupVersion string: {}", version.text()));
    } else if (version.is("/") || (second && second->empty())) {
      version.invalid("version must be specified");
    } else {
      const std::string_view group = second ? first : "", number = second ? *second : first;
      const Complaints wrong_group = group.empty() ? Complaints() : check_dns1123_subdomain(group);
      if (!wrong_group.empty()) version.invalid(group, join(wrong_group, ","));
      const Complaints wrong = check_dns1035_label(number);
      if (!wrong.empty()) version.invalid(number, join(wrong, ","));
    }
  }
  if (!name.require()) return;
  const Complaints wrong = check_dns1035_label(to_lower(name.text()));
  if (!wrong.empty()) name.invalid("may have mixed case, but should otherwise match: " + join(wrong, ","));
}

void validate_named_rule(const FieldRef& rule) {
  std::set<std::string_view> seen;
  rule["resourceNames"].each_item([&](const FieldRef& name, std::size_t) {
    name.check(check_path_segment_name);
    if (!seen.insert(name.text()).second) name.duplicate();
  });
  validate_admission_rule(rule);
}

void validate_match_resources(const FieldRef& match) {
  if (!match.present()) return;
  if (match["matchPolicy"].require()) match["matchPolicy"].one_of({"Equivalent", "Exact"});
  if (!match["namespaceSelector"].present()) match["namespaceSelector"].required();
  match["namespaceSelector"].label_selector();
  if (!match["objectSelector"].present()) match["objectSelector"].required();
  match["objectSelector"].label_selector();
  for (const char* list : {"resourceRules", "excludeResourceRules"}) {
    match[list].each_item([](const FieldRef& rule, std::size_t) { validate_named_rule(rule); });
  }
}

// What compiling found, by the paths below spec.
class Complaining {
 public:
  explicit Complaining(const Value& policy) : program_(Document(nullptr, policy)), parts_(program_.parts()) {}
  void check(const FieldRef& expression, std::string_view path) const {
    for (const PolicyProgram::Part& part : parts_) {
      if (part.path == path && !part.expression->error.empty()) expression.invalid(part.expression->error);
    }
  }

 private:
  PolicyProgram program_;
  std::vector<PolicyProgram::Part> parts_;
};

void validate_variable(const FieldRef& variable, std::size_t i, const Complaining& compiled) {
  const FieldRef name = variable["name"];
  const FieldRef expression = variable["expression"];
  if (trim(name.text()).empty())
    name.required("name is not specified");
  else if (!is_identifier(name.text()))
    name.invalid("must be a valid CEL identifier");
  if (trim(expression.text()).empty())
    expression.required("expression is not specified");
  else
    compiled.check(expression, fmt::format("variables[{}].expression", i));
}

void validate_message(const FieldRef& message) {
  if (!message.text().empty() && trim(message.text()).empty())
    message.invalid("must be non-empty if specified");
  else if (has_line_breaks(trim(message.text())))
    message.invalid("must not contain line breaks");
}

void validate_validation(const FieldRef& validation, std::size_t i, const Complaining& compiled) {
  const FieldRef expression = validation["expression"];
  const FieldRef message = validation["messageExpression"];
  if (trim(expression.text()).empty())
    expression.required("expression is not specified");
  else
    compiled.check(expression, fmt::format("validations[{}].expression", i));
  if (!message.text().empty() && trim(message.text()).empty())
    message.invalid("must be non-empty if specified");
  else
    compiled.check(message, fmt::format("validations[{}].messageExpression", i));
  validate_message(validation["message"]);
  if (validation["reason"].present()) {
    const FieldRef reason = validation["reason"];
    static constexpr std::array<std::string_view, 4> kReasons = {"Forbidden", "Invalid", "RequestEntityTooLarge",
                                                                 "Unauthorized"};
    if (std::find(kReasons.begin(), kReasons.end(), reason.text()) == kReasons.end()) reason.not_supported(kReasons);
  }
}

void validate_annotation(const FieldRef& annotation, std::size_t i, std::string_view policy, const Complaining& compiled) {
  const FieldRef key = annotation["key"];
  const FieldRef expression = annotation["valueExpression"];
  if (policy.empty()) {
    key.invalid("requires metadata.name be non-empty");
  } else {
    const std::string name = fmt::format("{}/{}", policy, key.text());
    for (std::string& complaint : check_label_key(name)) key.invalid(name, std::move(complaint));
  }
  const std::size_t size = trim(expression.text()).size();
  if (size == 0)
    expression.required("valueExpression is not specified");
  else if (size > kAnnotationExpressionBytesMax)
    expression.required(fmt::format("must not exceed {} bytes in length", kAnnotationExpressionBytesMax));
  else
    compiled.check(expression, fmt::format("auditAnnotations[{}].valueExpression", i));
}

void validate_annotations_of(const FieldRef& annotations, std::string_view policy, const Complaining& compiled) {
  if (annotations.size() > kAnnotationsMax)
    annotations.invalid(fmt::format("must not have more than {} auditAnnotations", kAnnotationsMax));
  std::set<std::string_view> keys;
  annotations.each_item([&](const FieldRef& annotation, std::size_t i) {
    validate_annotation(annotation, i, policy, compiled);
    if (!keys.insert(annotation["key"].text()).second) annotation["key"].duplicate();
  });
}

void validate_actions(const FieldRef& actions) {
  std::set<std::string_view> seen;
  actions.each_item([&](const FieldRef& action, std::size_t) {
    action.one_of({"Audit", "Deny", "Warn"});
    if (!seen.insert(action.text()).second) action.duplicate();
  });
  if (seen.contains("Deny") && seen.contains("Warn")) {
    actions.invalid(
        "must not contain both Deny and Warn (repeating the same validation failure information in the API response and "
        "headers serves no purpose)");
  }
  if (seen.empty()) actions.required("at least one validation action is required");
}

void validate_param_ref(const FieldRef& ref) {
  if (!ref.present()) return;
  const FieldRef name = ref["name"];
  const FieldRef selector = ref["selector"];
  const FieldRef action = ref["parameterNotFoundAction"];
  name.check(check_path_segment_name);
  if (!name.empty() && selector.present()) name.forbidden("name and selector are mutually exclusive");
  selector.label_selector();
  if (!name.empty() && selector.present()) selector.forbidden("name and selector are mutually exclusive");
  if (name.empty() && !selector.present()) ref.required("one of name or selector must be specified");
  if (action.require()) action.one_of({"Deny", "Allow"});
}

}  // namespace

void validate_match_conditions(const FieldRef& conditions, bool has_params) {
  if (conditions.empty()) return;
  const cel::Environment environment = admission_environment({has_params, true});
  const cel::Type kBool[] = {cel::Type::boolean()};
  std::set<std::string_view> names;
  if (conditions.size() > kConditionsMax) conditions.too_many(kConditionsMax);
  conditions.each_item([&](const FieldRef& condition, std::size_t) {
    const FieldRef expression = condition["expression"];
    const FieldRef name = condition["name"];
    const std::string_view text = trim(expression.text());
    if (text.empty()) {
      expression.required();
    } else if (const AdmissionExpression compiled = compile_admission(text, environment, kBool); !compiled.error.empty()) {
      expression.invalid(text, compiled.error);
    }
    if (!name.require()) return;
    name.check(check_label_key);
    if (!names.insert(name.text()).second) name.duplicate();
  });
}

void validate_admission_policy(const Value& object, FieldErrors& errors) {
  const FieldRef root(object, errors);
  const FieldRef spec = root["spec"];
  const FieldRef match = spec["matchConstraints"];
  const FieldRef validations = spec["validations"];
  const FieldRef annotations = spec["auditAnnotations"];
  const Complaining compiled(object);
  if (spec["failurePolicy"].require()) spec["failurePolicy"].one_of({"Fail", "Ignore"});
  if (spec["paramKind"].present()) validate_param_kind(spec["paramKind"]);
  if (!match.present()) match.required();
  validate_match_resources(match);
  if (match.present() && match["resourceRules"].empty()) match["resourceRules"].required();
  validate_match_conditions(spec["matchConditions"], spec["paramKind"].present());
  spec["variables"].each_item([&](const FieldRef& variable, std::size_t i) { validate_variable(variable, i, compiled); });
  if (validations.empty() && annotations.empty()) {
    static constexpr std::string_view kNone = "validations or auditAnnotations must contain at least one item";
    validations.required(std::string(kNone));
    annotations.required(std::string(kNone));
    return;
  }
  validations.each_item([&](const FieldRef& validation, std::size_t i) { validate_validation(validation, i, compiled); });
  validate_annotations_of(annotations, object["metadata"]["name"].as_string(), compiled);
}

void validate_policy_binding(const Value& object, FieldErrors& errors) {
  const FieldRef root(object, errors);
  const FieldRef spec = root["spec"];
  spec["policyName"].check_required(check_dns1123_subdomain);
  validate_param_ref(spec["paramRef"]);
  validate_match_resources(spec["matchResources"]);
  validate_actions(spec["validationActions"]);
}

}  // namespace plinth::api
