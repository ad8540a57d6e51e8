#include "workloads/disruption/disruption.h"

#include <algorithm>

#include "base/time_text.h"
#include "workloads/common/test_cluster.h"
#include "workloads/disruption/expected_pods.h"

namespace plinth::workloads {
namespace {

void put_pod(TestCluster& cluster, const std::string& name, bool ready, const std::string& owner = "ReplicaSet/apps/v1/rs") {
  std::string owners;
  if (const std::size_t kind = owner.find('/'); kind != std::string::npos) {
    const std::size_t last = owner.rfind('/');
    owners = R"(,"ownerReferences":[{"kind":")" + owner.substr(0, kind) + R"(","apiVersion":")" +
             owner.substr(kind + 1, last - kind - 1) + R"(","name":")" + owner.substr(last + 1) + R"(","uid":"uid-)" +
             owner.substr(last + 1) + R"(","controller":true}])";
  }
  cluster.put(R"({"kind":"Pod","metadata":{"name":")" + name + R"(","labels":{"app":"web"})" + owners +
              R"(},"spec":{"nodeName":"n1"},"status":{"phase":"Running","conditions":[{"type":"Ready","status":")" +
              (ready ? "True" : "False") + R"("}]}})");
}

void put_budget(TestCluster& cluster, const std::string& spec, const std::string& status = "{}") {
  cluster.put(
      R"({"kind":"PodDisruptionBudget","metadata":{"name":"b","generation":1},"spec":{"selector":{"matchLabels":{"app":"web"}},)" +
      spec + R"(},"status":)" + status + "}");
}

std::string told(const TestCluster& cluster) {
  std::string out;
  for (const char* field : {"disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods"})
    out += (out.empty() ? "" : " ") + cluster.text("PodDisruptionBudget", "b", std::string("status.") + field);
  return out + " " + cluster.text("PodDisruptionBudget", "b", "status.conditions.0.reason");
}

}  // namespace

TEST_CASE("how many pods may go") {
  struct Case {
    const char* why;
    const char* spec;
    int ready, unready, replicas;
    const char* told;
  };
  const Case cases[] = {
      {"a number", R"("minAvailable":1)", 3, 0, 3, "2 3 1 3 SufficientPods"},
      {"just enough", R"("minAvailable":3)", 3, 0, 3, "0 3 3 3 InsufficientPods"},
      {"unready ones do not count", R"("minAvailable":1)", 1, 2, 3, "0 1 1 3 InsufficientPods"},
      {"a share, rounded up", R"("minAvailable":"50%")", 3, 0, 3, "1 3 2 3 SufficientPods"},
      {"of what is wanted, not of what is there", R"("minAvailable":"50%")", 3, 0, 10, "0 3 5 10 InsufficientPods"},
      {"unavailable ones", R"("maxUnavailable":1)", 3, 0, 3, "1 3 2 3 SufficientPods"},
      {"a share of unavailable ones", R"("maxUnavailable":"30%")", 10, 0, 10, "3 10 7 10 SufficientPods"},
      {"more than there are", R"("maxUnavailable":5)", 3, 0, 3, "3 3 0 3 SufficientPods"},
      {"none yet", R"("minAvailable":0)", 0, 0, 0, "0 0 0 0 InsufficientPods"},
      {"nothing said", R"("unhealthyPodEvictionPolicy":"AlwaysAllow")", 2, 0, 2, "0 2 0 0 InsufficientPods"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.why);
    TestCluster cluster;
    cluster.put(R"({"kind":"ReplicaSet","metadata":{"name":"rs"},"spec":{"replicas":)" + std::to_string(c.replicas) + "}}");
    for (int i = 0; i < c.ready; ++i) put_pod(cluster, "r" + std::to_string(i), true);
    for (int i = 0; i < c.unready; ++i) put_pod(cluster, "u" + std::to_string(i), false);
    put_budget(cluster, c.spec);
    cluster.settle(*make_disruption_controller());
    CHECK(told(cluster) == c.told);
    CHECK(cluster.text("PodDisruptionBudget", "b", "status.observedGeneration") == "1");
  }
}

TEST_CASE("the scale is that of the deployment above the replica set") {
  TestCluster cluster;
  cluster.put(R"({"kind":"Deployment","metadata":{"name":"d"},"spec":{"replicas":4}})");
  cluster.put(
      R"({"kind":"ReplicaSet","metadata":{"name":"rs","ownerReferences":[{"apiVersion":"apps/v1","kind":"Deployment","name":"d","uid":"uid-d","controller":true}]},"spec":{"replicas":2}})");
  put_pod(cluster, "a", true);
  put_budget(cluster, R"("maxUnavailable":"50%")");
  cluster.settle(*make_disruption_controller());
  CHECK(told(cluster) == "0 1 2 4 InsufficientPods");
}

TEST_CASE("pods whose number nobody can say: nothing goes, and the budget says why") {
  TestCluster cluster;
  put_pod(cluster, "a", true, "Job/batch/v1/j");
  put_budget(cluster, R"("maxUnavailable":1)");
  cluster.settle(*make_disruption_controller());
  CHECK(cluster.text("PodDisruptionBudget", "b", "status.disruptionsAllowed") == "0");
  CHECK(cluster.text("PodDisruptionBudget", "b", "status.conditions.0.reason") == "SyncFailed");
  CHECK(cluster.text("PodDisruptionBudget", "b", "status.conditions.0.message") ==
        "jobs.batch does not implement the scale subresource");
  CHECK(cluster.events() ==
        std::vector<std::string>{"Warning CalculateExpectedPodCountFailed b: Failed to calculate the number of expected "
                                 "pods: jobs.batch does not implement the scale subresource"});
  cluster.remove("Pod", "a");
  put_pod(cluster, "b", true, "ReplicaSet/apps/v1/gone");
  cluster.settle(*make_disruption_controller());
  CHECK(cluster.text("PodDisruptionBudget", "b", "status.conditions.0.message") == "found no controllers for pod \"b\"");
}

TEST_CASE("an eviction that was charged counts until its pod goes, or for two minutes") {
  TestCluster cluster;
  cluster.put(R"({"kind":"ReplicaSet","metadata":{"name":"rs"},"spec":{"replicas":2}})");
  put_pod(cluster, "a", true);
  put_pod(cluster, "b", true);
  const std::string charged = format_rfc3339(TestCluster::kNow);
  put_budget(cluster, R"("minAvailable":1)", R"({"disruptedPods":{"a":")" + charged + R"(","gone":")" + charged + R"("}})");
  const auto controller = make_disruption_controller();
  cluster.settle(*controller);
  CHECK(told(cluster) == "0 1 1 2 InsufficientPods");
  CHECK(cluster.text("PodDisruptionBudget", "b", "status.disruptedPods") == R"({"a":")" + charged + "\"}");
  REQUIRE(cluster.revisit_ns);
  cluster.settle(*controller, TestCluster::kNow + *cluster.revisit_ns);
  CHECK(told(cluster) == "1 2 1 2 SufficientPods");
  const auto events = cluster.events();
  CHECK(std::find(events.begin(), events.end(),
                  "Warning NotDeleted a: Pod was expected by PDB default/b to be deleted but it wasn't") != events.end());
}

}  // namespace plinth::workloads
