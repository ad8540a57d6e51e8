#include "server/auth/escalation.h"

#include <doctest/doctest.h>

#include "server/auth/rule_cover.h"
#include "server/auth/test_rbac.h"

using namespace plinth;
using namespace plinth::server::auth;

namespace {

PolicyRules rules(const char* json) { return rules_from_value(std::move(parse_json(json)).value().root()); }

Document document(const std::string& json) { return std::move(parse_json(json)).value(); }

Attributes write(const std::string& resource, const std::string& name_space, const UserPtr& user,
                 const std::string& verb = "create") {
  Attributes out = ask(user, verb + " " + resource + ".rbac.authorization.k8s.io");
  out.name_space = name_space;
  return out;
}

}  // namespace

TEST_CASE("whether rules include others") {
  struct {
    const char *name, *held, *wanted, *missing;  // missing: compact texts of what is not held
  } cases[] = {
      {"same", R"([{"apiGroups":[""],"resources":["pods"],"verbs":["get"]}])",
       R"([{"apiGroups":[""],"resources":["pods"],"verbs":["get"]}])", ""},
      {"nothing held", "[]", R"([{"apiGroups":[""],"resources":["pods"],"verbs":["get","list"]}])",
       R"({APIGroups:[""], Resources:["pods"], Verbs:["get" "list"]})"},
      {"spread over rules",
       R"([{"apiGroups":[""],"resources":["pods"],"verbs":["get"]},{"apiGroups":[""],"resources":["pods"],"verbs":["list"]}])",
       R"([{"apiGroups":[""],"resources":["pods"],"verbs":["list","get"]}])", ""},
      {"stars", R"([{"apiGroups":["*"],"resources":["*"],"verbs":["*"]}])",
       R"([{"apiGroups":["x"],"resources":["y/z"],"verbs":["q"],"resourceNames":["n"]}])", ""},
      {"a star is not held", R"([{"apiGroups":[""],"resources":["pods"],"verbs":["get","list"]}])",
       R"([{"apiGroups":[""],"resources":["pods"],"verbs":["*"]}])", R"({APIGroups:[""], Resources:["pods"], Verbs:["*"]})"},
      {"names of all", R"([{"apiGroups":[""],"resources":["pods"],"verbs":["get"]}])",
       R"([{"apiGroups":[""],"resources":["pods"],"verbs":["get"],"resourceNames":["n"]}])", ""},
      {"all of names", R"([{"apiGroups":[""],"resources":["pods"],"verbs":["get"],"resourceNames":["n"]}])",
       R"([{"apiGroups":[""],"resources":["pods"],"verbs":["get"]}])",
       R"({APIGroups:[""], Resources:["pods"], Verbs:["get"]})"},
      {"a name more", R"([{"apiGroups":[""],"resources":["pods"],"verbs":["get"],"resourceNames":["n"]}])",
       R"([{"apiGroups":[""],"resources":["pods"],"verbs":["get"],"resourceNames":["n","m"]}])",
       R"({APIGroups:[""], Resources:["pods"], ResourceNames:["m"], Verbs:["get"]})"},
      {"scale of everything", R"([{"apiGroups":["*"],"resources":["*/scale"],"verbs":["get"]}])",
       R"([{"apiGroups":["apps"],"resources":["deployments/scale","deployments"],"verbs":["get"]}])",
       R"({APIGroups:["apps"], Resources:["deployments"], Verbs:["get"]})"},
      {"paths", R"([{"nonResourceURLs":["/api/*"],"verbs":["get"]}])",
       R"([{"nonResourceURLs":["/api/v1","/api/*","/apis"],"verbs":["get"]}])",
       R"({NonResourceURLs:["/apis"], Verbs:["get"]})"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.name);
    std::string missing;
    for (const PolicyRule& rule : compact_rules(missing_rights(rules(c.held), rules(c.wanted)))) missing += compact_text(rule);
    CHECK(missing == c.missing);
  }
}

TEST_CASE("a rule of a billion parts is refused at once") {
  PolicyRule huge;
  for (int i = 0; i < 2000; ++i) {
    huge.groups.push_back("g" + std::to_string(i));
    huge.resources.push_back("r" + std::to_string(i));
    huge.verbs.push_back("v" + std::to_string(i));
  }
  CHECK(missing_rights({}, {huge}).size() == 1);
  CHECK(missing_rights({{{"*"}, {"*"}, {"*"}, {}, {}}}, {huge}).empty());
}

TEST_CASE("writes of roles") {
  TestSnapshot snapshot;
  put_role(snapshot, "", "reader", R"([{"apiGroups":[""],"resources":["pods"],"verbs":["get"]}])");
  put_role(snapshot, "", "escalator",
           R"([{"apiGroups":["rbac.authorization.k8s.io"],"resources":["roles"],"verbs":["escalate"]}])");
  put_role(snapshot, "", "everything",
           R"([{"apiGroups":["*"],"resources":["*"],"verbs":["*"]},{"nonResourceURLs":["*"],"verbs":["*"]}])");
  put_binding(snapshot, "", "u", "ClusterRole", "reader", user_subject("u"));
  put_binding(snapshot, "a", "e", "ClusterRole", "escalator", user_subject("e"));
  put_binding(snapshot, "", "all", "ClusterRole", "everything", user_subject("admin"));
  Rbac rbac;
  const RbacPolicyPtr policy = rbac.policy(snapshot);
  const Document pods =
      document(R"({"metadata":{"name":"x"},"rules":[{"apiGroups":[""],"resources":["pods"],"verbs":["get"]}]})");
  const Document secrets =
      document(R"({"metadata":{"name":"x"},"rules":[{"apiGroups":[""],"resources":["secrets"],"verbs":["get","list"]}]})");
  const Document gathers = document(R"({"metadata":{"name":"x"},"rules":[],"aggregationRule":{"clusterRoleSelectors":[{}]}})");
  const Document collected = document(
      R"({"metadata":{"name":"x","finalizers":["f"]},"rules":[{"apiGroups":[""],"resources":["secrets"],"verbs":["get","list"]}]})");
  const UserPtr u = test_user("u", {"g", "h"}), e = test_user("e"), admin = test_user("admin"),
                master = test_user("m", {"system:masters"});

  CHECK(check_role_write(*policy, write("clusterroles", "", u), pods.root(), nullptr).ok());
  const auto refused = check_role_write(*policy, write("clusterroles", "", u), secrets.root(), nullptr);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code() == 403);
  CHECK(refused.error().message() ==
        "clusterroles.rbac.authorization.k8s.io \"x\" is forbidden: user \"u\" (groups=[\"g\" \"h\"]) is attempting to grant "
        "RBAC permissions "
        "not currently held:\n{APIGroups:[\"\"], Resources:[\"secrets\"], Verbs:[\"get\" \"list\"]}");
  CHECK(check_role_write(*policy, write("clusterroles", "", master), secrets.root(), nullptr).ok());
  CHECK(check_role_write(*policy, write("clusterroles", "", admin), gathers.root(), nullptr).ok());
  CHECK(check_role_write(*policy, write("roles", "a", e), secrets.root(), nullptr).ok());
  CHECK_FALSE(check_role_write(*policy, write("roles", "b", e), secrets.root(), nullptr).ok());
  CHECK_FALSE(check_role_write(*policy, write("clusterroles", "", e), secrets.root(), nullptr).ok());
  CHECK(check_role_write(*policy, write("clusterroles", "", u), gathers.root(), nullptr).error().message() ==
        "clusterroles.rbac.authorization.k8s.io \"x\" is forbidden: must have cluster-admin privileges to use the "
        "aggregationRule");
  // Taking the aggregation away needs as much.
  CHECK_FALSE(check_role_write(*policy, write("clusterroles", "", u, "update"), pods.root(), &gathers.root()).ok());
  // What the garbage collector changes is no grant.
  CHECK(check_role_write(*policy, write("clusterroles", "", u, "update"), collected.root(), &secrets.root()).ok());
  CHECK_FALSE(check_role_write(*policy, write("clusterroles", "", u, "update"), collected.root(), &pods.root()).ok());
}

TEST_CASE("writes of bindings") {
  TestSnapshot snapshot;
  put_role(snapshot, "", "reader", R"([{"apiGroups":[""],"resources":["pods"],"verbs":["get"]}])");
  put_role(snapshot, "", "strong", R"([{"apiGroups":["*"],"resources":["*"],"verbs":["*"]}])");
  put_role(snapshot, "a", "local", R"([{"apiGroups":[""],"resources":["pods"],"verbs":["get"]}])");
  put_role(
      snapshot, "", "binder",
      R"([{"apiGroups":["rbac.authorization.k8s.io"],"resources":["clusterroles"],"resourceNames":["strong"],"verbs":["bind"]}])");
  put_binding(snapshot, "a", "u", "ClusterRole", "reader", user_subject("u"));
  put_binding(snapshot, "a", "b", "ClusterRole", "binder", user_subject("b"));
  Rbac rbac;
  const RbacPolicyPtr policy = rbac.policy(snapshot);
  const auto binding = [](const std::string& kind, const std::string& role) {
    return document("{\"metadata\":{\"name\":\"x\"},\"roleRef\":{\"apiGroup\":\"rbac.authorization.k8s.io\",\"kind\":\"" +
                    kind + "\",\"name\":\"" + role + "\"},\"subjects\":[]}");
  };
  struct {
    const char *user, *name_space, *kind, *role;
    int code;  // 0: allowed
  } cases[] = {
      {"u", "a", "ClusterRole", "reader", 0},   {"u", "a", "Role", "local", 0},
      {"u", "b", "ClusterRole", "reader", 403}, {"u", "", "ClusterRole", "reader", 403},
      {"u", "a", "ClusterRole", "strong", 403}, {"u", "a", "ClusterRole", "none", 404},
      {"u", "b", "Role", "local", 404},         {"b", "a", "ClusterRole", "strong", 0},
      {"b", "a", "ClusterRole", "reader", 403}, {"b", "", "ClusterRole", "strong", 403},
  };
  for (const auto& c : cases) {
    CAPTURE(c.user);
    CAPTURE(c.name_space);
    CAPTURE(c.role);
    const Document object = binding(c.kind, c.role);
    const std::string resource = *c.name_space == '\0' ? "clusterrolebindings" : "rolebindings";
    const auto done = check_binding_write(*policy, write(resource, c.name_space, test_user(c.user)), object.root(), nullptr);
    CHECK((done.ok() ? 0 : done.error().code()) == c.code);
  }
  const Document strong = binding("ClusterRole", "strong");
  CHECK(
      check_binding_write(*policy, write("clusterrolebindings", "", test_user("m", {"system:masters"})), strong.root(), nullptr)
          .ok());
}
