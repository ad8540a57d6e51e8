#include "server/auth/rbac.h"

#include <doctest/doctest.h>

#include "server/auth/test_rbac.h"

using namespace plinth;
using namespace plinth::server::auth;

namespace {

struct Question {
  const char* text;
  bool allowed;
};

struct RuleCase {
  const char* name;
  const char* rules;
  std::vector<Question> questions;
};

bool allowed(Rbac& rbac, const TestSnapshot& snapshot, const UserPtr& user, const std::string& text) {
  return rbac.authorize(ask(user, text), snapshot).allowed;
}

}  // namespace

TEST_CASE("what a rule allows") {
  const RuleCase cases[] = {
      {"plain",
       R"([{"apiGroups":[""],"resources":["pods"],"verbs":["get","list"]}])",
       {{"get pods ns=a", true},
        {"get pods", true},
        {"list pods", true},
        {"watch pods", false},
        {"get pods/log", false},
        {"get pods.apps", false},
        {"get podsx", false},
        {"get /pods", false},
        {"GET pods", false}}},
      {"subresource",
       R"([{"apiGroups":[""],"resources":["pods/log"],"verbs":["get"]}])",
       {{"get pods/log", true}, {"get pods", false}, {"get services/log", false}}},
      {"subresource of everything",
       R"([{"apiGroups":["*"],"resources":["*/scale"],"verbs":["update"]}])",
       {{"update deployments.apps/scale", true},
        {"update x.y/scale", true},
        {"update deployments.apps", false},
        {"update deployments.apps/status", false},
        {"update deployments.apps/xscale", false}}},
      {"all resources",
       R"([{"apiGroups":["apps"],"resources":["*"],"verbs":["get"]}])",
       {{"get deployments.apps", true}, {"get deployments.apps/scale", true}, {"get pods", false}}},
      {"all groups and verbs",
       R"([{"apiGroups":["*"],"resources":["pods"],"verbs":["*"]}])",
       {{"get pods", true}, {"escalate pods", true}, {"get pods.x", true}, {"get pods/log", false}}},
      {"a star is no pattern",
       R"([{"apiGroups":["app*"],"resources":["pod*","pods/*"],"verbs":["ge*"]}])",
       {{"get pods", false}, {"get pods.apps", false}, {"get pods/log", false}}},
      {"names",
       R"([{"apiGroups":[""],"resources":["secrets"],"verbs":["get","list","create"],"resourceNames":["x","y"]}])",
       {{"get secrets name=x", true},
        {"get secrets name=y", true},
        {"get secrets name=z", false},
        {"list secrets", false},
        {"list secrets name=x", true},
        {"create secrets", false}}},
      {"uncommon verbs",
       R"([{"apiGroups":[""],"resources":["x"],"verbs":["bind","use"]}])",
       {{"bind x", true}, {"use x", true}, {"escalate x", false}, {"get x", false}}},
      {"paths",
       R"([{"nonResourceURLs":["/healthz","/api/*","/logs*"],"verbs":["get"]}])",
       {{"get /healthz", true},
        {"get /healthz/", false},
        {"get /healthz/x", false},
        {"get /api", false},
        {"get /api/", true},
        {"get /api/v1", true},
        {"get /logs", true},
        {"get /logsx/y", true},
        {"post /api/v1", false},
        {"get pods", false}}},
      {"all paths",
       R"([{"nonResourceURLs":["*"],"verbs":["*"]}])",
       {{"get /x", true}, {"delete /", true}, {"get pods", false}}},
      {"an empty rule", "[{}]", {{"get pods", false}, {"get /", false}}},
      {"union",
       R"([{"apiGroups":[""],"resources":["pods"],"verbs":["get"]},{"apiGroups":[""],"resources":["services"],"verbs":["list"]}])",
       {{"get pods", true}, {"list services", true}, {"list pods", false}, {"get services", false}}},
  };
  for (const RuleCase& c : cases) {
    TestSnapshot snapshot;
    put_role(snapshot, "", "r", c.rules);
    put_binding(snapshot, "", "b", "ClusterRole", "r", user_subject("u"));
    Rbac rbac;
    for (const Question& q : c.questions) {
      CAPTURE(c.name);
      CAPTURE(q.text);
      CHECK(allowed(rbac, snapshot, test_user("u"), q.text) == q.allowed);
      CHECK_FALSE(allowed(rbac, snapshot, test_user("v"), q.text));
    }
  }
}

TEST_CASE("who a binding is for, and where") {
  const std::string pods = R"([{"apiGroups":[""],"resources":["pods"],"verbs":["get"]}])";
  TestSnapshot snapshot;
  put_role(snapshot, "", "reader", pods);
  put_role(snapshot, "a", "local", R"([{"apiGroups":[""],"resources":["secrets"],"verbs":["get"]}])");
  put_binding(snapshot, "a", "user", "ClusterRole", "reader", user_subject("u"));
  put_binding(snapshot, "a", "role", "Role", "local", user_subject("u"));
  put_binding(snapshot, "b", "role", "Role", "local", user_subject("u"));  // a Role of another namespace
  put_binding(snapshot, "", "role", "Role", "local", user_subject("u"));   // invalid: no right comes from it
  put_binding(snapshot, "a", "account", "ClusterRole", "reader",
              R"([{"kind":"ServiceAccount","name":"s"},{"kind":"ServiceAccount","name":"t","namespace":"z"}])");
  put_binding(snapshot, "", "group", "ClusterRole", "reader",
              R"([{"kind":"Group","name":"g"},{"kind":"ServiceAccount","name":"lost"}])");
  struct {
    UserPtr user;
    const char* question;
    bool allowed;
  } cases[] = {
      {test_user("u"), "get pods ns=a", true},
      {test_user("u"), "get pods ns=b", false},
      {test_user("u"), "get pods", false},
      {test_user("u"), "get secrets ns=a", true},
      {test_user("u"), "get secrets ns=b", false},
      {test_user("u"), "get secrets", false},
      {test_user("g"), "get pods", false},
      {test_user("x", {"u"}), "get pods ns=a", false},
      {test_user("x", {"f", "g"}), "get pods ns=q", true},
      {test_user("x", {"f", "g"}), "get pods", true},
      {test_user("system:serviceaccount:a:s"), "get pods ns=a", true},
      {test_user("system:serviceaccount:a:t"), "get pods ns=a", false},
      {test_user("system:serviceaccount:z:t"), "get pods ns=a", true},
      {test_user("system:serviceaccount::lost"), "get pods", false},
      {test_user("nobody", {"system:masters"}), "delete nodes", true},
      {test_user("system:masters"), "delete nodes", false},
      {nullptr, "get pods", false},
  };
  Rbac rbac;
  for (const auto& c : cases) {
    CAPTURE(c.question);
    CAPTURE((c.user ? c.user->name : "none"));
    CHECK(allowed(rbac, snapshot, c.user, c.question) == c.allowed);
  }
}

TEST_CASE("a changed object counts at the next request, an unchanged policy is the same one") {
  TestSnapshot snapshot;
  Rbac rbac;
  const UserPtr u = test_user("u");
  CHECK_FALSE(allowed(rbac, snapshot, u, "get pods ns=a"));
  put_binding(snapshot, "a", "b", "ClusterRole", "r", user_subject("u"));
  CHECK_FALSE(allowed(rbac, snapshot, u, "get pods ns=a"));
  put_role(snapshot, "", "r", R"([{"apiGroups":[""],"resources":["pods"],"verbs":["get"]}])");
  CHECK(allowed(rbac, snapshot, u, "get pods ns=a"));
  const RbacPolicyPtr policy = rbac.policy(snapshot);
  snapshot.put("/core/configmaps/a/x", R"({"metadata":{"name":"x"}})");
  CHECK(rbac.policy(snapshot) == policy);
  put_role(snapshot, "", "r", "[]");
  CHECK_FALSE(allowed(rbac, snapshot, u, "get pods ns=a"));
  CHECK(policy->authorize(ask(u, "get pods ns=a")).allowed);  // the old state is immutable
  put_role(snapshot, "", "r", R"([{"apiGroups":[""],"resources":["pods"],"verbs":["get"]}])");
  CHECK(allowed(rbac, snapshot, u, "get pods ns=a"));
  snapshot.remove("/rbac.authorization.k8s.io/rolebindings/a/b");
  CHECK_FALSE(allowed(rbac, snapshot, u, "get pods ns=a"));
}

TEST_CASE("reasons") {
  TestSnapshot snapshot;
  put_role(snapshot, "", "r", R"([{"apiGroups":[""],"resources":["pods"],"verbs":["get"]}])");
  put_binding(snapshot, "", "all", "ClusterRole", "r", R"([{"kind":"Group","name":"g"}])");
  put_binding(snapshot, "a", "some", "ClusterRole", "r", R"([{"kind":"ServiceAccount","name":"s"}])");
  put_binding(snapshot, "a", "gone", "Role", "none", user_subject("u"));
  put_binding(snapshot, "", "gone", "ClusterRole", "none", user_subject("u"));
  Rbac rbac;
  struct {
    UserPtr user;
    const char* reason;
  } cases[] = {
      {test_user("x", {"g"}), "RBAC: allowed by ClusterRoleBinding \"all\" of ClusterRole \"r\" to Group \"g\""},
      {test_user("system:serviceaccount:a:s"),
       "RBAC: allowed by RoleBinding \"some/a\" of ClusterRole \"r\" to ServiceAccount \"s/a\""},
      {test_user("u"),
       "RBAC: [clusterrole.rbac.authorization.k8s.io \"none\" not found, role.rbac.authorization.k8s.io \"none\" not found]"},
      {test_user("v"), ""},
  };
  for (const auto& c : cases) CHECK(rbac.authorize(ask(c.user, "get pods ns=a"), snapshot, true).reason == c.reason);
}

TEST_CASE("refusals in the API server's words") {
  TestSnapshot snapshot;
  Rbac rbac;
  struct {
    const char *question, *message;
  } cases[] = {
      {"list pods ns=a", R"(pods is forbidden: User "u" cannot list resource "pods" in API group "" in the namespace "a")"},
      {"get pods/log ns=a name=p",
       R"(pods "p" is forbidden: User "u" cannot get resource "pods/log" in API group "" in the namespace "a")"},
      {"create deployments.apps",
       R"(deployments.apps is forbidden: User "u" cannot create resource "deployments" in API group "apps" at the cluster scope)"},
      {"get /metrics", R"(forbidden: User "u" cannot get path "/metrics")"},
      {"get /<a&b>", R"(forbidden: User "u" cannot get path "/&lt;a&amp;b&gt;")"},
  };
  for (const auto& c : cases) {
    const auto refused = rbac.require(ask(test_user("u"), c.question), snapshot);
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().message() == c.message);
    CHECK(refused.error().code() == 403);
  }
}

TEST_CASE("the name that a field selector pins") {
  const std::pair<const char*, const char*> cases[] = {
      {"metadata.name=x", "x"},       {"metadata.name==x", "x"}, {"status.phase=Running,metadata.name=x", "x"},
      {"metadata.name!=x", ""},       {"metadata.namex=x", ""},  {"", ""},
      {"metadata.name=a\\,b", "a,b"}, {"garbage", ""},
  };
  for (const auto& c : cases) {
    CAPTURE(c.first);
    CHECK(name_of_field_selector(c.first) == c.second);
  }
}
