// The node over the whole control plane in simulation: pods of a virtual node.
#include <doctest/doctest.h>

#include "base/json.h"
#include "platform/node_host.h"
#include "platform/sim_platform.h"

namespace plinth::platform {
namespace {

struct Bench {
  explicit Bench(std::uint64_t seed) : platform(seed) {
    platform.make_node = sim_node({});
    REQUIRE(platform.boot().ok());
    CHECK(platform.call("POST", "/api/v1/namespaces/default/serviceaccounts", R"({"metadata":{"name":"default"}})").status !=
          0);
    platform.settle(std::chrono::seconds(2));
  }
  // A pod on the node; `spec` are members of its spec without containers' braces, `metadata` more members of its metadata.
  void create(const std::string& name, const std::string& spec, const std::string& metadata = "") {
    const auto made =
        platform.call("POST", "/api/v1/namespaces/default/pods",
                      R"({"metadata":{"name":")" + name + "\"" + metadata + R"(},"spec":{"nodeName":"sim",)" + spec + "}}");
    REQUIRE_MESSAGE(made.status == 201, made.body);
  }
  Document pod(const std::string& name) {
    auto answer = platform.call("GET", "/api/v1/namespaces/default/pods/" + name);
    auto parsed = parse_json(answer.body);
    return parsed.ok() ? *parsed : Document();
  }
  std::string condition(const std::string& name, std::string_view type) {
    const Document p = pod(name);
    for (const Value& c : p["status"]["conditions"].items()) {
      if (c["type"].as_string() == type) return std::string(c["status"].as_string());
    }
    return "";
  }
  std::string phase(const std::string& name) { return std::string(pod(name)["status"]["phase"].as_string()); }
  Value container(const Document& p, std::size_t i = 0) { return p["status"]["containerStatuses"].items()[i]; }
  bool has_event(const std::string& reason, const std::string& part = "") {
    const auto answer = platform.call("GET", "/api/v1/namespaces/default/events");
    const Document list = parse_json(answer.body).value();
    for (const Value& e : list["items"].items()) {
      if (e["reason"].as_string() == reason && std::string(e["message"].as_string()).find(part) != std::string::npos)
        return true;
    }
    return false;
  }
  SimPlatform platform;
};

}  // namespace

TEST_CASE("a node registers, renews its lease, and a pod becomes ready and goes") {
  Bench bench(1);
  const Document node = parse_json(bench.platform.call("GET", "/api/v1/nodes/sim").body).value();
  CHECK(node["status"]["capacity"]["pods"].as_string() == "2500");
  CHECK(node["status"]["nodeInfo"]["containerRuntimeVersion"].as_string() == "sim://1.0.0");
  bench.platform.settle(std::chrono::seconds(25));
  const std::string lease =
      bench.platform.call("GET", "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/sim").body;
  CHECK(lease.find("renewTime") != std::string::npos);

  bench.create("web", R"("containers":[{"name":"web","image":"nginx:1","ports":[{"containerPort":80}]}])");
  bench.platform.settle(std::chrono::seconds(3));
  const Document pod = bench.pod("web");
  CHECK(pod["status"]["phase"].as_string() == "Running");
  CHECK(bench.condition("web", "Ready") == "True");
  CHECK(pod["status"]["podIP"].as_string().substr(0, 7) == "10.244.");
  CHECK(pod["status"]["hostIP"].as_string() == "127.0.0.1");
  CHECK(bench.container(pod)["state"]["running"].is_object());
  CHECK(bench.container(pod)["containerID"].as_string().substr(0, 6) == "sim://");
  for (const char* reason : {"Pulling", "Pulled", "Created", "Started"}) CHECK(bench.has_event(reason));

  CHECK(bench.platform.call("DELETE", "/api/v1/namespaces/default/pods/web").status == 200);
  bench.platform.settle(std::chrono::seconds(5));
  CHECK(bench.platform.call("GET", "/api/v1/namespaces/default/pods/web").status == 404);
  CHECK(bench.has_event("Killing", "Stopping container web"));
}

TEST_CASE("restart policies, back-off, and the end of pods that run to completion") {
  Bench bench(2);
  bench.create(
      "ok",
      R"("restartPolicy":"Never","containers":[{"name":"c","image":"busybox:1","command":["sh","-c","echo hi; exit 0"]}])");
  bench.create("bad",
               R"("restartPolicy":"Never","containers":[{"name":"c","image":"busybox:1","command":["sh","-c","exit 3"]}])");
  bench.create("loop", R"("containers":[{"name":"c","image":"busybox:1","command":["sh","-c","exit 1"]}])");
  bench.create(
      "twice",
      R"("restartPolicy":"OnFailure","containers":[{"name":"c","image":"busybox:1","command":["sh","-c","fail-times 2 1; exit 0"]}])");
  bench.platform.settle(std::chrono::seconds(8));
  CHECK(bench.phase("ok") == "Succeeded");
  CHECK(bench.phase("bad") == "Failed");
  CHECK(bench.container(bench.pod("bad"))["state"]["terminated"]["exitCode"].as_int() == 3);
  const Document loop = bench.pod("loop");
  CHECK(loop["status"]["phase"].as_string() == "Running");
  CHECK(bench.container(loop)["state"]["waiting"]["reason"].as_string() == "CrashLoopBackOff");
  CHECK(bench.container(loop)["restartCount"].as_int() == 1);
  CHECK(bench.container(loop)["lastState"]["terminated"]["exitCode"].as_int() == 1);
  CHECK(bench.has_event("BackOff", "Back-off restarting failed container c in pod loop_default("));
  bench.platform.settle(std::chrono::seconds(60));
  CHECK(bench.phase("twice") == "Succeeded");
  CHECK(bench.container(bench.pod("twice"))["restartCount"].as_int() == 2);
  CHECK(bench.container(bench.pod("loop"))["restartCount"].as_int() == 3);  // after 0, 10, 20 seconds
}

TEST_CASE("init containers, sidecars, probes") {
  Bench bench(3);
  bench.create(
      "init",
      R"("initContainers":[{"name":"first","image":"busybox:1","command":["sleep","3"]},)"
      R"({"name":"side","image":"proxy:1","restartPolicy":"Always"},{"name":"second","image":"busybox:1","command":["true"]}],)"
      R"("containers":[{"name":"main","image":"app:1","readinessProbe":{"httpGet":{"port":80},"periodSeconds":1}}])",
      R"(,"annotations":{"sim.plinth.dev/probe.main":"fail-for 5s"})");
  bench.platform.settle(std::chrono::seconds(2));
  CHECK(bench.phase("init") == "Pending");
  CHECK(bench.container(bench.pod("init"))["state"]["waiting"]["reason"].as_string() == "PodInitializing");
  CHECK(bench.condition("init", "Initialized") == "False");
  bench.platform.settle(std::chrono::seconds(3));
  CHECK(bench.phase("init") == "Running");
  CHECK(bench.condition("init", "Initialized") == "True");
  CHECK(bench.condition("init", "Ready") == "False");
  CHECK(bench.has_event("Unhealthy", "Readiness probe failed"));
  bench.platform.settle(std::chrono::seconds(8));
  CHECK(bench.condition("init", "Ready") == "True");

  bench.create(
      "sick",
      R"("terminationGracePeriodSeconds":2,"containers":[{"name":"c","image":"app:1","livenessProbe":{"tcpSocket":{"port":1},"periodSeconds":1}}])",
      R"(,"annotations":{"sim.plinth.dev/probe.c":"fail"})");
  bench.platform.settle(std::chrono::seconds(10));
  CHECK(bench.has_event("Killing", "Container c failed liveness probe, will be restarted"));
  CHECK(bench.container(bench.pod("sick"))["restartCount"].as_int() == 1);
}

TEST_CASE("what cannot start says why") {
  Bench bench(4);
  bench.create("noimage", R"("containers":[{"name":"c","image":"no-such-image:1"}])");
  bench.create("noconfig", R"("containers":[{"name":"c","image":"app:1","envFrom":[{"configMapRef":{"name":"later"}}]}])");
  bench.create(
      "novolume",
      R"("volumes":[{"name":"v","configMap":{"name":"later"}}],"containers":[{"name":"c","image":"app:1","volumeMounts":[{"name":"v","mountPath":"/v"}]}])");
  bench.create("nocommand", R"("containers":[{"name":"c","image":"app:1","command":["/no/such/command"]}])");
  bench.create("root", R"("securityContext":{"runAsNonRoot":true},"containers":[{"name":"c","image":"app:1"}])");
  bench.create("big", R"("containers":[{"name":"c","image":"app:1","resources":{"requests":{"cpu":"100"}}}])");
  bench.platform.settle(std::chrono::seconds(4));
  const auto waiting = [&](const std::string& name) {
    return std::string(bench.container(bench.pod(name))["state"]["waiting"]["reason"].as_string());
  };
  CHECK(waiting("noimage") == "ImagePullBackOff");
  CHECK(waiting("noconfig") == "CreateContainerConfigError");
  CHECK(waiting("novolume") == "ContainerCreating");
  CHECK(bench.has_event("FailedMount", "MountVolume.SetUp failed for volume \"v\" : configmap \"later\" not found"));
  CHECK((waiting("nocommand") == "RunContainerError" || waiting("nocommand") == "CrashLoopBackOff"));
  CHECK(waiting("root") == "CreateContainerConfigError");
  CHECK(bench.phase("big") == "Failed");
  CHECK(bench.pod("big")["status"]["reason"].as_string() == "OutOfcpu");
  // What was missing comes: it is noticed at once.
  CHECK(
      bench.platform.call("POST", "/api/v1/namespaces/default/configmaps", R"({"metadata":{"name":"later"},"data":{"A":"1"}})")
          .status == 201);
  bench.platform.settle(std::chrono::seconds(1));
  CHECK(bench.condition("noconfig", "Ready") == "True");
  CHECK(bench.condition("novolume", "Ready") == "True");
}

TEST_CASE("a grace period is kept, and shortened by a second deletion") {
  Bench bench(5);
  const std::string deaf =
      R"("containers":[{"name":"c","image":"busybox:1","command":["sh","-c","trap '' TERM; sleep 1000"]}])";
  bench.create("slow", R"("terminationGracePeriodSeconds":20,)" + deaf);
  bench.create("forced", R"("terminationGracePeriodSeconds":600,)" + deaf);
  bench.platform.settle(std::chrono::seconds(3));
  CHECK(bench.platform.call("DELETE", "/api/v1/namespaces/default/pods/slow").status == 200);
  CHECK(bench.platform.call("DELETE", "/api/v1/namespaces/default/pods/forced").status == 200);
  bench.platform.settle(std::chrono::seconds(15));
  CHECK(bench.platform.call("GET", "/api/v1/namespaces/default/pods/slow").status == 200);
  CHECK(bench.platform.call("DELETE", "/api/v1/namespaces/default/pods/forced", R"({"gracePeriodSeconds":1})").status == 200);
  bench.platform.settle(std::chrono::seconds(8));
  CHECK(bench.platform.call("GET", "/api/v1/namespaces/default/pods/slow").status == 404);
  CHECK(bench.platform.call("GET", "/api/v1/namespaces/default/pods/forced").status == 404);
}

TEST_CASE("a volume that outgrows its limit costs the pod its place") {
  Bench bench(7);
  bench.create(
      "full",
      R"("volumes":[{"name":"v","emptyDir":{"sizeLimit":"10"}}],"containers":[{"name":"c","image":"app:1",)"
      R"("command":["sh","-c","sleep 12; echo more than ten bytes > /v/f; sleep 1000"],"volumeMounts":[{"name":"v","mountPath":"/v"}]}])");
  bench.platform.settle(std::chrono::seconds(11));
  CHECK(bench.phase("full") == "Running");
  bench.platform.settle(std::chrono::seconds(15));
  CHECK(bench.phase("full") == "Failed");
  CHECK(bench.pod("full")["status"]["reason"].as_string() == "Evicted");
  CHECK(bench.has_event("Evicted", "Usage of EmptyDir volume \"v\" exceeds the limit \"10\""));
}

TEST_CASE("a deadline ends a pod; a restart of the machine restarts its containers") {
  Bench bench(6);
  bench.create("late", R"("activeDeadlineSeconds":5,"containers":[{"name":"c","image":"app:1"}])");
  bench.create("stays", R"("containers":[{"name":"c","image":"app:1"}])");
  bench.platform.settle(std::chrono::seconds(10));
  CHECK(bench.phase("late") == "Failed");
  CHECK(bench.pod("late")["status"]["reason"].as_string() == "DeadlineExceeded");
  CHECK(bench.condition("stays", "Ready") == "True");
  bench.platform.crash();
  REQUIRE(bench.platform.boot().ok());
  bench.platform.settle(std::chrono::seconds(5));
  const Document pod = bench.pod("stays");
  CHECK(bench.condition("stays", "Ready") == "True");
  CHECK(bench.container(pod)["restartCount"].as_int() == 1);
  CHECK(bench.container(pod)["lastState"]["terminated"]["reason"].as_string() == "ContainerStatusUnknown");
  CHECK(bench.phase("late") == "Failed");
}

TEST_CASE("metrics of nodes and pods") {
  Bench bench(9);
  const auto get = [&](const std::string& path) { return bench.platform.call("GET", "/apis/metrics.k8s.io/v1beta1" + path); };
  CHECK(get("").body.find("PodMetrics") != std::string::npos);
  CHECK(get("/pods").status == 503);  // nothing has been measured yet
  bench.create("web", R"("containers":[{"name":"a","image":"app:1"},{"name":"b","image":"app:2"}])",
               R"(,"labels":{"app":"web"},"annotations":{"sim.plinth.dev/cpu.a":"250m","sim.plinth.dev/memory.a":"100Mi"})");
  bench.create("other", R"("containers":[{"name":"c","image":"app:1"}])");
  bench.platform.settle(std::chrono::seconds(25));

  const Document web = parse_json(get("/namespaces/default/pods/web").body).value();
  CHECK(web["kind"].as_string() == "PodMetrics");
  CHECK(web["apiVersion"].as_string() == "metrics.k8s.io/v1beta1");
  CHECK(web["metadata"]["labels"]["app"].as_string() == "web");
  CHECK(web["timestamp"].as_string().size() == 20);
  CHECK(web["window"].as_string().ends_with("s"));
  REQUIRE(web["containers"].size() == 2);
  const Value a =
      web["containers"].items()[0]["name"].as_string() == "a" ? web["containers"].items()[0] : web["containers"].items()[1];
  CHECK(a["usage"]["cpu"].as_string() == "250m");
  CHECK(a["usage"]["memory"].as_string() == "100Mi");

  CHECK(parse_json(get("/pods").body).value()["items"].size() == 2);
  CHECK(parse_json(get("/namespaces/default/pods?labelSelector=app%3Dweb").body).value()["items"].size() == 1);
  CHECK(parse_json(get("/namespaces/default/pods?fieldSelector=metadata.name%3Dother").body).value()["items"].size() == 1);
  CHECK(parse_json(get("/namespaces/kube-system/pods").body).value()["items"].size() == 0);
  const Document nodes = parse_json(get("/nodes").body).value();
  REQUIRE(nodes["items"].size() == 1);
  CHECK(nodes["items"].items()[0]["metadata"]["name"].as_string() == "sim");
  CHECK(nodes["items"].items()[0]["usage"]["cpu"].as_string() == "252m");  // its pods: 1m for each that says nothing
  CHECK(get("/nodes/none").status == 404);
  CHECK(get("/namespaces/default/pods/none").status == 404);
  CHECK(get("/namespaces/default/pods?labelSelector=%21%21").status == 400);
  CHECK(bench.platform.call("DELETE", "/apis/metrics.k8s.io/v1beta1/namespaces/default/pods/web").status == 405);
  CHECK(get("/pods?watch=true").status == 405);

  // What is gone is not told of.
  CHECK(bench.platform.call("DELETE", "/api/v1/namespaces/default/pods/web?gracePeriodSeconds=0").status == 200);
  CHECK(get("/namespaces/default/pods/web").status == 404);
}

}  // namespace plinth::platform
