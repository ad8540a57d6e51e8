#include "node/pod/decide.h"

#include <fmt/format.h>

#include "node/pod/pod_testing.h"

namespace plinth::node {
namespace {

constexpr std::int64_t kNow = 1000 * kSecond;

std::string text_of(const Action& a) {
  using Kind = Action::Kind;
  switch (a.kind) {
    case Kind::kSetUpVolumes:
      return "volumes";
    case Kind::kRunSandbox:
      return fmt::format("sandbox {}", a.attempt);
    case Kind::kStopSandbox:
      return "stop " + a.id;
    case Kind::kStartContainer:
      return fmt::format("start {} {}{}", a.container, a.attempt, a.id.empty() ? "" : " after " + a.id);
    case Kind::kKillContainer:
      return fmt::format("kill {} {}s", a.id, a.grace_s);
    case Kind::kRemoveContainer:
      return "remove " + a.id;
    case Kind::kRemoveSandbox:
      return "remove " + a.id;
    case Kind::kTearDown:
      return "teardown";
    case Kind::kDeletePod:
      return "delete";
    case Kind::kForget:
      return "forget";
  }
  return "";
}

std::string actions_of(const Decision& decision) {
  std::string out;
  for (const Action& a : decision.actions) out += (out.empty() ? "" : ", ") + text_of(a);
  return out;
}

PodMemory ready_memory() {
  PodMemory memory;
  memory.volumes.done = true;
  return memory;
}

const std::string kTwo = R"({"containers":[{"name":"a","image":"i"},{"name":"b","image":"i"}]})";

struct Case {
  const char* what;
  std::string spec;
  std::vector<SandboxStatus> sandboxes;
  std::vector<ContainerStatus> containers;
  const char* actions;
  std::string metadata = "";
};

}  // namespace

TEST_CASE("what a running pod needs next") {
  const std::string never = R"({"restartPolicy":"Never","containers":[{"name":"a","image":"i"}]})";
  const std::string on_failure = R"({"restartPolicy":"OnFailure","containers":[{"name":"a","image":"i"}]})";
  const std::string always = R"({"containers":[{"name":"a","image":"i"}]})";
  const std::string init =
      R"({"initContainers":[{"name":"x","image":"i"},{"name":"s","image":"i","restartPolicy":"Always"},{"name":"y","image":"i"}],)"
      R"("containers":[{"name":"a","image":"i"}]})";
  const std::string never_init =
      R"({"restartPolicy":"Never","initContainers":[{"name":"x","image":"i"}],"containers":[{"name":"a","image":"i"}]})";
  const auto s0 = test_sandbox(0);
  const auto dead0 = test_sandbox(0, SandboxState::kNotReady);
  const auto t = test_container;
  const Case cases[] = {
      {"nothing is there", always, {}, {}, "sandbox 0"},
      {"a sandbox", kTwo, {s0}, {}, "start a 0"},
      {"one after the other", kTwo, {s0}, {t("a", 0, 1, 0, 0, "s0")}, "start b 0"},
      {"all run", kTwo, {s0}, {t("a", 0, 1, 0, 0, "s0"), t("b", 0, 1, 0, 0, "s0")}, ""},
      {"ended, always", always, {s0}, {t("a", 0, 1, 900, 0, "s0")}, "start a 1"},
      {"ended well, on failure", on_failure, {s0}, {t("a", 0, 1, 900, 0, "s0")}, "stop s0"},
      {"ended badly, on failure", on_failure, {s0}, {t("a", 2, 1, 900, 1, "s0")}, "start a 3"},
      {"ended badly, never", never, {s0}, {t("a", 0, 1, 900, 1, "s0")}, "stop s0"},
      {"the sandbox died, always", always, {dead0}, {t("a", 0, 1, 900, 137, "s0")}, "sandbox 1"},
      {"the sandbox died, never, nothing to run", never, {dead0}, {t("a", 0, 1, 900, 137, "s0")}, "teardown"},
      {"the sandbox died with a container", always, {dead0}, {t("a", 0, 1, 0, 0, "s0")}, "kill a-0 30s"},
      {"two sandboxes are ready", always, {test_sandbox(1), s0}, {}, "stop s1"},
      {"in a new sandbox", always, {test_sandbox(1), dead0}, {t("a", 0, 1, 900, 137, "s0")}, "start a 1"},
      {"in a new sandbox, on failure, ended well",
       R"({"restartPolicy":"OnFailure","containers":[{"name":"a","image":"i"},{"name":"b","image":"i"}]})",
       {test_sandbox(1), dead0},
       {t("a", 0, 1, 900, 0, "s0"), t("b", 0, 1, 900, 137, "s0")},
       "start b 1"},
      {"first init container", init, {s0}, {}, "start x 0"},
      {"it runs", init, {s0}, {t("x", 0, 1, 0, 0, "s0")}, ""},
      {"it failed", init, {s0}, {t("x", 0, 1, 900, 1, "s0")}, "start x 1"},
      {"it is done", init, {s0}, {t("x", 0, 1, 900, 0, "s0")}, "start s 0"},
      {"the sidecar is started", init, {s0}, {t("x", 0, 1, 900, 0, "s0"), t("s", 0, 901, 0, 0, "s0")}, "start y 0"},
      {"all are done",
       init,
       {s0},
       {t("x", 0, 1, 900, 0, "s0"), t("s", 0, 901, 0, 0, "s0"), t("y", 0, 902, 903, 0, "s0")},
       "start a 0"},
      {"a sidecar ended meanwhile",
       init,
       {s0},
       {t("x", 0, 1, 900, 0, "s0"), t("s", 0, 901, 950, 1, "s0"), t("y", 0, 902, 903, 0, "s0"), t("a", 0, 904, 0, 0, "s0")},
       "start s 1"},
      {"init containers run again in a new sandbox",
       init,
       {test_sandbox(1), dead0},
       {t("x", 0, 1, 900, 0, "s0"), t("a", 0, 904, 950, 137, "s0")},
       "start x 1"},
      {"init failed, never", never_init, {s0}, {t("x", 0, 1, 900, 1, "s0")}, "stop s0"},
      {"old ones are removed",
       always,
       {s0},
       {t("a", 3, 950, 0, 0, "s0"), t("a", 2, 940, 941, 1, "s0"), t("a", 1, 930, 931, 1, "s0"), t("a", 0, 920, 921, 1, "s0")},
       "remove a-0"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.what);
    const Pod pod = test_pod(c.spec);
    const Observed seen = test_observed(c.sandboxes, c.containers, pod);
    const PodMemory memory = ready_memory();
    const Decision decision = decide(pod, seen, memory, kNow);
    CHECK(actions_of(decision) == c.actions);
    CHECK(actions_of(decide(pod, seen, memory, kNow)) == c.actions);
  }
}

TEST_CASE("the end of a pod, step by step") {
  const std::string deleting = R"(,"deletionTimestamp":"2026-01-01T00:00:00Z","deletionGracePeriodSeconds":10)";
  const std::string spec =
      R"({"initContainers":[{"name":"s","image":"i","restartPolicy":"Always"},{"name":"u","image":"i","restartPolicy":"Always"}],)"
      R"("containers":[{"name":"a","image":"i"},{"name":"b","image":"i"}]})";
  const Pod pod = test_pod(spec, "{}", deleting);
  PodMemory memory = ready_memory();
  const auto say = [&](std::vector<SandboxStatus> sandboxes, std::vector<ContainerStatus> containers) {
    return actions_of(decide(pod, test_observed(std::move(sandboxes), std::move(containers), pod), memory, kNow));
  };
  const auto s0 = test_sandbox(0);
  const auto a = test_container("a", 0, 1), b = test_container("b", 0, 1), s = test_container("s", 0, 1),
             u = test_container("u", 0, 1);
  CHECK(say({s0}, {a, b, s, u}) == "kill a-0 10s, kill b-0 10s");
  memory.of("a").kill_by_ns = kNow + 8 * kSecond;
  memory.of("b").kill_by_ns = kNow + 60 * kSecond;
  CHECK(say({s0}, {a, b, s, u}) == "kill b-0 10s");  // a shorter grace than the one that runs
  CHECK(say({s0}, {s, u}) == "kill u-0 10s");
  memory.ending_since_ns = kNow - 7 * kSecond;
  CHECK(say({s0}, {s}) == "kill s-0 3s");
  CHECK(say({s0}, {}) == "stop s0");
  memory.of("a").starting = true;
  CHECK(say({s0}, {}) == "");
  memory.of("a").starting = false;
  CHECK(say({test_sandbox(0, SandboxState::kNotReady)}, {}) == "teardown");
  memory.teardown.done = true;
  CHECK(say({}, {}) == "");  // the last status first
  memory.final_status_written = true;
  CHECK(say({}, {}) == "delete");
  Pod gone = pod;
  gone.gone = true;
  CHECK(actions_of(decide(gone, test_observed({}, {}, gone), memory, kNow)) == "forget");
  CHECK(actions_of(decide(gone, test_observed({s0}, {a}, gone), memory, kNow)) == "kill a-0 2s");
}

TEST_CASE("back-off after crashes") {
  const Pod pod = test_pod(R"({"containers":[{"name":"a","image":"i"}]})");
  PodMemory memory = ready_memory();
  ContainerMemory& a = memory.of("a");
  std::vector<std::int64_t> waits;
  std::int64_t now = kNow;
  for (int crash = 0; crash < 8; ++crash) {
    const ContainerStatus ended = test_container("a", static_cast<std::uint32_t>(crash), now / kSecond - 1, now / kSecond, 1);
    const Observed seen = test_observed({test_sandbox()}, {ended}, pod);
    const Decision decision = decide(pod, seen, memory, now);
    waits.push_back((decision.wake_at_ns.value_or(now) - now) / kSecond);
    if (waits.back() > 0) {
      CHECK(decision.notes.size() == 1);
      CHECK(decision.notes[0].reason == "BackOff");
      CHECK(actions_of(decision) == "");
      now = *decision.wake_at_ns;
    }
    CHECK(actions_of(decide(pod, seen, memory, now)) == fmt::format("start a {}", crash + 1));
    advance_backoff(a, ended.finished_ns, now);
    now += kSecond;
  }
  CHECK(waits == std::vector<std::int64_t>{0, 10, 20, 40, 80, 160, 300, 300});
  // Ten minutes without a crash: it is forgotten.
  now += 2 * kCrashBackoffMax;
  const ContainerStatus ended = test_container("a", 9, now / kSecond - 700, now / kSecond, 1);
  CHECK(actions_of(decide(pod, test_observed({test_sandbox()}, {ended}, pod), memory, now)) == "start a 10");
}

TEST_CASE("what makes a container be restarted") {
  const Pod pod = test_pod(R"({"terminationGracePeriodSeconds":7,"containers":[{"name":"a","image":"i"}]})");
  ContainerStatus running = test_container("a", 0, 1);
  running.annotations["io.kubernetes.container.hash"] = pod.containers[0].hash;
  const auto say = [&](const PodMemory& memory, const ContainerStatus& c) {
    return actions_of(decide(pod, test_observed({test_sandbox()}, {c}, pod), memory, kNow));
  };
  PodMemory memory = ready_memory();
  memory.of("a").id = running.id;
  CHECK(say(memory, running) == "");
  ContainerStatus other = running;
  other.annotations["io.kubernetes.container.hash"] = "another image";
  CHECK(say(memory, other) == "kill a-0 7s");
  ContainerStatus unknown = running;
  unknown.state = ContainerState::kUnknown;
  CHECK(say(memory, unknown) == "kill a-0 7s");
  memory.of("a").unhealthy = "Container a failed liveness probe, will be restarted";
  memory.of("a").unhealthy_grace_s = 3;
  CHECK(say(memory, running) == "kill a-0 3s");
  memory.of("a").unhealthy.clear();
  memory.of("a").post_start = Hook::kFailed;
  CHECK(say(memory, running) == "kill a-0 7s");
  // One that was made and never started is made again, with the same number.
  ContainerStatus created = running;
  created.state = ContainerState::kCreated;
  CHECK(say(ready_memory(), created) == "start a 0 after a-0");
}

TEST_CASE("deadlines, verdicts and ends that the API knows") {
  const auto s0 = test_sandbox();
  const auto a = test_container("a", 0, 1);
  const Pod pod = test_pod(R"({"activeDeadlineSeconds":100,"containers":[{"name":"a","image":"i"}]})");
  PodMemory memory = ready_memory();
  memory.start_time_ns = kNow - 99 * kSecond;
  CHECK(decide(pod, test_observed({s0}, {a}, pod), memory, kNow).wake_at_ns == kNow + kSecond);
  memory.start_time_ns = kNow - 100 * kSecond;
  const Decision late = decide(pod, test_observed({s0}, {a}, pod), memory, kNow);
  REQUIRE(late.verdict);
  CHECK(late.verdict->reason == "DeadlineExceeded");
  memory.verdict = late.verdict;
  CHECK(actions_of(decide(pod, test_observed({s0}, {a}, pod), memory, kNow)) == "kill a-0 30s");
  // Whatever the runtime has, a pod that has ended stays so.
  const Pod ended = test_pod(R"({"containers":[{"name":"a","image":"i"}]})", R"({"phase":"Failed"})");
  CHECK(actions_of(decide(ended, test_observed({s0}, {a}, ended), ready_memory(), kNow)) == "kill a-0 30s");
  CHECK(actions_of(decide(ended, test_observed({}, {}, ended), ready_memory(), kNow)) == "teardown");
  // What the runtime has lost is known from the status.
  const Pod lost = test_pod(
      R"({"restartPolicy":"Never","containers":[{"name":"a","image":"i"}]})",
      R"({"phase":"Running","containerStatuses":[{"name":"a","containerID":"x://1","restartCount":0,"state":{"running":{"startedAt":"2026-01-01T00:00:00Z"}}}]})");
  const Observed nothing = test_observed({}, {}, lost);
  CHECK(outcome_of(lost, nothing) == Outcome::kFailed);
  CHECK(nothing.newest("a")->exit_code == 137);
  CHECK(nothing.newest("a")->reason == "ContainerStatusUnknown");
}

TEST_CASE("nothing is decided before the runtime was asked, and failures wait") {
  const Pod pod = test_pod(R"({"containers":[{"name":"a","image":"i"}]})");
  CHECK(actions_of(decide(pod, Observed(), ready_memory(), kNow)) == "");
  PodMemory memory;
  CHECK(actions_of(decide(pod, test_observed({}, {}, pod), memory, kNow)) == "volumes");
  memory.volumes.busy = true;
  CHECK(actions_of(decide(pod, test_observed({}, {}, pod), memory, kNow)) == "");
  memory.volumes = Step{false, false, "", "failed", 1, kNow + 5};
  CHECK(decide(pod, test_observed({}, {}, pod), memory, kNow).wake_at_ns == kNow + 5);
  memory = ready_memory();
  memory.of("a").retry_at_ns = kNow + 9;
  const Decision decision = decide(pod, test_observed({test_sandbox()}, {}, pod), memory, kNow);
  CHECK(actions_of(decision) == "");
  CHECK(decision.wake_at_ns == kNow + 9);
}

}  // namespace plinth::node
