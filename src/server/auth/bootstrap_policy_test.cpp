#include "server/auth/bootstrap_policy.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include <doctest/doctest.h>

#include "api/role_aggregation.h"
#include "base/yaml.h"
#include "server/auth/rule_cover.h"
#include "server/auth/test_rbac.h"

using namespace plinth;
using namespace plinth::server::auth;

namespace {

std::string id(const Value& object) {
  return std::string(object["kind"].as_string()) + " " + std::string(object["metadata"]["namespace"].as_string()) + "/" +
         std::string(object["metadata"]["name"].as_string());
}

std::map<std::string, Document> by_id(const std::vector<Document>& objects) {
  std::map<std::string, Document> out;
  for (const Document& object : objects) out[id(object.root())] = object;
  return out;
}

// The folder with upstream's own expectation of the default policy, where the Go module is present.
std::string upstream_folder() {
  const char* cache = std::getenv("GOMODCACHE");
  const char* home = std::getenv("HOME");
  const std::string root = cache != nullptr ? cache : home != nullptr ? std::string(home) + "/go/pkg/mod" : "";
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(root + "/k8s.io", error)) {
    if (!entry.path().filename().string().starts_with("kubernetes@v1.37")) continue;
    return entry.path().string() + "/plugin/pkg/auth/authorizer/rbac/bootstrappolicy/testdata";
  }
  return "";
}

// Controllers of kinds that this server does not have.
constexpr std::string_view kNotServed[] = {"system:controller:kube-apiserver-serving-clustertrustbundle-publisher",
                                           "system:controller:podcertificaterequestcleaner",
                                           "system:controller:storage-version-migrator-controller"};

Document patched(const Document& object, const char* json) {
  Draft draft(object);
  const Document patch = std::move(parse_json(json)).value();
  for (const Member& m : patch.root().members()) draft.set(draft.root(), m.key(), draft.clone(m.value));
  return std::move(draft).finish();
}

}  // namespace

TEST_CASE("the default policy is complete and well-formed") {
  const auto objects = bootstrap_objects();
  REQUIRE(objects.ok());
  const auto known = by_id(*objects);
  CHECK(known.size() == objects->size());
  std::set<std::string> labels;
  for (const auto& entry : known) {
    CAPTURE(entry.first);
    const Document& object = entry.second;
    CHECK(object["metadata"]["annotations"]["rbac.authorization.kubernetes.io/autoupdate"].as_string() == "true");
    CHECK(object["metadata"]["labels"]["kubernetes.io/bootstrapping"].as_string() == "rbac-defaults");
    for (const Member& m : object["metadata"]["labels"].members()) labels.emplace(m.key());
    for (const PolicyRule& rule : rules_from_value(object["rules"])) {
      CHECK_FALSE(rule.verbs.empty());
      CHECK((rule.groups.empty() ? !rule.non_resource_urls.empty() : !rule.resources.empty()));
    }
    const Value role = object["roleRef"];
    if (role.is_null()) continue;
    const std::string name_space(role["kind"].as_string() == "Role" ? object["metadata"]["namespace"].as_string() : "");
    CHECK(known.count(std::string(role["kind"].as_string()) + " " + name_space + "/" + std::string(role["name"].as_string())) ==
          1);
  }
  for (const char* name : {"admin", "edit", "view"})
    CHECK(labels.count(std::string("rbac.authorization.k8s.io/aggregate-to-") + name) == 1);
  for (const char* name : {"cluster-admin", "admin", "edit", "view", "system:discovery", "system:basic-user",
                           "system:public-info-viewer", "system:monitoring", "system:node", "system:node-proxier",
                           "system:kube-scheduler", "system:controller:namespace-controller",
                           "system:controller:generic-garbage-collector", "system:controller:service-account-controller"}) {
    CAPTURE(name);
    CHECK(known.count("ClusterRole /" + std::string(name)) == 1);
  }
}

TEST_CASE("the default policy grants what upstream's does" * doctest::skip(upstream_folder().empty())) {
  const auto objects = by_id(std::move(bootstrap_objects()).value());
  std::size_t compared = 0;
  for (const char* file : {"cluster-roles", "controller-roles", "namespace-roles", "cluster-role-bindings",
                           "controller-role-bindings", "namespace-role-bindings"}) {
    std::ifstream in(upstream_folder() + "/" + file + ".yaml");
    std::stringstream text;
    text << in.rdbuf();
    const auto list = parse_yaml(text.str());
    REQUIRE(list.ok());
    for (const Value& theirs : (*list)["items"].items()) {
      const auto found = objects.find(id(theirs));
      if (found == objects.end()) {
        const std::string_view name = theirs["metadata"]["name"].as_string();
        CHECK_MESSAGE(std::find(std::begin(kNotServed), std::end(kNotServed), name) != std::end(kNotServed), id(theirs));
        continue;
      }
      CAPTURE(id(theirs));
      const Document& ours = found->second;
      ++compared;
      CHECK(rules_from_value(ours["rules"]).size() == rules_from_value(theirs["rules"]).size());
      CHECK(missing_rights(rules_from_value(ours["rules"]), rules_from_value(theirs["rules"])).empty());
      CHECK(missing_rights(rules_from_value(theirs["rules"]), rules_from_value(ours["rules"])).empty());
      for (const char* field : {"roleRef", "subjects", "aggregationRule"}) CHECK(equal(ours[field], theirs[field]));
      CHECK(equal(ours["metadata"]["labels"], theirs["metadata"]["labels"]));
      CHECK(equal(ours["metadata"]["annotations"], theirs["metadata"]["annotations"]));
    }
  }
  CHECK(compared > 100);
}

TEST_CASE("what the default roles allow") {
  const auto objects = std::move(bootstrap_objects()).value();
  TestSnapshot snapshot;
  std::vector<Value> cluster_roles;
  for (const Document& object : objects) {
    if (object["kind"].as_string() == "ClusterRole") cluster_roles.push_back(object.root());
  }
  // Aggregated as the controller does it, twice: admin gathers edit, which gathers view.
  std::map<std::string, Document> gathered;
  for (int round = 0; round < 3; ++round) {
    for (Value& role : cluster_roles) {
      if (role["aggregationRule"].is_null()) continue;
      const Document rules = std::move(api::aggregated_rules(role, cluster_roles)).value();
      Draft draft;
      draft.root() = draft.clone(role);
      draft.set(draft.root(), "rules", draft.clone(rules.root()));
      const std::string name(role["metadata"]["name"].as_string());
      gathered[name + std::to_string(round)] = std::move(draft).finish();
      role = gathered[name + std::to_string(round)].root();
    }
  }
  for (const Value& role : cluster_roles)
    put_role(snapshot, "", std::string(role["metadata"]["name"].as_string()), to_json(role["rules"]));
  for (const Document& object : objects) {
    if (object["kind"].as_string() != "ClusterRoleBinding") continue;
    put_binding(snapshot, "", std::string(object["metadata"]["name"].as_string()), "ClusterRole",
                std::string(object["roleRef"]["name"].as_string()),
                object["subjects"].is_null() ? "[]" : to_json(object["subjects"]));
  }
  for (const char* role : {"view", "edit", "admin"})
    put_binding(snapshot, "team", role, "ClusterRole", role, user_subject(role));
  Rbac rbac;
  struct {
    const char *user, *question;
    bool allowed;
  } cases[] = {
      {"view", "list pods ns=team", true},
      {"view", "get secrets ns=team", false},
      {"view", "list pods ns=other", false},
      {"view", "create pods ns=team", false},
      {"edit", "create deployments.apps ns=team", true},
      {"edit", "get secrets ns=team", true},
      {"edit", "list pods ns=team", true},
      {"edit", "create rolebindings.rbac.authorization.k8s.io ns=team", false},
      {"edit", "impersonate serviceaccounts ns=team", true},
      {"admin", "create rolebindings.rbac.authorization.k8s.io ns=team", true},
      {"admin", "update resourcequotas ns=team", false},
      {"admin", "delete configmaps ns=team", true},
      {"admin", "delete nodes", false},
      {"system:serviceaccount:kube-system:generic-garbage-collector", "delete foos.example.com ns=x", true},
      {"system:serviceaccount:kube-system:generic-garbage-collector", "create pods ns=x", false},
      {"system:serviceaccount:kube-system:namespace-controller", "deletecollection anything.x ns=y", true},
      {"system:serviceaccount:kube-system:namespace-controller", "update namespaces/finalize", true},
      {"system:serviceaccount:other:namespace-controller", "delete pods ns=y", false},
      {"system:serviceaccount:kube-system:clusterrole-aggregation-controller",
       "escalate clusterroles.rbac.authorization.k8s.io", true},
      {"system:kube-scheduler", "create pods/binding ns=x", true},
  };
  for (const auto& c : cases) {
    CAPTURE(c.user);
    CAPTURE(c.question);
    CHECK(rbac.authorize(ask(test_user(c.user), c.question), snapshot).allowed == c.allowed);
  }
  const UserPtr anybody = test_user("x", {"system:authenticated"});
  CHECK(rbac.authorize(ask(anybody, "get /apis/apps/v1"), snapshot).allowed);
  CHECK(rbac.authorize(ask(anybody, "get /openapi/v2"), snapshot).allowed);
  CHECK_FALSE(rbac.authorize(ask(anybody, "get /metrics"), snapshot).allowed);
  CHECK(rbac.authorize(ask(anybody, "create selfsubjectaccessreviews.authorization.k8s.io"), snapshot).allowed);
  CHECK(rbac.authorize(ask(anonymous_user(), "get /version"), snapshot).allowed);
}

TEST_CASE("lines that are no policy") {
  for (const char* text : {"pods | x | y", "clusterrole", "clusterrole a odd=b", "  core | pods | get",
                           "clusterrole a\n  core | pods", "clusterrole a\n  a|b|c|d|e", "clusterrolebinding a",
                           "clusterrolebinding a b nobody", "rolebinding n/a b user=", "thing a"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_bootstrap_policy(text).ok());
  }
}

TEST_CASE("reconciliation adds what is missing and keeps what was added") {
  const auto objects = by_id(std::move(bootstrap_objects()).value());
  using Action = Reconciled::Action;
  const Document discovery = objects.at("ClusterRole /system:discovery");
  const Document masters = objects.at("ClusterRoleBinding /cluster-admin");
  const Document edit = objects.at("ClusterRole /edit");

  CHECK(reconcile_bootstrap_object(discovery, nullptr).action == Action::kCreate);
  for (const auto& entry : objects) {
    CAPTURE(entry.first);
    CHECK(reconcile_bootstrap_object(entry.second, &entry.second).action == Action::kNone);
  }
  const Document protected_role =
      patched(discovery,
              R"({"rules":[],"metadata":{"name":"x","annotations":{"rbac.authorization.kubernetes.io/autoupdate":"false"}}})");
  CHECK(reconcile_bootstrap_object(discovery, &protected_role).action == Action::kNone);

  const Document less = patched(discovery, R"({"rules":[{"verbs":["get"],"nonResourceURLs":["/mine","/api*"]}]})");
  const Reconciled more = reconcile_bootstrap_object(discovery, &less);
  REQUIRE(more.action == Action::kUpdate);
  const PolicyRules rules = rules_from_value(more.object["rules"]);
  CHECK(missing_rights(rules, rules_from_value(discovery["rules"])).empty());
  CHECK(missing_rights(rules, {{{"get"}, {}, {}, {}, {"/mine"}}}).empty());
  CHECK(reconcile_bootstrap_object(discovery, &more.object).action == Action::kNone);

  const Document unlabelled = patched(edit, R"({"metadata":{"name":"edit","labels":{"own":"1"}},"aggregationRule":null})");
  const Reconciled labelled = reconcile_bootstrap_object(edit, &unlabelled);
  REQUIRE(labelled.action == Action::kUpdate);
  CHECK(labelled.object["metadata"]["labels"]["own"].as_string() == "1");
  CHECK(labelled.object["metadata"]["labels"]["rbac.authorization.k8s.io/aggregate-to-admin"].as_string() == "true");
  CHECK(equal(labelled.object["aggregationRule"], edit["aggregationRule"]));

  const Document others =
      patched(masters, R"({"subjects":[{"kind":"User","apiGroup":"rbac.authorization.k8s.io","name":"me"}]})");
  const Reconciled both = reconcile_bootstrap_object(masters, &others);
  REQUIRE(both.action == Action::kUpdate);
  CHECK(both.object["subjects"].size() == 2);
  const Document elsewhere =
      patched(masters, R"({"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"view"}})");
  const Reconciled again = reconcile_bootstrap_object(masters, &elsewhere);
  CHECK(again.action == Action::kRecreate);
  CHECK(equal(again.object.root(), masters.root()));
}
