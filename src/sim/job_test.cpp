// Jobs: each end of a pod is counted once, whatever happens.
#include <set>

#include "sim/workloads_testing.h"

namespace plinth::sim {
namespace {

using namespace std::chrono_literals;

const std::string kJobs = kBatch + "jobs";
const std::string kJob = kJobs + "/j";

std::string job(const std::string& spec, const std::string& fate = "succeed") {
  return R"({"apiVersion":"batch/v1","kind":"Job","metadata":{"name":"j"},"spec":{)" + spec + (spec.empty() ? "" : ",") +
         R"("template":{"metadata":{"labels":{"app":"j")" + (fate.empty() ? "" : R"(,"fate":")" + fate + "\"") +
         R"(}},"spec":{"restartPolicy":"Never","containers":[{"name":"c","image":"i"}]}}}})";
}

Document state(SimPlatform& platform) { return read(platform, kJob); }

// "Complete CompletionsReached", of every condition that is True, in order.
std::string conditions(SimPlatform& platform) {
  std::string out;
  const Document j = state(platform);
  for (const Value& c : j["status"]["conditions"].items()) {
    if (c["status"].as_string() == "True")
      out += (out.empty() ? "" : ", ") + std::string(c["type"].as_string()) + " " + std::string(c["reason"].as_string());
  }
  return out;
}

std::int64_t count(SimPlatform& platform, const char* member) { return state(platform)["status"][member].as_int(); }

// No pod that has ended is still held back, and none is left uncounted.
void check_counted(SimPlatform& platform) {
  const Document list = read(platform, kPods);
  for (const Value& pod : list["items"].items()) CHECK(pod["metadata"]["finalizers"].size() == 0);
  CHECK(state(platform)["status"]["uncountedTerminatedPods"].size() == 0);
}

}  // namespace

TEST_CASE("a job runs as many pods as it asks for, a few at a time") {
  over_each_client(
      2,
      [](SimPlatform& platform) {
        FakeNode node(platform);
        created(platform, kJobs, job(R"("completions":5,"parallelism":2)"));
        node.run(60s, 200ms, [&] { CHECK(count(platform, "active") <= 2); });
        CHECK(count(platform, "succeeded") == 5);
        CHECK(count(platform, "failed") == 0);
        CHECK(conditions(platform) == "SuccessCriteriaMet CompletionsReached, Complete CompletionsReached");
        CHECK(!state(platform)["status"]["completionTime"].as_string().empty());
        CHECK(events_of(platform, "j", "SuccessfulCreate").size() == 5);
        CHECK(events_of(platform, "j", "Completed").size() == 1);
        CHECK(read(platform, std::string(kPods) + "?labelSelector=job-name=j")["items"].size() == 5);
        check_counted(platform);
        check_settled(platform);
      },
      with_workloads());
}

TEST_CASE("a job that fails tries again, later each time, and gives up") {
  over_each_client(
      2,
      [](SimPlatform& platform) {
        FakeNode node(platform);
        created(platform, kJobs, job(R"("backoffLimit":2)", "fail"));
        node.run(8s);
        CHECK(count(platform, "failed") == 1);
        CHECK(count(platform, "active") == 0);
        node.run(8s);
        CHECK(count(platform, "failed") == 2);
        node.run(12s);
        CHECK(count(platform, "failed") == 2);
        node.run(30s);
        CHECK(count(platform, "failed") == 3);
        CHECK(conditions(platform) == "FailureTarget BackoffLimitExceeded, Failed BackoffLimitExceeded");
        CHECK(events_of(platform, "j", "BackoffLimitExceeded").size() == 1);
        check_counted(platform);
        check_settled(platform);
      },
      with_workloads());
}

TEST_CASE("an indexed job runs each index") {
  over_each_client(
      2,
      [](SimPlatform& platform) {
        FakeNode node(platform);
        created(platform, kJobs, job(R"("completions":4,"parallelism":3,"completionMode":"Indexed")"));
        node.run(30s);
        CHECK(state(platform)["status"]["completedIndexes"].as_string() == "0-3");
        CHECK(count(platform, "succeeded") == 4);
        std::set<std::string> hosts;
        const Document list = read(platform, kPods);
        for (const Value& pod : list["items"].items()) {
          hosts.emplace(pod["spec"]["hostname"].as_string());
          const Value env = pod["spec"]["containers"].items()[0]["env"];
          REQUIRE(env.size() == 1);
          CHECK(env.items()[0]["name"].as_string() == "JOB_COMPLETION_INDEX");
          CHECK(pod["metadata"]["labels"]["batch.kubernetes.io/job-completion-index"].is_string());
        }
        CHECK(hosts == std::set<std::string>{"j-0", "j-1", "j-2", "j-3"});
        CHECK(conditions(platform).find("Complete") != std::string::npos);
        check_counted(platform);
        check_settled(platform);
      },
      with_workloads());
}

TEST_CASE("an index has tries of its own") {
  over_each_client(
      1,
      [](SimPlatform& platform) {
        FakeNode node(platform);
        created(platform, kJobs,
                job(R"("completions":2,"parallelism":2,"completionMode":"Indexed","backoffLimitPerIndex":1)", "fail"));
        node.run(60s);
        CHECK(state(platform)["status"]["failedIndexes"].as_string() == "0,1");
        CHECK(count(platform, "failed") == 4);
        CHECK(conditions(platform) == "FailureTarget FailedIndexes, Failed FailedIndexes");
        check_counted(platform);
        check_settled(platform);
      },
      with_workloads());
}

TEST_CASE("policies on failures and on success") {
  over_each_client(
      1,
      [](SimPlatform& platform) {
        FakeNode node(platform);
        const std::string policy =
            R"("podFailurePolicy":{"rules":[{"action":"FailJob","onExitCodes":{"operator":"In","values":[42]}},{"action":"Ignore","onExitCodes":{"operator":"In","values":[7]}}]})";
        created(platform, kJobs, job(policy, "exit-42"));
        node.run(20s);
        CHECK(conditions(platform) == "FailureTarget PodFailurePolicy, Failed PodFailurePolicy");
        const Document j = state(platform);
        CHECK(j["status"]["conditions"].items()[0]["message"].as_string().find(
                  "failed with exit code 42 matching FailJob rule at index 0") != std::string_view::npos);
        CHECK(platform.call("DELETE", kJob, R"({"kind":"DeleteOptions","apiVersion":"v1","propagationPolicy":"Background"})")
                  .status == 200);
        node.run(20s);
        created(platform, kJobs, job(R"("backoffLimit":0,)" + policy, "exit-7"));
        node.run(60s);
        CHECK(count(platform, "failed") == 0);
        CHECK(conditions(platform).empty());
        CHECK(platform.call("DELETE", kJob, R"({"kind":"DeleteOptions","apiVersion":"v1","propagationPolicy":"Background"})")
                  .status == 200);
        node.run(20s);
        CHECK(read(platform, kPods)["items"].size() == 0);
        created(
            platform, kJobs,
            job(R"("completions":5,"parallelism":1,"completionMode":"Indexed","successPolicy":{"rules":[{"succeededIndexes":"0-1"}]})"));
        node.run(60s);
        CHECK(conditions(platform) == "SuccessCriteriaMet SuccessPolicy, Complete SuccessPolicy");
        CHECK(count(platform, "succeeded") == 2);
        check_settled(platform);
      },
      with_workloads());
}

TEST_CASE("a suspended job has no pods and no deadline") {
  over_each_client(
      1,
      [](SimPlatform& platform) {
        FakeNode node(platform);
        created(platform, kJobs, job(R"("activeDeadlineSeconds":60,"parallelism":2,"completions":2)", "run"));
        node.run(10s);
        CHECK(count(platform, "active") == 2);
        patch(platform, kJob, R"({"spec":{"suspend":true}})");
        node.run(100s, 1s);
        CHECK(count(platform, "active") == 0);
        CHECK(conditions(platform) == "Suspended JobSuspended");
        CHECK(events_of(platform, "j", "Suspended").size() == 1);
        check_settled(platform);
        patch(platform, kJob, R"({"spec":{"suspend":false}})");
        node.run(30s);
        CHECK(count(platform, "active") == 2);
        node.run(60s);
        CHECK(conditions(platform) == "FailureTarget DeadlineExceeded, Failed DeadlineExceeded");
        CHECK(count(platform, "active") == 0);
        check_counted(platform);
      },
      with_workloads());
}

TEST_CASE("a finished job goes after its time, with its pods") {
  over_each_client(
      1,
      [](SimPlatform& platform) {
        FakeNode node(platform);
        created(platform, kJobs, job(R"("ttlSecondsAfterFinished":30)"));
        node.run(20s);
        CHECK(conditions(platform).find("Complete") != std::string::npos);
        node.run(60s);
        CHECK(platform.call("GET", kJob).status == 404);
        CHECK(read(platform, kPods)["items"].size() == 0);
      },
      with_workloads());
}

TEST_CASE("a job that is deleted leaves no pod behind, whichever way it goes") {
  for (const char* propagation : {"Background", "Foreground"}) {
    over_each_client(
        2,
        [propagation](SimPlatform& platform) {
          FakeNode node(platform);
          created(platform, kJobs, job(R"("parallelism":3,"completions":3)", "run"));
          node.run(10s);
          CHECK(
              platform
                  .call("DELETE", kJob,
                        std::string(R"({"kind":"DeleteOptions","apiVersion":"v1","propagationPolicy":")") + propagation + "\"}")
                  .status == 200);
          node.run(30s);
          CHECK(platform.call("GET", kJob).status == 404);
          CHECK(read(platform, kPods)["items"].size() == 0);
        },
        with_workloads());
  }
}

TEST_CASE("ends are counted once across crashes") {
  over_each_client(
      4,
      [](SimPlatform& platform) {
        FakeNode node(platform);
        created(platform, kJobs, job(R"("completions":6,"parallelism":3)"));
        with_crashes(platform, 5, [&](Duration time) { node.run(time); });
        node.run(60s);
        CHECK(count(platform, "succeeded") == 6);
        CHECK(conditions(platform) == "SuccessCriteriaMet CompletionsReached, Complete CompletionsReached");
        check_counted(platform);
        check_settled(platform);
      },
      with_workloads());
}

}  // namespace plinth::sim
