// HorizontalPodAutoscalers without metrics: sizes stay between the limits, and the object says why nothing more happens.
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

}  // namespace plinth::sim
