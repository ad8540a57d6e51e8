// Notation, a line each:
//   clusterrole NAME [gathers=LABEL] [into=LABEL]   gathers the rules of all roles labelled aggregate-to-LABEL; is so labelled
//   role NAMESPACE/NAME
//   controller NAME                                 ClusterRole system:controller:NAME, bound to kube-system/NAME
//     GROUPS | RESOURCES | VERBS [| NAMES]          a rule of the role above; "core" is the group without a name
//     url | PATHS | VERBS
//     @report                                       may write events
//   clusterrolebinding NAME ROLE SUBJECT...         user=U, group=G, account=NAMESPACE/NAME
//   rolebinding NAMESPACE/NAME ROLE SUBJECT...
// The verbs "all", "read" and "write" stand for the usual ones.
#include "server/auth/bootstrap_policy.h"

#include <optional>
#include <string>

#include "server/auth/policy_rule.h"

namespace plinth::server::auth {
namespace {

constexpr std::string_view kAggregateLabel = "rbac.authorization.k8s.io/aggregate-to-";
constexpr std::string_view kControllerPrefix = "system:controller:";
constexpr std::string_view kReport = "core events.k8s.io | events | create patch update";

std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t begin = text.find_first_not_of(' ', i);
    if (begin == std::string_view::npos) break;
    const std::size_t end = std::min(text.find(' ', begin), text.size());
    out.emplace_back(text.substr(begin, end - begin));
    i = end;
  }
  return out;
}

std::vector<std::string> verbs(std::string_view text) {
  std::vector<std::string> list = words(text);
  if (list == std::vector<std::string>{"all"}) return words("create delete deletecollection get list patch update watch");
  if (list == std::vector<std::string>{"read"}) return words("get list watch");
  if (list == std::vector<std::string>{"write"}) return words("create delete deletecollection patch update");
  return list;
}

std::optional<PolicyRule> parse_rule(std::string_view line) {
  if (words(line) == std::vector<std::string>{"@report"}) line = kReport;
  std::vector<std::string_view> columns;
  for (std::size_t begin = 0;;) {
    const std::size_t bar = line.find('|', begin);
    columns.push_back(line.substr(begin, bar == std::string_view::npos ? bar : bar - begin));
    if (bar == std::string_view::npos) break;
    begin = bar + 1;
  }
  if (columns.size() < 3 || columns.size() > 4) return std::nullopt;
  PolicyRule rule;
  rule.verbs = verbs(columns[2]);
  if (words(columns[0]) == std::vector<std::string>{"url"}) {
    rule.non_resource_urls = words(columns[1]);
    return rule;
  }
  for (std::string& group : words(columns[0])) rule.groups.push_back(group == "core" ? "" : std::move(group));
  rule.resources = words(columns[1]);
  if (columns.size() == 4) rule.resource_names = words(columns[3]);
  return rule;
}

struct Name {
  std::string name_space, name;
};

Name split_name(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return {"", std::string(text)};
  return {std::string(text.substr(0, slash)), std::string(text.substr(slash + 1))};
}

Draft begin_object(std::string_view kind, const Name& name) {
  Draft draft;
  draft.root() = draft.object();
  draft.set(draft.root(), "apiVersion", "rbac.authorization.k8s.io/v1");
  draft.set(draft.root(), "kind", kind);
  Value& metadata = draft.member(draft.root(), "metadata");
  draft.set(metadata, "name", name.name);
  if (!name.name_space.empty()) draft.set(metadata, "namespace", name.name_space);
  draft.set(draft.member(metadata, "labels"), "kubernetes.io/bootstrapping", "rbac-defaults");
  draft.set(draft.member(metadata, "annotations"), "rbac.authorization.kubernetes.io/autoupdate", "true");
  return draft;
}

// A role under construction: its rules follow on later lines.
struct RoleText {
  std::string kind;
  Name name;
  std::string gathers, into;
  PolicyRules rules;
};

Document make_role(const RoleText& role) {
  Draft draft = begin_object(role.kind, role.name);
  if (!role.into.empty()) {
    draft.set(draft.member_path(draft.root(), {"metadata", "labels"}), std::string(kAggregateLabel) + role.into, "true");
  }
  if (!role.gathers.empty()) {
    Value selector = draft.object();
    draft.set(draft.member(selector, "matchLabels"), std::string(kAggregateLabel) + role.gathers, "true");
    Value selectors = draft.array(1);
    draft.push(selectors, selector);
    draft.set(draft.member(draft.root(), "aggregationRule"), "clusterRoleSelectors", selectors);
  }
  // The rules of a gathering role are the aggregation controller's.
  draft.set(draft.root(), "rules", role.gathers.empty() ? rules_to_value(draft, role.rules) : Value());
  return std::move(draft).finish();
}

Result<Value> make_subject(Draft& draft, const std::string& text) {
  const std::size_t equals = text.find('=');
  const std::string kind = text.substr(0, equals);
  const std::string name = equals == std::string::npos ? "" : text.substr(equals + 1);
  Value subject = draft.object();
  if (kind == "account") {
    const Name account = split_name(name);
    draft.set(subject, "kind", "ServiceAccount");
    draft.set(subject, "name", account.name);
    draft.set(subject, "namespace", account.name_space);
    return subject;
  }
  if ((kind != "user" && kind != "group") || name.empty()) return internal_error("bootstrap policy: bad subject " + text);
  draft.set(subject, "kind", kind == "user" ? "User" : "Group");
  draft.set(subject, "apiGroup", kRbacGroup);
  draft.set(subject, "name", name);
  return subject;
}

Result<Document> make_binding(bool cluster, const Name& name, std::string_view role, std::span<const std::string> subjects) {
  Draft draft = begin_object(cluster ? "ClusterRoleBinding" : "RoleBinding", name);
  Value& ref = draft.member(draft.root(), "roleRef");
  draft.set(ref, "apiGroup", kRbacGroup);
  draft.set(ref, "kind", cluster ? "ClusterRole" : "Role");
  draft.set(ref, "name", role);
  Value list = draft.array(subjects.size());
  for (const std::string& text : subjects) draft.push(list, TRY(make_subject(draft, text)));
  if (!subjects.empty()) draft.set(draft.root(), "subjects", list);
  return std::move(draft).finish();
}

class PolicyParser {
 public:
  Result<std::vector<Document>> parse(std::string_view text) {
    for (std::size_t begin = 0; begin < text.size();) {
      const std::size_t end = std::min(text.find('\n', begin), text.size());
      const std::string_view line = text.substr(begin, end - begin);
      begin = end + 1;
      if (line.find_first_not_of(' ') == std::string_view::npos) continue;
      if (auto done = parse_line(line); !done.ok()) return std::move(done).error();
    }
    end_role();
    roles_.insert(roles_.end(), bindings_.begin(), bindings_.end());
    return std::move(roles_);
  }

 private:
  Result<void> parse_line(std::string_view line) {
    if (line.front() == ' ') {
      std::optional<PolicyRule> rule = parse_rule(line);
      if (!rule || !role_) return bad(line);
      role_->rules.push_back(std::move(*rule));
      return {};
    }
    end_role();
    const std::vector<std::string> parts = words(line);
    if (parts.size() < 2) return bad(line);
    if (parts[0] == "clusterrolebinding" || parts[0] == "rolebinding") {
      if (parts.size() < 3) return bad(line);
      bindings_.push_back(TRY(make_binding(parts[0] == "clusterrolebinding", split_if(parts[0] == "rolebinding", parts[1]),
                                           parts[2], std::span(parts).subspan(3))));
      return {};
    }
    return begin_role(parts, line);
  }

  Result<void> begin_role(const std::vector<std::string>& parts, std::string_view line) {
    RoleText role;
    role.kind = parts[0] == "role" ? "Role" : "ClusterRole";
    role.name = split_if(parts[0] == "role", parts[1]);
    for (std::size_t i = 2; i < parts.size(); ++i) {
      if (parts[i].starts_with("gathers="))
        role.gathers = parts[i].substr(8);
      else if (parts[i].starts_with("into="))
        role.into = parts[i].substr(5);
      else
        return bad(line);
    }
    if (parts[0] == "controller") {
      const std::vector<std::string> subjects = {"account=kube-system/" + role.name.name};
      role.name.name.insert(0, kControllerPrefix);
      bindings_.push_back(TRY(make_binding(true, role.name, role.name.name, subjects)));
    } else if (parts[0] != "role" && parts[0] != "clusterrole") {
      return bad(line);
    }
    role_ = std::move(role);
    return {};
  }

  static Name split_if(bool namespaced, const std::string& text) { return namespaced ? split_name(text) : Name{"", text}; }
  static Error bad(std::string_view line) { return internal_error("bootstrap policy: cannot read line " + std::string(line)); }

  void end_role() {
    if (role_) roles_.push_back(make_role(*role_));
    role_.reset();
  }

  std::optional<RoleText> role_;
  std::vector<Document> roles_, bindings_;
};

}  // namespace

Result<std::vector<Document>> parse_bootstrap_policy(std::string_view text) { return PolicyParser().parse(text); }

Result<std::vector<Document>> bootstrap_objects() {
  return parse_bootstrap_policy(std::string(kBootstrapRoles) + std::string(kBootstrapControllers));
}

}  // namespace plinth::server::auth
