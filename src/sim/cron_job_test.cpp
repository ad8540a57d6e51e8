// CronJobs in virtual time.
#include <set>

#include "sim/workloads_testing.h"

namespace plinth::sim {
namespace {

using namespace std::chrono_literals;

const std::string kCrons = kBatch + "cronjobs";
const std::string kCron = kCrons + "/tick";

std::string cron_job(const std::string& spec, const std::string& fate = "succeed", const std::string& schedule = "* * * * *") {
  return R"({"apiVersion":"batch/v1","kind":"CronJob","metadata":{"name":"tick"},"spec":{"schedule":")" + schedule + "\"" +
         spec + R"(,"jobTemplate":{"metadata":{"labels":{"of":"tick"}},"spec":{"template":{"metadata":{"labels":{"fate":")" +
         fate + R"("}},"spec":{"restartPolicy":"Never","containers":[{"name":"c","image":"i"}]}}}}}})";
}

std::vector<Document> jobs(SimPlatform& platform) {
  std::vector<Document> out;
  const Document list = read(platform, kBatch + "jobs?labelSelector=of=tick");
  for (const Value& job : list["items"].items()) out.push_back(list.at(job));
  return out;
}

}  // namespace

TEST_CASE("a job for each minute, and only the latest are kept") {
  over_each_client(
      2,
      [](SimPlatform& platform) {
        FakeNode node(platform);
        created(platform, kCrons, cron_job(R"(,"successfulJobsHistoryLimit":2)"));
        node.run(330s, 2s);
        const auto made = events_of(platform, "tick", "SuccessfulCreate");
        CHECK(made.size() == 5);
        CHECK(events_of(platform, "tick", "SawCompletedJob").size() == 5);
        CHECK(jobs(platform).size() == 2);
        const Document cron = read(platform, kCron);
        CHECK(cron["status"].find("active") == nullptr);
        CHECK(!cron["status"]["lastScheduleTime"].as_string().empty());
        CHECK(!cron["status"]["lastSuccessfulTime"].as_string().empty());
        const Document job = jobs(platform)[0];
        CHECK(job["metadata"]["annotations"]["batch.kubernetes.io/cronjob-scheduled-timestamp"].is_string());
        CHECK(job["metadata"]["ownerReferences"].items()[0]["kind"].as_string() == "CronJob");
        check_settled(platform);
      },
      with_workloads());
}

TEST_CASE("what happens to a job that still runs when the next one is due") {
  struct Case {
    const char* policy;
    std::size_t jobs, active;
  };
  for (const Case& c : {Case{"Allow", 3, 3}, Case{"Forbid", 1, 1}, Case{"Replace", 1, 1}}) {
    CAPTURE(c.policy);
    over_each_client(
        1,
        [&c](SimPlatform& platform) {
          FakeNode node(platform);
          created(platform, kCrons, cron_job(R"(,"concurrencyPolicy":")" + std::string(c.policy) + "\"", "run"));
          node.run(210s, 2s);
          CHECK(jobs(platform).size() == c.jobs);
          CHECK(read(platform, kCron)["status"]["active"].size() == c.active);
          CHECK((std::string(c.policy) == "Forbid") == !events_of(platform, "tick", "JobAlreadyActive").empty());
          check_settled(platform);
        },
        with_workloads());
  }
}

TEST_CASE("a suspended cron job makes nothing, and its missed times do not all come at once") {
  over_each_client(
      1,
      [](SimPlatform& platform) {
        FakeNode node(platform);
        created(platform, kCrons, cron_job(R"(,"suspend":true)"));
        node.run(200s, 5s);
        CHECK(jobs(platform).empty());
        patch(platform, kCron, R"({"spec":{"suspend":false}})");
        node.run(10s);
        CHECK(jobs(platform).size() == 1);
        check_settled(platform);
      },
      with_workloads());
}

TEST_CASE("each time has one job, across crashes") {
  over_each_client(
      3,
      [](SimPlatform& platform) {
        FakeNode node(platform);
        created(platform, kCrons, cron_job(R"(,"successfulJobsHistoryLimit":20)"));
        with_crashes(platform, 4, [&](Duration) { node.run(45s, 1s); });
        node.run(130s, 1s);
        std::set<std::string> times;
        const auto all = jobs(platform);
        for (const Document& job : all)
          times.emplace(job["metadata"]["annotations"]["batch.kubernetes.io/cronjob-scheduled-timestamp"].as_string());
        CHECK(times.size() == all.size());
        CHECK(all.size() >= 3);
        CHECK(read(platform, kCron)["status"].find("active") == nullptr);
        check_settled(platform);
      },
      with_workloads());
}

}  // namespace plinth::sim
