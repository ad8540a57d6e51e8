#include "server/auth/escalation.h"

#include <set>

#include "api/go_text.h"
#include "server/auth/rbac_scope.h"
#include "server/auth/rule_cover.h"
#include "server/status.h"

namespace plinth::server::auth {
namespace {

const PolicyRules& full_authority() {
  static const PolicyRules rules = {{{"*"}, {"*"}, {"*"}, {}, {}}, {{"*"}, {}, {}, {}, {"*"}}};
  return rules;
}

std::string quoted_list(const std::vector<std::string>& texts) {
  std::string out = "[";
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (i > 0) out += ' ';
    api::append_go_quoted(out, texts[i]);
  }
  return out + "]";
}

std::string describe_missing(const UserInfo& user, const PolicyRules& missing, const std::vector<std::string>& problems) {
  std::set<std::string> lines;
  for (const PolicyRule& rule : compact_rules(missing)) lines.insert(compact_text(rule));
  std::string out = "user " + api::go_quoted(user.name) + " (groups=" + quoted_list(user.groups) +
                    ") is attempting to grant RBAC permissions not currently held:";
  for (const std::string& line : lines) out.append("\n").append(line);
  if (problems.empty()) return out;
  out += "; resolution errors: [";
  for (std::size_t i = 0; i < problems.size(); ++i) out.append(i > 0 ? ", " : "").append(problems[i]);
  return out + "]";
}

// "" when the user holds all of `wanted`, else what is missing.
std::string missing_text(const RbacPolicy& policy, const Attributes& request, const PolicyRules& wanted) {
  std::vector<std::string> problems;
  const PolicyRules held = policy.rules_for(*request.user, request.name_space, &problems);
  const PolicyRules missing = missing_rights(held, wanted);
  return missing.empty() ? "" : describe_missing(*request.user, missing, problems);
}

bool may(const RbacPolicy& policy, const Attributes& request, std::string_view verb, std::string_view resource,
         std::string_view name) {
  Attributes asked;
  asked.user = request.user;
  asked.verb = verb;
  asked.group = kRbacGroup;
  asked.version = "*";
  asked.resource = resource;
  asked.name = name;
  asked.name_space = request.name_space;
  return policy.authorize(asked).allowed;
}

Error refuse(const Attributes& request, const Value& object, std::string_view why) {
  return forbidden(request.group, request.resource, object["metadata"]["name"].as_string(), why);
}

bool aggregates(const Value& role) { return role["aggregationRule"]["clusterRoleSelectors"].size() > 0; }

// Equal but for the members named in `ignored`.
bool equal_besides(const Value& a, const Value& b, std::initializer_list<std::string_view> ignored) {
  const auto skip = [&](std::string_view key) {
    for (std::string_view name : ignored) {
      if (name == key) return true;
    }
    return false;
  };
  for (const Member& m : a.members()) {
    if (skip(m.key())) continue;
    const Value* other = b.find(m.key());
    if (other == nullptr || !equal(m.value, *other)) return false;
  }
  for (const Member& m : b.members()) {
    if (!skip(m.key()) && a.find(m.key()) == nullptr) return false;
  }
  return true;
}

}  // namespace

bool is_role_resource(std::string_view group, std::string_view resource) {
  return group == kRbacGroup && (resource == "roles" || resource == "clusterroles");
}

bool is_binding_resource(std::string_view group, std::string_view resource) {
  return group == kRbacGroup && (resource == "rolebindings" || resource == "clusterrolebindings");
}

bool only_gc_fields_differ(const Value& object, const Value& old) {
  // resourceVersion is the writer's precondition or will be assigned; it is no content.
  return equal_besides(object, old, {"metadata"}) &&
         equal_besides(object["metadata"], old["metadata"],
                       {"ownerReferences", "finalizers", "selfLink", "managedFields", "resourceVersion"});
}

Result<void> check_role_write(const RbacPolicy& policy, const Attributes& request, const Value& object, const Value* old) {
  if (request.user->privileged() || may(policy, request, "escalate", request.resource, request.name)) return {};
  if (old != nullptr && only_gc_fields_differ(object, *old)) return {};
  const std::string missing = missing_text(policy, request, rules_from_value(object["rules"]));
  if (!missing.empty()) return refuse(request, object, missing);
  // An aggregated role can gather anything.
  const bool gathers = aggregates(object) || (old != nullptr && aggregates(*old));
  if (gathers && !missing_text(policy, request, full_authority()).empty()) {
    return refuse(request, object, "must have cluster-admin privileges to use the aggregationRule");
  }
  return {};
}

Result<void> check_binding_write(const RbacPolicy& policy, const Attributes& request, const Value& object, const Value* old) {
  if (request.user->privileged()) return {};
  if (old != nullptr && only_gc_fields_differ(object, *old)) return {};
  const RoleRef role = role_ref_from_value(object["roleRef"]);
  const bool known = role.group == kRbacGroup && (role.kind == "ClusterRole" || role.kind == "Role");
  if (known && may(policy, request, "bind", role.kind == "ClusterRole" ? "clusterroles" : "roles", role.name)) return {};
  const PolicyRules rules = TRY(policy.rules_of(role, request.name_space));
  const std::string missing = missing_text(policy, request, rules);
  if (!missing.empty()) return refuse(request, object, missing);
  return {};
}

}  // namespace plinth::server::auth
