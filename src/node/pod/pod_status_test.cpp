#include "node/pod/pod_status.h"

#include "base/json.h"
#include "node/pod/decide.h"
#include "node/pod/pod_testing.h"

namespace plinth::node {
namespace {

constexpr std::int64_t kNow = 1'767'225'600LL * kSecond;  // 2026-01-01T00:00:00Z

struct Written {
  Draft draft;
  Value status;
  std::string condition(std::string_view type) const {
    for (const Value& c : status["conditions"].items()) {
      if (c["type"].as_string() == type) {
        std::string out(c["status"].as_string());
        if (!c["reason"].as_string().empty()) out += " " + std::string(c["reason"].as_string());
        return out;
      }
    }
    return "absent";
  }
  Value container(std::size_t i = 0) const { return status["containerStatuses"].items()[i]; }
};

Written write(const Pod& pod, const Observed& seen, const PodMemory& memory) {
  Written out;
  StatusFacts facts;
  facts.id_scheme = "containerd";
  facts.node_ips = {"192.168.0.1"};
  facts.now_ns = kNow;
  out.status = pod_status(out.draft, pod, seen, memory, facts);
  return out;
}

const std::string kOne = R"({"containers":[{"name":"a","image":"nginx:1"}]})";

}  // namespace

TEST_CASE("phases and conditions") {
  const std::string never = R"({"restartPolicy":"Never","containers":[{"name":"a","image":"i"}]})";
  const std::string init = R"({"initContainers":[{"name":"x","image":"i"}],"containers":[{"name":"a","image":"i"}]})";
  const std::string probed = R"({"containers":[{"name":"a","image":"i","readinessProbe":{"tcpSocket":{"port":1}}}]})";
  const std::string gated = R"({"readinessGates":[{"conditionType":"x/y"}],"containers":[{"name":"a","image":"i"}]})";
  const auto s0 = test_sandbox();
  const auto t = test_container;
  struct Case {
    const char* what;
    std::string spec;
    std::vector<SandboxStatus> sandboxes;
    std::vector<ContainerStatus> containers;
    const char *phase, *initialized, *ready, *containers_ready, *network;
  };
  const char* not_ready = "False ContainersNotReady";
  const Case cases[] = {
      {"nothing yet", kOne, {}, {}, "Pending", "True", not_ready, not_ready, "False"},
      {"a sandbox", kOne, {s0}, {}, "Pending", "True", not_ready, not_ready, "True"},
      {"it runs", kOne, {s0}, {t("a", 0, 1, 0, 0, "s0")}, "Running", "True", "True", "True", "True"},
      {"not ready yet", probed, {s0}, {t("a", 0, 1, 0, 0, "s0")}, "Running", "True", not_ready, not_ready, "True"},
      {"a gate is shut",
       gated,
       {s0},
       {t("a", 0, 1, 0, 0, "s0")},
       "Running",
       "True",
       "False ReadinessGatesNotReady",
       "True",
       "True"},
      {"init runs",
       init,
       {s0},
       {t("x", 0, 1, 0, 0, "s0")},
       "Pending",
       "False ContainersNotInitialized",
       not_ready,
       not_ready,
       "True"},
      {"init is done",
       init,
       {s0},
       {t("x", 0, 1, 2, 0, "s0"), t("a", 0, 3, 0, 0, "s0")},
       "Running",
       "True",
       "True",
       "True",
       "True"},
      {"ended well",
       never,
       {s0},
       {t("a", 0, 1, 2, 0, "s0")},
       "Succeeded",
       "True PodCompleted",
       "False PodCompleted",
       "False PodCompleted",
       "True"},
      {"ended badly", never, {s0}, {t("a", 0, 1, 2, 1, "s0")}, "Failed", "True", "False PodFailed", "False PodFailed", "True"},
      {"to be restarted", kOne, {s0}, {t("a", 0, 1, 2, 1, "s0")}, "Running", "True", not_ready, not_ready, "True"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.what);
    const Pod pod = test_pod(c.spec);
    const Observed seen = test_observed(c.sandboxes, c.containers, pod);
    const Written w = write(pod, seen, PodMemory());
    CHECK(w.status["phase"].as_string() == c.phase);
    CHECK(w.condition("Initialized") == c.initialized);
    CHECK(w.condition("Ready") == c.ready);
    CHECK(w.condition("ContainersReady") == c.containers_ready);
    CHECK(w.condition("PodReadyToStartContainers") == c.network);
    CHECK(w.condition("PodScheduled") == "True");
  }
}

TEST_CASE("the status of a container through its life") {
  const Pod pod = test_pod(kOne);
  PodMemory memory;
  const auto show = [&](std::vector<ContainerStatus> containers) {
    return write(pod, test_observed({test_sandbox()}, std::move(containers), pod), memory);
  };
  const Written fresh = show({});
  CHECK(fresh.container()["state"]["waiting"]["reason"].as_string() == "ContainerCreating");
  CHECK(fresh.container()["image"].as_string() == "nginx:1");
  CHECK(fresh.status["podIP"].as_string() == "10.0.0.5");
  CHECK(fresh.status["hostIPs"].items()[0]["ip"].as_string() == "192.168.0.1");
  CHECK(fresh.status["qosClass"].as_string() == "BestEffort");
  memory.of("a").waiting_reason = "ErrImagePull";
  memory.of("a").waiting_message = "no such image";
  const Written failing = show({});
  CHECK(failing.container()["state"]["waiting"]["reason"].as_string() == "ErrImagePull");
  CHECK(failing.container()["state"]["waiting"]["message"].as_string() == "no such image");
  memory = PodMemory();
  const Written runs = show({test_container("a", 0, kNow / kSecond)});
  CHECK(runs.container()["containerID"].as_string() == "containerd://a-0");
  CHECK(runs.container()["started"].as_bool());
  CHECK(runs.container()["state"]["running"]["startedAt"].as_string() == "2026-01-01T00:00:00Z");
  // In the crash back-off.
  memory.of("a").backoff_ns = 20 * kSecond;
  memory.of("a").backoff_updated_ns = kNow - 9 * kSecond;
  memory.termination_messages["a-1"] = "told";
  const Written crashed = show({test_container("a", 1, kNow / kSecond - 9, kNow / kSecond - 5, 3)});
  CHECK(crashed.container()["state"]["waiting"]["reason"].as_string() == "CrashLoopBackOff");
  CHECK(crashed.container()["state"]["waiting"]["message"].as_string() ==
        "back-off 20s restarting failed container=a pod=p_ns(u1)");
  CHECK(crashed.container()["lastState"]["terminated"]["exitCode"].as_int() == 3);
  CHECK(crashed.container()["lastState"]["terminated"]["message"].as_string() == "told");
  CHECK(crashed.container()["restartCount"].as_int() == 1);
}

TEST_CASE("times of transitions stay, and a status that was told is not told again") {
  const std::string before =
      R"({"phase":"Running","conditions":[{"type":"Ready","status":"True","lastProbeTime":null,"lastTransitionTime":"2025-01-01T00:00:00Z"}]})";
  const Pod pod = test_pod(kOne, before);
  const Observed seen = test_observed({test_sandbox()}, {test_container("a", 0, 1)}, pod);
  PodMemory memory;
  memory.start_time_ns = kNow;
  Written w = write(pod, seen, memory);
  std::string ready, scheduled;
  for (const Value& c : w.status["conditions"].items()) {
    if (c["type"].as_string() == "Ready") ready = c["lastTransitionTime"].as_string();
    if (c["type"].as_string() == "PodScheduled") scheduled = c["lastTransitionTime"].as_string();
  }
  CHECK(ready == "2025-01-01T00:00:00Z");
  CHECK(scheduled == "2026-01-01T00:00:00Z");
  CHECK(!status_is_told(w.status, pod.status()));
  CHECK(status_is_told(w.status, w.status));
  const Pod told = test_pod(kOne, to_json(w.status));
  CHECK(status_is_told(write(told, seen, memory).status, told.status()));
}

}  // namespace plinth::node
