#include "workloads/scheduler/scheduler.h"

#include <algorithm>
#include <map>

#include "workloads/common/test_cluster.h"

namespace plinth::workloads {
namespace {

std::string node(const std::string& name, const std::string& spec = "{}", const std::string& labels = "{}",
                 const std::string& more = "") {
  return R"({"kind":"Node","metadata":{"name":")" + name + R"(","labels":)" + labels + R"(},"spec":)" + spec +
         R"(,"status":{"allocatable":{"cpu":"4","memory":"8Gi","pods":"5")" + more + "}}}";
}

// `spec` goes on after the containers: ",\"nodeSelector\":{...}".
std::string pod(const std::string& name, const std::string& requests = "{}", const std::string& spec = "",
                const std::string& labels = "{}", const std::string& status = R"({"phase":"Pending"})") {
  return R"({"kind":"Pod","metadata":{"name":")" + name + R"(","labels":)" + labels +
         R"(},"spec":{"schedulerName":"default-scheduler","containers":[{"name":"c","resources":{"requests":)" + requests +
         "}}]" + spec + R"(},"status":)" + status + "}";
}

std::string running(const std::string& name, const std::string& on, const std::string& requests = "{}",
                    const std::string& spec = "", const std::string& labels = "{}") {
  return pod(name, requests, R"(,"nodeName":")" + on + "\"" + spec, labels, R"({"phase":"Running"})");
}

std::string zone(const std::string& z) { return R"({"zone":")" + z + "\"}"; }

struct Case {
  const char* why;
  std::vector<std::string> objects;  // the pod "p" among them waits
  std::string node;                  // that it gets; "" when it waits
  std::string message;               // then, without what is said of preemption
};

void check(const Case& c) {
  CAPTURE(c.why);
  TestCluster cluster;
  for (const std::string& object : c.objects) cluster.put(object);
  const auto scheduler = make_scheduler();
  cluster.settle(*scheduler);
  const auto p = cluster.get("Pod", "p");
  CHECK(std::string((*p)["spec"]["nodeName"].as_string()) == c.node);
  if (!c.node.empty()) return;
  std::string message;
  for (const Value& condition : (*p)["status"]["conditions"].items()) {
    if (condition["type"].as_string() == "PodScheduled" && condition["status"].as_string() == "False")
      message = condition["message"].as_string();
  }
  CHECK(message.substr(0, message.find(" preemption:")) == c.message);
  const auto events = cluster.events();
  if (!message.empty())
    CHECK(std::find(events.begin(), events.end(), "Warning FailedScheduling p: " + message) != events.end());
}

constexpr const char* kAnti =
    R"(,"affinity":{"podAntiAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":[{"labelSelector":{"matchLabels":{"app":"web"}},"topologyKey":"zone"}]}})";
constexpr const char* kNear =
    R"(,"affinity":{"podAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":[{"labelSelector":{"matchLabels":{"app":"web"}},"topologyKey":"zone"}]}})";
constexpr const char* kSpread =
    R"(,"topologySpreadConstraints":[{"maxSkew":1,"topologyKey":"zone","whenUnsatisfiable":"DoNotSchedule","labelSelector":{"matchLabels":{"app":"web"}}}])";
constexpr const char* kWeb = R"({"app":"web"})";

}  // namespace

TEST_CASE("one pod and one node, in kube-scheduler's words") {
  const std::string tainted = R"({"taints":[{"key":"a","value":"b","effect":"NoSchedule"}]})";
  const std::string wants_ssd =
      R"(,"affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[{"matchExpressions":[{"key":"disk","operator":"In","values":["ssd"]}]}]}}})";
  const Case cases[] = {
      {"nothing asked", {node("n1"), pod("p")}, "n1", ""},
      {"no nodes", {pod("p")}, "", "no nodes available to schedule pods"},
      {"it fits exactly", {node("n1"), pod("p", R"({"cpu":"4","memory":"8Gi"})")}, "n1", ""},
      {"too much of two",
       {node("n1"), pod("p", R"({"cpu":"5","memory":"9Gi"})")},
       "",
       "0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient memory."},
      {"others use it",
       {node("n1"), running("a", "n1", R"({"cpu":"3"})"), pod("p", R"({"cpu":"1500m"})")},
       "",
       "0/1 nodes are available: 1 Insufficient cpu."},
      {"those that ended do not",
       {node("n1"), pod("a", R"({"cpu":"3"})", R"(,"nodeName":"n1")", "{}", R"({"phase":"Succeeded"})"),
        pod("p", R"({"cpu":"4"})")},
       "n1",
       ""},
      {"an extended resource",
       {node("n1", "{}", "{}", R"(,"example.com/gpu":"1")"), pod("p", R"({"example.com/gpu":"1"})")},
       "n1",
       ""},
      {"one that no node has",
       {node("n1"), pod("p", R"({"example.com/gpu":"1"})")},
       "",
       "0/1 nodes are available: 1 Insufficient example.com/gpu."},
      {"overhead",
       {node("n1"), pod("p", R"({"cpu":"4"})", R"(,"overhead":{"cpu":"1m"})")},
       "",
       "0/1 nodes are available: 1 Insufficient cpu."},
      {"an init container needs more",
       {node("n1"), pod("p", R"({"cpu":"1"})", R"(,"initContainers":[{"resources":{"requests":{"cpu":"5"}}}])")},
       "",
       "0/1 nodes are available: 1 Insufficient cpu."},
      {"a sidecar runs beside",
       {node("n1"),
        pod("p", R"({"cpu":"3"})", R"(,"initContainers":[{"restartPolicy":"Always","resources":{"requests":{"cpu":"2"}}}])")},
       "",
       "0/1 nodes are available: 1 Insufficient cpu."},
      {"too many",
       {node("n1"), running("a", "n1"), running("b", "n1"), running("c", "n1"), running("d", "n1"), running("e", "n1"),
        pod("p")},
       "",
       "0/1 nodes are available: 1 Too many pods."},
      {"cordoned",
       {node("n1", R"({"unschedulable":true})"), pod("p")},
       "",
       "0/1 nodes are available: 1 node(s) were unschedulable."},
      {"cordoned, and that is tolerated",
       {node("n1", R"({"unschedulable":true})"),
        pod("p", "{}", R"(,"tolerations":[{"key":"node.kubernetes.io/unschedulable","operator":"Exists"}])")},
       "n1",
       ""},
      {"a taint", {node("n1", tainted), pod("p")}, "", "0/1 nodes are available: 1 node(s) had untolerated taint {a: b}."},
      {"tolerated by value",
       {node("n1", tainted), pod("p", "{}", R"(,"tolerations":[{"key":"a","value":"b","effect":"NoSchedule"}])")},
       "n1",
       ""},
      {"tolerated as everything is",
       {node("n1", tainted), pod("p", "{}", R"(,"tolerations":[{"operator":"Exists"}])")},
       "n1",
       ""},
      {"tolerated with another value",
       {node("n1", tainted), pod("p", "{}", R"(,"tolerations":[{"key":"a","value":"c"}])")},
       "",
       "0/1 nodes are available: 1 node(s) had untolerated taint {a: b}."},
      {"a preference is no condition",
       {node("n1", R"({"taints":[{"key":"a","effect":"PreferNoSchedule"}]})"), pod("p")},
       "n1",
       ""},
      {"nodeSelector",
       {node("n1"), pod("p", "{}", R"(,"nodeSelector":{"disk":"ssd"})")},
       "",
       "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector."},
      {"node affinity", {node("n1"), node("n2", "{}", R"({"disk":"ssd"})"), pod("p", "{}", wants_ssd)}, "n2", ""},
      {"a port that is taken",
       {node("n1"),
        running("a", "n1", "{}",
                R"(,"initContainers":[{"restartPolicy":"Always","ports":[{"hostPort":80,"protocol":"TCP"}]}])"),
        R"({"kind":"Pod","metadata":{"name":"p"},"spec":{"schedulerName":"default-scheduler","containers":[{"ports":[{"hostPort":80,"hostIP":"127.0.0.1","protocol":"TCP"}]}]},"status":{"phase":"Pending"}})"},
       "",
       "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports."},
      {"another scheduler's",
       {node("n1"), R"({"kind":"Pod","metadata":{"name":"p"},"spec":{"schedulerName":"mine"},"status":{"phase":"Pending"}})"},
       "",
       ""},
      {"gated", {node("n1"), pod("p", "{}", R"(,"schedulingGates":[{"name":"g"}])")}, "", ""},
      {"several reasons are counted",
       {node("n1", R"({"unschedulable":true})"), node("n2", tainted), node("n3", tainted), pod("p")},
       "",
       "0/3 nodes are available: 1 node(s) were unschedulable, 2 node(s) had untolerated taint {a: b}."},
  };
  for (const Case& c : cases) check(c);
}

TEST_CASE("pods near to, far from and among other pods") {
  const std::string a = node("n1", "{}", zone("a")), b = node("n2", "{}", zone("b"));
  const Case cases[] = {
      {"away from its kind", {a, b, running("x", "n1", "{}", "", kWeb), pod("p", "{}", kAnti)}, "n2", ""},
      {"nowhere to go",
       {a, running("x", "n1", "{}", "", kWeb), pod("p", "{}", kAnti)},
       "",
       "0/1 nodes are available: 1 node(s) didn't match pod anti-affinity rules."},
      {"those that are there do not want it",
       {a, running("x", "n1", "{}", kAnti), pod("p", "{}", "", kWeb)},
       "",
       "0/1 nodes are available: 1 node(s) didn't satisfy existing pods anti-affinity rules."},
      {"near its kind", {a, b, running("x", "n2", "{}", "", kWeb), pod("p", "{}", kNear)}, "n2", ""},
      {"nobody to be near to",
       {a, pod("p", "{}", kNear)},
       "",
       "0/1 nodes are available: 1 node(s) didn't match pod affinity rules."},
      {"the first of its kind", {a, pod("p", "{}", kNear, kWeb)}, "n1", ""},
      {"in another namespace",
       {a,
        R"({"kind":"Pod","metadata":{"name":"x","namespace":"other","labels":{"app":"web"}},"spec":{"nodeName":"n1"},"status":{"phase":"Running"}})",
        pod("p", "{}", kAnti)},
       "n1",
       ""},
      {"spread", {a, b, running("x", "n1", "{}", "", kWeb), pod("p", "{}", kSpread, kWeb)}, "n2", ""},
      {"a domain that is full",
       {a, node("n2", R"({"unschedulable":true})", zone("b")), running("x", "n1", "{}", "", kWeb),
        pod("p", "{}", kSpread, kWeb)},
       "",
       "0/2 nodes are available: 1 node(s) didn't match pod topology spread constraints, 1 node(s) were unschedulable."},
      {"no such label",
       {node("n1"), pod("p", "{}", kSpread, kWeb)},
       "",
       "0/1 nodes are available: 1 node(s) didn't match pod topology spread constraints (missing required label)."},
      {"what is preferred",
       {a, b,
        pod("p", "{}",
            R"(,"affinity":{"nodeAffinity":{"preferredDuringSchedulingIgnoredDuringExecution":[{"weight":1,"preference":{"matchExpressions":[{"key":"zone","operator":"In","values":["b"]}]}}]}})")},
       "n2",
       ""},
      {"the emptier one", {a, b, running("x", "n1", R"({"cpu":"2"})"), pod("p", R"({"cpu":"1"})")}, "n2", ""},
  };
  for (const Case& c : cases) check(c);
}

TEST_CASE("volumes decide too") {
  const std::string pv =
      R"({"kind":"PersistentVolume","metadata":{"name":"v"},"spec":{"capacity":{"storage":"1Gi"},"accessModes":["ReadWriteOnce"],"storageClassName":"late","nodeAffinity":{"required":{"nodeSelectorTerms":[{"matchExpressions":[{"key":"zone","operator":"In","values":["b"]}]}]}})";
  const std::string claim =
      R"({"kind":"PersistentVolumeClaim","metadata":{"name":"c"},"spec":{"accessModes":["ReadWriteOnce"],"storageClassName":"late","resources":{"requests":{"storage":"1Gi"}}},"status":{"phase":"Pending"}})";
  const std::string bound =
      R"({"kind":"PersistentVolumeClaim","metadata":{"name":"c","annotations":{"pv.kubernetes.io/bind-completed":"yes"}},"spec":{"accessModes":["ReadWriteOnce"],"volumeName":"v"},"status":{"phase":"Bound"}})";
  const std::string late =
      R"({"kind":"StorageClass","metadata":{"name":"late"},"provisioner":"kubernetes.io/no-provisioner","volumeBindingMode":"WaitForFirstConsumer"})";
  const std::string soon =
      R"({"kind":"StorageClass","metadata":{"name":"late"},"provisioner":"x","volumeBindingMode":"Immediate"})";
  const std::string uses = R"(,"volumes":[{"name":"v","persistentVolumeClaim":{"claimName":"c"}}])";
  const std::string a = node("n1", "{}", zone("a")), b = node("n2", "{}", zone("b"));
  const Case cases[] = {
      {"no claim", {a, pod("p", "{}", uses)}, "", "0/1 nodes are available: persistentvolumeclaim \"c\" not found."},
      {"where the volume is", {a, b, pv + "}}", bound, pod("p", "{}", uses)}, "n2", ""},
      {"not where it is not",
       {a, pv + "}}", bound, pod("p", "{}", uses)},
       "",
       "0/1 nodes are available: 1 node(s) had volume node affinity conflict."},
      {"a volume that is gone",
       {a, bound, pod("p", "{}", uses)},
       "",
       "0/1 nodes are available: 1 node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)."},
      {"bound by itself",
       {a, soon, claim, pod("p", "{}", uses)},
       "",
       "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims."},
      {"no volume to bind",
       {a, late, claim, pod("p", "{}", uses)},
       "",
       "0/1 nodes are available: 1 node(s) didn't find available persistent volumes to bind."},
      {"its ephemeral claim is not there yet",
       {a, pod("p", "{}", R"(,"volumes":[{"name":"v","ephemeral":{}}])")},
       "",
       "0/1 nodes are available: waiting for ephemeral volume controller to create the persistentvolumeclaim \"p-v\"."},
      {"for one pod only",
       {a, R"({"kind":"PersistentVolume","metadata":{"name":"v"}})",
        R"({"kind":"PersistentVolumeClaim","metadata":{"name":"c","annotations":{"pv.kubernetes.io/bind-completed":"yes"}},"spec":{"accessModes":["ReadWriteOncePod"],"volumeName":"v"}})",
        running("x", "n1", "{}", uses), pod("p", "{}", uses)},
       "",
       "0/1 nodes are available: 1 node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already "
       "in-use by another pod."},
  };
  for (const Case& c : cases) check(c);
}

TEST_CASE("a claim that waits for its pod: a volume is reserved, or the node is named, and then the pod waits") {
  const std::string uses = R"(,"volumes":[{"name":"v","persistentVolumeClaim":{"claimName":"c"}}])";
  TestCluster cluster;
  cluster.put(node("n1", "{}", zone("a")));
  cluster.put(
      R"({"kind":"StorageClass","metadata":{"name":"late"},"provisioner":"example.com/x","volumeBindingMode":"WaitForFirstConsumer"})");
  cluster.put(
      R"({"kind":"PersistentVolumeClaim","metadata":{"name":"c"},"spec":{"accessModes":["ReadWriteOnce"],"storageClassName":"late","resources":{"requests":{"storage":"1Gi"}}},"status":{"phase":"Pending"}})");
  cluster.put(pod("p", "{}", uses));
  const auto scheduler = make_scheduler();
  CHECK(cluster.settle(*scheduler) == 1);
  CHECK((*cluster.get("PersistentVolumeClaim", "c"))
            .metadata()["annotations"]["volume.kubernetes.io/selected-node"]
            .as_string() == "n1");
  CHECK(cluster.text("Pod", "p", "spec.nodeName") == "null");
  SUBCASE("bound") {
    cluster.put(R"({"kind":"PersistentVolume","metadata":{"name":"v"}})");
    cluster.put(
        R"({"kind":"PersistentVolumeClaim","metadata":{"name":"c","annotations":{"pv.kubernetes.io/bind-completed":"yes"}},"spec":{"volumeName":"v"}})");
    cluster.settle(*scheduler);
    CHECK(cluster.text("Pod", "p", "spec.nodeName") == "n1");
  }
  SUBCASE("what it takes on the node is taken meanwhile") {
    cluster.put(pod("p", R"({"cpu":"3"})", uses));
    cluster.put(pod("q", R"({"cpu":"3"})", R"(,"priority":-1)"));
    cluster.settle(*scheduler);
    CHECK(cluster.text("Pod", "q", "spec.nodeName") == "null");
  }
}

TEST_CASE("several pods do not take the same room") {
  TestCluster cluster;
  cluster.put(node("n1"));
  for (const char* name : {"a", "b", "c"}) cluster.put(pod(name, R"({"cpu":"2"})"));
  cluster.put(pod("urgent", R"({"cpu":"2"})", R"(,"priority":10)"));
  cluster.settle(*make_scheduler());
  CHECK(cluster.text("Pod", "urgent", "spec.nodeName") == "n1");
  int placed = 0;
  for (const char* name : {"a", "b", "c"}) placed += cluster.text("Pod", name, "spec.nodeName") == "n1" ? 1 : 0;
  CHECK(placed == 1);
}

TEST_CASE("one step binds many pods, the most important first, each with room for those before it") {
  TestCluster cluster;
  for (const char* name : {"n1", "n2"})
    cluster.put(R"({"kind":"Node","metadata":{"name":")" + std::string(name) +
                R"("},"status":{"allocatable":{"cpu":"10","memory":"8Gi","pods":"110"}}})");
  for (int i = 0; i < 19; ++i) cluster.put(pod("p" + std::to_string(i), R"({"cpu":"1"})"));
  cluster.put(pod("urgent", R"({"cpu":"1"})", R"(,"priority":10)"));
  cluster.put(pod("large", R"({"cpu":"9"})", R"(,"priority":-1)"));
  const auto scheduler = make_scheduler();
  const auto bindings = [](const client::Plan& plan) {
    std::vector<std::string> out;
    for (const client::Request& request : plan.requests) {
      const std::string target = request.target.substr(0, request.target.find('?'));
      if (target.ends_with("/binding")) out.push_back(target);
    }
    return out;
  };
  client::StepContext context;
  context.wall_ns = TestCluster::kNow;
  const client::Plan first = scheduler->step(*cluster.view(), "queue", context);
  REQUIRE(bindings(first).size() == 16);
  CHECK(bindings(first)[0] == "/api/v1/namespaces/default/pods/urgent/binding");
  // Who comes after one whose binding fails is not bound either: it was placed beside that one.
  REQUIRE(first.independent_from < first.requests.size());
  for (std::size_t i = first.independent_from; i < first.requests.size(); ++i)
    CHECK(first.requests[i].target.find("/events") != std::string::npos);
  cluster.carry_out(first);
  const client::Plan second = scheduler->step(*cluster.view(), "queue", context);
  CHECK(bindings(second).size() == 4);
  // What cannot be placed is told at the end, whatever becomes of the bindings.
  std::size_t reports = 0;
  for (std::size_t i = second.independent_from; i < second.requests.size(); ++i)
    reports += second.requests[i].target.find("/pods/large/status") != std::string::npos ? 1 : 0;
  CHECK(reports == 1);
  cluster.carry_out(second);
  std::map<std::string, int> on;
  for (const client::Object& placed : cluster.all("Pod")) ++on[std::string(placed["spec"]["nodeName"].as_string())];
  CHECK(on == std::map<std::string, int>{{"", 1}, {"n1", 10}, {"n2", 10}});
  CHECK(cluster.text("Pod", "large", "status.conditions.0.reason") == "Unschedulable");
}

TEST_CASE("changes of pods that matter to the scheduler") {
  TestCluster cluster;
  const auto scheduler = make_scheduler();
  const auto told = [&](const std::string& object, bool created = false) {
    cluster.put(object);
    std::vector<std::string> keys;
    scheduler->keys_of({false, created, *cluster.get("Pod", "p")}, *cluster.view(), keys);
    return !keys.empty();
  };
  const auto runs = [](const std::string& more, const std::string& labels = "{}", const std::string& requests = "{}") {
    return pod("p", requests, R"(,"nodeName":"n1")", labels, R"({"phase":"Running")" + more + "}");
  };
  CHECK(told(pod("p"), true));
  CHECK(told(pod("p", "{}", "", "{}", R"({"phase":"Pending","conditions":[]})")));
  CHECK(told(runs("")));  // bound
  CHECK(!told(runs(R"(,"podIP":"10.0.0.1")")));
  CHECK(!told(runs(R"(,"podIP":"10.0.0.1","conditions":[{"type":"Ready","status":"True"}])")));
  CHECK(told(runs("", kWeb)));
  CHECK(!told(runs(R"(,"podIP":"10.0.0.1")", kWeb)));
  CHECK(told(runs("", kWeb, R"({"cpu":"1"})")));
  CHECK(told(runs("", kWeb, R"({"cpu":"2"})")));
  CHECK(!told(runs(R"(,"podIP":"10.0.0.1")", kWeb, R"({"cpu":"2"})")));
  CHECK(told(pod("p", R"({"cpu":"2"})", R"(,"nodeName":"n1")", kWeb, R"({"phase":"Succeeded"})")));
  const client::Object last = *cluster.get("Pod", "p");
  std::vector<std::string> keys;
  scheduler->keys_of({true, false, last}, *cluster.view(), keys);
  CHECK(!keys.empty());
}

TEST_CASE("room is made for what is more important") {
  TestCluster cluster;
  cluster.put(node("n1"));
  cluster.put(running("small", "n1", R"({"cpu":"1"})", R"(,"priority":1)"));
  cluster.put(running("guarded", "n1", R"({"cpu":"2"})", R"(,"priority":1)", kWeb));
  cluster.put(running("plain", "n1", R"({"cpu":"1"})", R"(,"priority":2)"));
  cluster.put(
      R"({"kind":"PodDisruptionBudget","metadata":{"name":"b"},"spec":{"selector":{"matchLabels":{"app":"web"}}},"status":{"disruptionsAllowed":0}})");
  const auto scheduler = make_scheduler();
  SUBCASE("the least important that is enough, budgets kept") {
    cluster.put(pod("p", R"({"cpu":"1"})", R"(,"priority":100)"));
    cluster.settle(*scheduler);
    CHECK(cluster.text("Pod", "p", "status.nominatedNodeName") == "n1");
    CHECK(cluster.get("Pod", "small")->deleting());
    CHECK(!cluster.get("Pod", "guarded")->deleting());
    CHECK(!cluster.get("Pod", "plain")->deleting());
    CHECK(cluster.text("Pod", "small", "status.conditions.0.reason") == "PreemptionByScheduler");
    cluster.remove("Pod", "small");
    cluster.settle(*scheduler);
    CHECK(cluster.text("Pod", "p", "spec.nodeName") == "n1");
  }
  SUBCASE("others do not slip into the room that is made") {
    cluster.put(pod("p", R"({"cpu":"1"})", R"(,"priority":100)"));
    cluster.settle(*scheduler);
    cluster.remove("Pod", "small");
    cluster.put(pod("late", R"({"cpu":"1"})", R"(,"priority":5,"preemptionPolicy":"Never")"));
    cluster.settle(*scheduler);
    CHECK(cluster.text("Pod", "p", "spec.nodeName") == "n1");
    CHECK(cluster.text("Pod", "late", "spec.nodeName") == "null");
    CHECK(cluster.text("Pod", "late", "status.conditions.0.message") ==
          "0/1 nodes are available: 1 Insufficient cpu. preemption: not eligible due to preemptionPolicy=Never.");
  }
  SUBCASE("nobody is less important") {
    cluster.put(pod("p", R"({"cpu":"1"})"));
    cluster.settle(*scheduler);
    CHECK(cluster.text("Pod", "p", "status.conditions.0.message") ==
          "0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: 1 No preemption victims found for "
          "incoming pod.");
  }
  SUBCASE("it would not help") {
    cluster.put(pod("p", R"({"cpu":"9"})", R"(,"priority":100)"));
    cluster.settle(*scheduler);
    CHECK(cluster.text("Pod", "p", "status.conditions.0.message") ==
          "0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: 1 Preemption is not helpful for "
          "scheduling.");
  }
}

TEST_CASE("a pod whose binding is refused waits for a while, the others are placed") {
  TestCluster cluster;
  cluster.put(node("n1"));
  cluster.put(pod("p"));
  cluster.put(pod("q"));
  const auto scheduler = make_scheduler();
  const client::Failure failure{"POST", "/api/v1/namespaces/default/pods/p/binding?fieldManager=kube-scheduler",
                                Reason::kForbidden, 403, "no"};
  client::StepContext context;
  context.wall_ns = TestCluster::kNow;
  context.failures = {&failure, 1};
  const client::Plan plan = scheduler->step(*cluster.view(), "queue", context);
  std::string targets;
  for (const client::Request& request : plan.requests)
    targets += request.method + " " + request.target.substr(0, request.target.find('?')) + "\n";
  CHECK(targets.find("PATCH /api/v1/namespaces/default/pods/p/status") != std::string::npos);
  CHECK(targets.find("POST /api/v1/namespaces/default/pods/q/binding") != std::string::npos);
  CHECK(targets.find("POST /api/v1/namespaces/default/pods/p/binding") == std::string::npos);
}

}  // namespace plinth::workloads
