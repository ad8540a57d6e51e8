// What pods get from the class of their runtime, and what a new node gets.
#include <doctest/doctest.h>

#include "server/admission/plugins.h"
#include "server/admission/test_admission.h"
#include "server/admission/tolerations.h"

using namespace plinth;
using namespace plinth::server;

TEST_CASE("a new node takes no pods") {
  const auto plugin = make_node_taint();
  const std::pair<const char*, const char*> rows[] = {
      {R"({})", R"({"taints":[{"key":"node.kubernetes.io/not-ready","effect":"NoSchedule"}]})"},
      {R"({"taints":[{"key":"node.kubernetes.io/not-ready","effect":"NoSchedule","value":"x"}]})",
       R"({"taints":[{"key":"node.kubernetes.io/not-ready","effect":"NoSchedule","value":"x"}]})"},
      {R"({"taints":[{"key":"node.kubernetes.io/not-ready","effect":"NoExecute"}]})",
       R"({"taints":[{"key":"node.kubernetes.io/not-ready","effect":"NoExecute"},{"key":"node.kubernetes.io/not-ready","effect":"NoSchedule"}]})"},
  };
  for (const auto& [spec, left] : rows) {
    const auto& shown = spec;
    CAPTURE(shown);
    AdmissionBench b;
    const std::string node = std::string(R"({"metadata":{"name":"n"},"spec":)") + spec + "}";
    CHECK(b.run(*plugin, "", "nodes", node) == "");
    CHECK(b.left("spec") == left);
    CHECK(b.run(*plugin, "", "nodes", node, node) == "");
    CHECK(b.left("spec") == spec);
  }
}

TEST_CASE("a pod gets overhead and places from its runtime class") {
  const auto plugin = make_runtime_class();
  AdmissionBench b;
  b.snapshot->put("/node.k8s.io/runtimeclasses//plain", R"({"handler":"runc","metadata":{"name":"plain"}})");
  b.snapshot->put(
      "/node.k8s.io/runtimeclasses//vm",
      R"({"handler":"kata","overhead":{"podFixed":{"cpu":"250m","memory":"120Mi"}},"scheduling":{"nodeSelector":{"vm":"yes"},)"
      R"("tolerations":[{"key":"vm","operator":"Exists"}]},"metadata":{"name":"vm"}})");
  const std::string got =
      R"("overhead":{"cpu":"250m","memory":"120Mi"},"nodeSelector":{"vm":"yes"},"tolerations":[{"key":"vm","operator":"Exists"}]})";
  struct Row {
    std::string spec, left, refusal;
  };
  const Row rows[] = {
      {R"({"hostname":"h"})", R"({"hostname":"h"})", ""},
      {R"({"runtimeClassName":"plain"})", R"({"runtimeClassName":"plain"})", ""},
      {R"({"runtimeClassName":"vm"})", R"({"runtimeClassName":"vm",)" + got, ""},
      {R"({"runtimeClassName":"vm","overhead":{"cpu":"0.25","memory":"120Mi"}})", R"({"runtimeClassName":"vm",)" + got, ""},
      {R"({"runtimeClassName":"vm","nodeSelector":{"disk":"ssd"},"tolerations":[{"key":"vm","operator":"Equal","value":"x"}]})",
       R"({"runtimeClassName":"vm","nodeSelector":{"disk":"ssd","vm":"yes"},"tolerations":[{"key":"vm","operator":"Exists"}],)"
       R"("overhead":{"cpu":"250m","memory":"120Mi"}})",
       ""},
      {R"({"runtimeClassName":"none"})", "", R"(pod rejected: RuntimeClass "none" not found)"},
      {R"({"overhead":{"cpu":"1"}})", "", "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead"},
      {R"({"runtimeClassName":"plain","overhead":{"cpu":"1"}})", "",
       "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead"},
      {R"({"runtimeClassName":"vm","overhead":{"cpu":"1"}})", "",
       "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead"},
      {R"({"runtimeClassName":"vm","nodeSelector":{"vm":"no"}})", "",
       "conflict: runtimeClass.scheduling.nodeSelector[vm] = yes; pod.spec.nodeSelector[vm] = no"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.spec);
    const std::string outcome = b.run(*plugin, "", "pods", R"({"metadata":{"name":"p"},"spec":)" + row.spec + "}");
    CHECK(outcome == (row.refusal.empty() ? "" : "403 pods \"p\" is forbidden: " + row.refusal));
    if (row.refusal.empty()) CHECK(equal(b.draft.root()["spec"], parse_json(row.left)->root()));
  }
  // Nothing is asked of updates.
  const std::string gone = R"({"metadata":{"name":"p"},"spec":{"runtimeClassName":"none"}})";
  CHECK(b.run(*plugin, "", "pods", gone, gone) == "");
}

TEST_CASE("of two tolerations of which one covers the other the wider stays") {
  struct Row {
    const char* first;
    const char* second;
    const char* merged;
  };
  const Row rows[] = {
      {R"([{"key":"a","operator":"Exists"}])", R"([{"key":"a","operator":"Exists"}])", R"([{"key":"a","operator":"Exists"}])"},
      {R"([{"key":"a","operator":"Equal","value":"v"}])", R"([{"operator":"Exists"}])", R"([{"operator":"Exists"}])"},
      {R"([{"operator":"Exists"}])", R"([{"key":"a","operator":"Equal","value":"v"}])", R"([{"operator":"Exists"}])"},
      {R"([{"key":"a","operator":"Exists","effect":"NoSchedule"}])", R"([{"key":"a","operator":"Exists"}])",
       R"([{"key":"a","operator":"Exists"}])"},
      {R"([{"key":"a","operator":"Exists","effect":"NoExecute","tolerationSeconds":5}])",
       R"([{"key":"a","operator":"Exists","effect":"NoExecute","tolerationSeconds":9}])",
       R"([{"key":"a","operator":"Exists","effect":"NoExecute","tolerationSeconds":9}])"},
      {R"([{"key":"a","operator":"Exists","effect":"NoExecute"}])",
       R"([{"key":"a","operator":"Exists","effect":"NoExecute","tolerationSeconds":9}])",
       R"([{"key":"a","operator":"Exists","effect":"NoExecute"}])"},
      {R"([{"key":"a","operator":"Equal","value":"v"}])", R"([{"key":"a","operator":"Equal","value":"w"}])",
       R"([{"key":"a","operator":"Equal","value":"v"},{"key":"a","operator":"Equal","value":"w"}])"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.first);
    const Document first = std::move(parse_json(row.first)).value(), second = std::move(parse_json(row.second)).value();
    std::string merged;
    for (const Value& toleration : merge_tolerations(first.root(), second.root()))
      merged += (merged.empty() ? "" : ",") + to_json(toleration);
    CHECK("[" + merged + "]" == row.merged);
  }
}
