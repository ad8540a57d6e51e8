// Roles and their bindings.
#include "api/strategies/draft_tools.h"
#include "api/strategies/field_ref.h"
#include "api/strategies/strategy_tables.h"

namespace plinth::api {
namespace {

constexpr std::string_view kGroup = "rbac.authorization.k8s.io";

void default_binding(Draft& draft) {
  change_member(draft, draft.root(), "roleRef", [&](Value& ref) { set_default(draft, ref, "apiGroup", Value::ref(kGroup)); });
  change_items(draft, draft.root(), "subjects", [&](Value& subject) {
    const std::string_view kind = subject["kind"].as_string();
    if (kind == "User" || kind == "Group") set_default(draft, subject, "apiGroup", Value::ref(kGroup));
  });
}

void validate_rule(const FieldRef& rule, bool namespaced) {
  const FieldRef urls = rule["nonResourceURLs"];
  const FieldRef groups = rule["apiGroups"];
  const FieldRef resources = rule["resources"];
  rule["verbs"].require("verbs must contain at least one value");
  if (!urls.empty()) {
    if (namespaced) urls.invalid("namespaced rules cannot apply to non-resource URLs");
    if (!groups.empty() || !resources.empty() || !rule["resourceNames"].empty()) {
      urls.invalid("rules cannot apply to both regular resources and non-resource URLs");
    }
    return;
  }
  groups.require("resource rules must supply at least one api group");
  resources.require("resource rules must supply at least one resource");
}

void validate_role(const Value& object, FieldErrors& errors) {
  const FieldRef root(object, errors);
  root["rules"].each_item([](const FieldRef& rule, std::size_t) { validate_rule(rule, true); });
}

void validate_cluster_role(const Value& object, FieldErrors& errors) {
  const FieldRef root(object, errors);
  root["rules"].each_item([](const FieldRef& rule, std::size_t) { validate_rule(rule, false); });
  if (!root["aggregationRule"].present()) return;
  const FieldRef selectors = root["aggregationRule.clusterRoleSelectors"];
  selectors.require("at least one clusterRoleSelector required if aggregationRule is non-nil");
  selectors.each_item([](const FieldRef& selector, std::size_t) { selector.label_selector(); });
}

void validate_subject(const FieldRef& subject, bool namespaced) {
  const FieldRef kind = subject["kind"];
  const FieldRef name = subject["name"];
  const FieldRef group = subject["apiGroup"];
  const FieldRef home = subject["namespace"];
  name.require();
  if (kind.is("ServiceAccount")) {
    name.check(check_dns1123_subdomain);
    if (!group.empty()) group.not_supported({""});
    if (!namespaced) home.require();
  } else if (kind.is("User") || kind.is("Group")) {
    if (!group.is(kGroup)) group.not_supported({kGroup});
  } else {
    kind.not_supported({"ServiceAccount", "User", "Group"});
  }
}

void validate_binding(const Value& object, FieldErrors& errors, bool namespaced) {
  const FieldRef root(object, errors);
  const FieldRef ref = root["roleRef"];
  const FieldRef kind = ref["kind"];
  if (!ref["apiGroup"].is(kGroup)) ref["apiGroup"].not_supported({kGroup});
  if (namespaced && !kind.is("Role") && !kind.is("ClusterRole")) kind.not_supported({"Role", "ClusterRole"});
  if (!namespaced && !kind.is("ClusterRole")) kind.not_supported({"ClusterRole"});
  ref["name"].check_required(check_path_segment_name);
  root["subjects"].each_item([&](const FieldRef& subject, std::size_t) { validate_subject(subject, namespaced); });
}

void validate_role_binding(const Value& object, FieldErrors& errors) { validate_binding(object, errors, true); }
void validate_cluster_role_binding(const Value& object, FieldErrors& errors) { validate_binding(object, errors, false); }

void validate_binding_update(const Value& object, const Value& old, FieldErrors& errors) {
  const FieldRef root(object, errors);
  root["roleRef"].immutable(old["roleRef"]);
}

constexpr Strategy kStrategies[] = {
    {.group = kGroup, .kind = "Role", .validate = validate_role},
    {.group = kGroup, .kind = "ClusterRole", .validate = validate_cluster_role},
    {.group = kGroup,
     .kind = "RoleBinding",
     .default_ = default_binding,
     .validate = validate_role_binding,
     .validate_update = validate_binding_update},
    {.group = kGroup,
     .kind = "ClusterRoleBinding",
     .default_ = default_binding,
     .validate = validate_cluster_role_binding,
     .validate_update = validate_binding_update},
};

}  // namespace

std::span<const Strategy> rbac_strategies() { return kStrategies; }

}  // namespace plinth::api
