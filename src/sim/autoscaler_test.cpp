// HorizontalPodAutoscalers: sizes follow what pods use; without metrics they stay between the limits, and the object says why.
#include "sim/workloads_testing.h"

namespace plinth::sim {
namespace {

using namespace std::chrono_literals;

const std::string kScalers = "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers";
const std::string kWeb = kApps + "deployments/web";

std::string condition(SimPlatform& platform, const std::string& type) {
  const Document scaler = read(platform, kScalers + "/web");
  for (const Value& c : scaler["status"]["conditions"].items()) {
    if (c["type"].as_string() == type) return std::string(c["status"].as_string()) + " " + std::string(c["reason"].as_string());
  }
  return "";
}

struct Load {
  std::int64_t milli_cpu = 0;  // of every pod
  std::int64_t memory_bytes = 64 << 20;
  bool divided = false;  // milli_cpu is of all pods together, as of requests that are balanced among them
  std::int64_t window_ns = 10'000'000'000;
};

// What a node would measure of the pods that run.
void measure(SimPlatform& platform, const Load& load) {
  auto table = std::make_shared<api::UsageTable>();
  const std::int64_t now = platform.world().clock().wall_ns();
  const Document pods = read(platform, kPods);
  for (const Value& pod : pods["items"].items()) {
    const Value metadata = pod["metadata"];
    if (pod["status"]["phase"].as_string() != "Running") continue;
    table->pods[{"default", std::string(metadata["name"].as_string())}] = {
        std::string(metadata["uid"].as_string()),
        {now, load.window_ns},
        {{"c", {load.milli_cpu * 1'000'000, load.memory_bytes}}}};
  }
  if (load.divided) {
    for (auto& [_, pod] : table->pods) pod.containers[0].usage.cpu_nano_cores /= static_cast<std::int64_t>(table->pods.size());
  }
  platform.control().usage().publish(std::move(table));
}

void run_measured(SimPlatform& platform, FakeNode& node, Duration time, const Load& load) {
  for (Duration passed{}; passed < time; passed += 5s) {
    measure(platform, load);
    node.run(5s);
  }
}

void run_measured(SimPlatform& platform, FakeNode& node, Duration time, std::int64_t milli_cpu,
                  std::int64_t memory_bytes = 64 << 20) {
  run_measured(platform, node, time, Load{milli_cpu, memory_bytes});
}

void create_web(SimPlatform& platform, int replicas) {
  created(
      platform, kApps + "deployments",
      R"({"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web"},"spec":{"replicas":)" +
          std::to_string(replicas) +
          R"(,"selector":{"matchLabels":{"app":"web"}},"template":{"metadata":{"labels":{"app":"web"}},"spec":{"containers":)"
          R"([{"name":"c","image":"i","resources":{"requests":{"cpu":"100m","memory":"64Mi"}}}]}}}})");
}

void create_scaler(SimPlatform& platform, const std::string& more) {
  created(
      platform, kScalers,
      R"({"apiVersion":"autoscaling/v2","kind":"HorizontalPodAutoscaler","metadata":{"name":"web"},"spec":{"minReplicas":1,"maxReplicas":10,)"
      R"("scaleTargetRef":{"apiVersion":"apps/v1","kind":"Deployment","name":"web"},)" +
          more + "}}");
}

const std::string kCpuHalf =
    R"("metrics":[{"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization","averageUtilization":50}}}])";

std::vector<std::string> rescales(SimPlatform& platform) { return events_of(platform, "web", "SuccessfulRescale"); }

std::int64_t size(SimPlatform& platform) { return read(platform, kWeb)["spec"]["replicas"].as_int(); }

}  // namespace

TEST_CASE("an autoscaler keeps a deployment between its limits") {
  over_each_client(
      2,
      [](SimPlatform& platform) {
        FakeNode node(platform);
        created(
            platform, kScalers,
            R"({"apiVersion":"autoscaling/v2","kind":"HorizontalPodAutoscaler","metadata":{"name":"web"},"spec":{"minReplicas":2,"maxReplicas":4,)"
            R"("scaleTargetRef":{"apiVersion":"apps/v1","kind":"Deployment","name":"web"}}})");
        node.run(5s);
        CHECK(condition(platform, "AbleToScale") == "False FailedGetScale");
        created(
            platform, kApps + "deployments",
            R"({"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web"},"spec":{"replicas":1,"selector":{"matchLabels":{"app":"web"}},)"
            R"("template":{"metadata":{"labels":{"app":"web"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}})");
        node.run(20s);
        CHECK(size(platform) == 2);
        CHECK(condition(platform, "AbleToScale") == "True SucceededGetScale");
        CHECK(condition(platform, "ScalingActive") == "False FailedGetResourceMetric");
        CHECK(events_of(platform, "web", "SuccessfulRescale").size() == 1);
        check_settled(platform);
        patch(platform, kWeb, R"({"spec":{"replicas":9}})");
        node.run(20s);
        CHECK(size(platform) == 4);
        CHECK(read(platform, kScalers + "/web")["status"]["currentReplicas"].as_int() == 4);
        CHECK(read(platform, kScalers + "/web")["status"]["desiredReplicas"].as_int() == 4);
        patch(platform, kWeb, R"({"spec":{"replicas":0}})");
        node.run(20s);
        CHECK(size(platform) == 0);
        CHECK(condition(platform, "ScalingActive") == "False ScalingDisabled");
        check_settled(platform);
      },
      with_workloads());
}

TEST_CASE("an autoscaler follows what pods use") {
  over_each_client(
      3,
      [](SimPlatform& platform) {
        FakeNode node(platform);
        const std::string above = "reason: cpu resource utilization (percentage of request) above target";
        create_web(platform, 2);
        create_scaler(platform, kCpuHalf);
        node.run(20s);
        // All of the request where half is wanted; twice the pods bring it down to that.
        run_measured(platform, node, 60s, Load{.milli_cpu = 200, .divided = true});
        CHECK(size(platform) == 4);
        CHECK(rescales(platform) == std::vector<std::string>{"New size: 4; " + above + " x1"});
        CHECK(condition(platform, "ScalingActive") == "True ValidMetricFound");
        // A tenth more than is wanted is tolerated, what is beyond is not.
        run_measured(platform, node, 60s, 55);
        CHECK(size(platform) == 4);
        run_measured(platform, node, 60s, Load{.milli_cpu = 224, .divided = true});
        CHECK(size(platform) == 5);
        CHECK(rescales(platform).size() == 2);
        run_measured(platform, node, 60s, 52);
        CHECK(size(platform) == 5);
        CHECK(condition(platform, "ScalingLimited") == "False DesiredWithinRange");
        CHECK(condition(platform, "AbleToScale") == "True ReadyForNewScale");
        const Document scaler = read(platform, kScalers + "/web");
        const Value current = scaler["status"]["currentMetrics"].items()[0]["resource"]["current"];
        CHECK(current["averageUtilization"].as_int() == 52);
        CHECK(current["averageValue"].as_string() == "52m");
        CHECK(scaler["status"]["desiredReplicas"].as_int() == 5);
        // Idle: the highest size of the last five minutes stays, then it goes down.
        run_measured(platform, node, 240s, 5);
        CHECK(size(platform) == 5);
        CHECK(condition(platform, "AbleToScale") == "True ScaleDownStabilized");
        run_measured(platform, node, 120s, 5);
        CHECK(size(platform) == 1);
        CHECK(rescales(platform).size() == 3);
        // A burst: twice the size, at least four, for each look.
        run_measured(platform, node, 15s, 1000);
        CHECK(size(platform) == 4);
        CHECK(condition(platform, "ScalingLimited") == "True ScaleUpLimit");
        run_measured(platform, node, 120s, 1000);
        CHECK(size(platform) == 10);
        CHECK(condition(platform, "ScalingLimited") == "True TooManyReplicas");
        check_settled(platform);
      },
      with_workloads());
}

TEST_CASE("an autoscaler waits for a whole window of a new pod's processor time") {
  SimPlatform platform(33, with_workloads());
  REQUIRE(platform.boot().ok());
  FakeNode node(platform);
  const Load load{.milli_cpu = 100, .window_ns = 30'000'000'000};
  create_web(platform, 2);
  create_scaler(platform, kCpuHalf);
  node.run(40s);
  for (int i = 0; i < 4 && size(platform) == 2; ++i) run_measured(platform, node, 5s, load);
  CHECK(size(platform) == 4);
  // Pods that became ready within the window are taken to use nothing: that makes half.
  run_measured(platform, node, 25s, load);
  CHECK(size(platform) == 4);
  // More pods did not help.
  run_measured(platform, node, 25s, load);
  CHECK(size(platform) == 8);
}

TEST_CASE("an autoscaler with behavior, memory, and metrics that cannot be had") {
  SimPlatform platform(31, with_workloads());
  REQUIRE(platform.boot().ok());
  FakeNode node(platform);
  create_web(platform, 2);
  create_scaler(
      platform,
      R"("metrics":[{"type":"ContainerResource","containerResource":{"name":"memory","container":"c","target":{"type":"AverageValue","averageValue":"64Mi"}}},)"
      R"({"type":"Pods","pods":{"metric":{"name":"hits"},"target":{"type":"AverageValue","averageValue":"1"}}}],)"
      R"("behavior":{"scaleUp":{"policies":[{"type":"Pods","value":1,"periodSeconds":60}]},"scaleDown":{"stabilizationWindowSeconds":0}})");
  node.run(20s);
  run_measured(platform, node, 50s, 10, 256 << 20);
  CHECK(size(platform) == 3);  // one in a minute
  CHECK(condition(platform, "ScalingLimited") == "True ScaleUpLimit");
  run_measured(platform, node, 70s, 10, 256 << 20);
  CHECK(size(platform) == 4);
  CHECK(events_of(platform, "web", "FailedGetPodsMetric").size() == 1);
  const Document scaler = read(platform, kScalers + "/web");
  CHECK(scaler["status"]["currentMetrics"].items()[0]["containerResource"]["current"]["averageValue"].as_string() == "256Mi");
  // Fewer would do, as far as is known: with a metric missing nothing is taken away.
  run_measured(platform, node, 60s, 10, 16 << 20);
  CHECK(size(platform) == 4);
  CHECK(condition(platform, "ScalingActive") == "False FailedGetPodsMetric");
  patch(
      platform, kScalers + "/web",
      R"({"spec":{"metrics":[{"type":"Resource","resource":{"name":"memory","target":{"type":"Utilization","averageUtilization":100}}}]}})");
  run_measured(platform, node, 20s, 10, 16 << 20);
  CHECK(size(platform) == 1);
  check_settled(platform);

  // Two for the same pods: neither does anything, though one wants more and the other fewer.
  created(
      platform, kScalers,
      R"({"apiVersion":"autoscaling/v2","kind":"HorizontalPodAutoscaler","metadata":{"name":"other"},"spec":{"minReplicas":1,"maxReplicas":10,)"
      R"("scaleTargetRef":{"apiVersion":"apps/v1","kind":"Deployment","name":"web"},)" +
          kCpuHalf + "}}");
  run_measured(platform, node, 20s, 50, 64 << 20);
  patch(platform, kWeb, R"({"spec":{"replicas":2}})");
  run_measured(platform, node, 60s, 100, 16 << 20);
  CHECK(size(platform) == 2);
  CHECK(condition(platform, "ScalingActive") == "False AmbiguousSelector");
  CHECK(events_of(platform, "web", "AmbiguousSelector")[0].starts_with(
      "pods by selector app=web are controlled by multiple HPAs: [{other default} {web default}]"));
}

TEST_CASE("autoscalers that disagree take turns, one look each in a period") {
  SimPlatform platform(34, with_workloads());
  REQUIRE(platform.boot().ok());
  FakeNode node(platform);
  create_web(platform, 4);
  const auto limits = [&](const std::string& name, int least, int most) {
    created(platform, kScalers,
            R"({"apiVersion":"autoscaling/v2","kind":"HorizontalPodAutoscaler","metadata":{"name":")" + name +
                R"("},"spec":{"scaleTargetRef":{"apiVersion":"apps/v1","kind":"Deployment","name":"web"},"minReplicas":)" +
                std::to_string(least) + R"(,"maxReplicas":)" + std::to_string(most) + "}}");
  };
  limits("high", 5, 9);
  limits("low", 1, 3);
  // The limits come before the pods: both change the size, and each change makes the other's look out of date.
  const std::int64_t before = read(platform, kWeb)["metadata"]["generation"].as_int();
  node.run(60s);
  const std::int64_t changes = read(platform, kWeb)["metadata"]["generation"].as_int() - before;
  CHECK(changes >= 4);
  CHECK(changes <= 10);
}

TEST_CASE("an autoscaler says which requests are missing") {
  SimPlatform platform(32, with_workloads());
  REQUIRE(platform.boot().ok());
  FakeNode node(platform);
  created(
      platform, kApps + "deployments",
      R"({"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web"},"spec":{"replicas":1,"selector":{"matchLabels":{"app":"web"}},)"
      R"("template":{"metadata":{"labels":{"app":"web"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}})");
  create_scaler(platform, kCpuHalf);
  node.run(20s);
  run_measured(platform, node, 30s, 100);
  CHECK(condition(platform, "ScalingActive") == "False FailedGetResourceMetric");
  const auto told = events_of(platform, "web", "FailedComputeMetricsReplicas");
  REQUIRE_FALSE(told.empty());
  CHECK(told.back().find(
            "invalid metrics (1 invalid out of 1), first error is: failed to get cpu resource metric value: failed to get cpu "
            "utilization: missing request for cpu in container c of Pod web-") == 0);
}

}  // namespace plinth::sim
