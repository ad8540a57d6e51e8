// Webhook configurations and policies of admission.
#include <algorithm>
#include <set>

#include <fmt/core.h>

#include "api/strategies/admission_rules.h"
#include "api/strategies/draft_tools.h"
#include "api/strategies/field_ref.h"
#include "api/strategies/strategy_tables.h"

namespace plinth::api {
namespace {

bool has_wildcard(const FieldRef& list) {
  const auto items = list.value().items();
  return std::any_of(items.begin(), items.end(), [](const Value& v) { return v.as_string() == "*"; });
}

void validate_each_given(const FieldRef& list) {
  list.each_item([](const FieldRef& item, std::size_t) { item.require(); });
}

// "pods", "pods/log", "*", "*/scale", "pods/*", "*/*"
void validate_resources_of_rule(const FieldRef& resources) {
  if (!resources.require()) return;
  validate_each_given(resources);
  std::set<std::string_view> all_of, any_with;
  bool everything = false, whole = false, plain = false;
  resources.each_item([&](const FieldRef& resource, std::size_t) {
    const std::string_view text = resource.text();
    const std::size_t slash = text.find('/');
    if (text == "*/*")
      everything = true;
    else if (text == "*")
      whole = true;
    else if (slash == std::string_view::npos)
      plain = true;
    else if (text.substr(slash + 1) == "*")
      all_of.insert(text.substr(0, slash));
    else if (text.substr(0, slash) == "*")
      any_with.insert(text.substr(slash + 1));
    const std::string_view sub = slash == std::string_view::npos ? "" : text.substr(slash + 1);
    if (!sub.empty() && sub != "*" && all_of.contains(text.substr(0, slash))) {
      resource.invalid(fmt::format("if '{}/*' is present, must not specify {}", text.substr(0, slash), text));
    }
    if (!sub.empty() && text.substr(0, slash) != "*" && any_with.contains(sub)) {
      resource.invalid(fmt::format("if '*/{}' is present, must not specify {}", sub, text));
    }
  });
  if (everything && resources.size() > 1) resources.invalid("if '*/*' is present, must not specify other resources");
  if (whole && plain) resources.invalid("if '*' is present, must not specify other resources without subresources");
}

}  // namespace

void validate_admission_rule(const FieldRef& rule) {
  const FieldRef groups = rule["apiGroups"];
  const FieldRef versions = rule["apiVersions"];
  const FieldRef operations = rule["operations"];
  groups.require();
  if (groups.size() > 1 && has_wildcard(groups)) groups.invalid("if '*' is present, must not specify other API groups");
  versions.require();
  if (versions.size() > 1 && has_wildcard(versions)) versions.invalid("if '*' is present, must not specify other API versions");
  validate_each_given(versions);
  validate_resources_of_rule(rule["resources"]);
  operations.require();
  if (operations.size() > 1 && has_wildcard(operations))
    operations.invalid("if '*' is present, must not specify other operations");
  operations.each_item([](const FieldRef& operation, std::size_t) {
    operation.one_of({"*", "CONNECT", "CREATE", "DELETE", "UPDATE"});
  });
}

namespace {

void validate_url(const FieldRef& url) {
  constexpr std::string_view kForm = "; desired format: https://host[/path]";
  constexpr std::string_view kScheme = "https://";
  const std::string_view text = url.text();
  const std::size_t colon = text.find("://");
  if (!text.starts_with(kScheme)) {
    return url.invalid(text.substr(0, colon == std::string_view::npos ? 0 : colon),
                       fmt::format("'https' is the only allowed URL scheme{}", kForm));
  }
  const std::string_view rest = text.substr(kScheme.size());
  const std::string_view host = rest.substr(0, rest.find_first_of("/?#"));
  if (host.empty()) url.invalid("", fmt::format("host must be specified{}", kForm));
  if (host.find('@') != std::string_view::npos) url.invalid(host, "user information is not permitted in the URL");
  if (text.find('#') != std::string_view::npos) url.invalid(text, "fragments are not permitted in the URL");
  if (text.find('?') != std::string_view::npos) url.invalid(text, "query parameters are not permitted in the URL");
}

void validate_service_path(const FieldRef& path) {
  if (!path.present()) return;
  const std::string_view text = path.text();
  if (text.empty() || text == "/") return;
  if (!text.starts_with('/')) return path.invalid("must start with a '/'");
  if (text.starts_with("//") || text.find("//") != std::string_view::npos) path.invalid("segment[0] may not be empty");
}

void validate_client(const FieldRef& client) {
  const FieldRef url = client["url"];
  const FieldRef service = client["service"];
  if (url.present() == service.present()) return client.required("exactly one of url or service is required");
  if (url.present()) return validate_url(url);
  service["name"].require();
  service["namespace"].require();
  validate_service_path(service["path"]);
}

// At least three labels: "a.example.com".
void validate_webhook_name(const FieldRef& name) {
  if (!name.require()) return;
  const std::size_t before = name.errors().size();
  name.check(check_dns1123_subdomain);
  if (name.errors().size() == before && std::count(name.text().begin(), name.text().end(), '.') < 2) {
    name.invalid("should be a domain with at least three segments separated by dots");
  }
}

void validate_review_versions(const FieldRef& versions) {
  bool known = false;
  std::set<std::string_view> seen;
  if (versions.empty()) return versions.required("must specify one of v1, v1beta1");
  versions.each_item([&](const FieldRef& version, std::size_t) {
    if (!seen.insert(version.text()).second) return version.invalid("duplicate version");
    version.check(check_dns1035_label);
    known = known || version.is("v1") || version.is("v1beta1");
  });
  if (!known) versions.invalid("must include at least one of v1, v1beta1");
}

void validate_webhook(const FieldRef& hook) {
  const FieldRef effects = hook["sideEffects"];
  const FieldRef seconds = hook["timeoutSeconds"];
  const FieldRef conditions = hook["matchConditions"];
  validate_webhook_name(hook["name"]);
  hook["rules"].each_item([](const FieldRef& rule, std::size_t) { validate_admission_rule(rule); });
  if (effects.empty()) {
    effects.required("must specify one of None, NoneOnDryRun");
  } else if (!effects.is("None") && !effects.is("NoneOnDryRun")) {
    effects.not_supported({"None", "NoneOnDryRun"});
  }
  if (seconds.present() && (seconds.number() < 1 || seconds.number() > 30)) {
    seconds.invalid("the timeout value must be between 1 and 30 seconds");
  }
  hook["namespaceSelector"].label_selector();
  hook["objectSelector"].label_selector();
  validate_client(hook["clientConfig"]);
  validate_review_versions(hook["admissionReviewVersions"]);
  validate_match_conditions(conditions, /*has_params=*/false);
}

void validate_configuration(const Value& object, FieldErrors& errors) {
  const FieldRef root(object, errors);
  std::set<std::string_view> names;
  root["webhooks"].each_item([&](const FieldRef& hook, std::size_t) {
    validate_webhook(hook);
    if (!hook["name"].empty() && !names.insert(hook["name"].text()).second) hook["name"].duplicate();
  });
}

void refuse_mutating_policy(const Value& object, FieldErrors& errors) {
  const FieldRef root(object, errors);
  root["spec"].forbidden("policies that change objects are not supported by this server; use a mutating admission webhook");
}

constexpr std::string_view kGroup = "admissionregistration.k8s.io";
constexpr Strategy kStrategies[] = {
    {.group = kGroup, .kind = "ValidatingWebhookConfiguration", .validate = validate_configuration},
    {.group = kGroup, .kind = "MutatingWebhookConfiguration", .validate = validate_configuration},
    {.group = kGroup,
     .kind = "ValidatingAdmissionPolicy",
     .status_resets = StatusResets::kMetadata,
     .validate = validate_admission_policy},
    {.group = kGroup, .kind = "MutatingAdmissionPolicy", .validate = refuse_mutating_policy},
    {.group = kGroup, .kind = "ValidatingAdmissionPolicyBinding", .validate = validate_policy_binding},
    {.group = kGroup, .kind = "MutatingAdmissionPolicyBinding", .validate = refuse_mutating_policy},
};

}  // namespace

std::span<const Strategy> admission_strategies() { return kStrategies; }

}  // namespace plinth::api
