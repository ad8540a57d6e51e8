#include "server/paths/health.h"

#include <algorithm>

#include <doctest/doctest.h>

using namespace plinth::server;

namespace {

HealthAnswer ask(const std::string& target, std::span<const HealthCheck> checks, HealthRecord& record) {
  const auto info = parse_request_info("GET", target);
  REQUIRE(info.ok());
  return health_answer(info->path, info->query, checks, record);
}

std::string problem_of(std::string_view name, std::span<const HealthCheck> checks) {
  for (const HealthCheck& check : checks) {
    if (check.name == name) return check.problem;
  }
  return "no such check";
}

}  // namespace

TEST_CASE("health: all checks, without some, and one of them") {
  const HealthCheck fine[] = {{"ping", ""}, {"etcd", ""}};
  const HealthCheck broken[] = {{"ping", ""}, {"etcd", "read only"}};
  struct Case {
    std::string target;
    std::span<const HealthCheck> checks;
    int status;
    std::string_view text;
  };
  const Case cases[] = {
      {"/livez", fine, 200, "ok"},
      {"/livez?verbose", fine, 200, "[+]ping ok\n[+]etcd ok\nlivez check passed\n"},
      {"/readyz", broken, 500, "[+]ping ok\n[-]etcd failed: reason withheld\nreadyz check failed\n"},
      {"/readyz?exclude=etcd", broken, 200, "ok"},
      {"/readyz?verbose&exclude=etcd&exclude=y&exclude=x", broken, 200,
       "[+]ping ok\n[+]etcd excluded: ok\nwarn: some health checks cannot be excluded: no matches for \"x\",\"y\"\nreadyz "
       "check "
       "passed\n"},
      {"/livez/ping", broken, 200, "ok"},
      {"/livez/etcd", broken, 500, "internal server error: read only\n"},
      {"/livez/other", fine, 404, ""},
  };
  for (const Case& c : cases) {
    CAPTURE(c.target);
    HealthRecord record;
    const HealthAnswer answer = ask(c.target, c.checks, record);
    CHECK(answer.status == c.status);
    CHECK(answer.text == c.text);
  }
}

TEST_CASE("health: what is asked for together is counted") {
  const HealthCheck fine[] = {{"ping", ""}, {"etcd", ""}};
  const HealthCheck broken[] = {{"ping", ""}, {"etcd", "read only"}};
  HealthRecord record;
  CHECK(record.text(7).find("kubernetes_healthcheck") == std::string::npos);
  for (std::string_view target : {"/livez", "/livez?exclude=ping", "/livez/ping"}) ask(std::string(target), fine, record);
  ask("/livez", broken, record);
  const std::string text = record.text(1700000000.25);
  for (std::string_view line : {
           "kubernetes_healthcheck{name=\"etcd\",type=\"livez\"} 0\n",
           "kubernetes_healthcheck{name=\"ping\",type=\"livez\"} 1\n",
           "kubernetes_healthchecks_total{name=\"etcd\",status=\"error\",type=\"livez\"} 1\n",
           "kubernetes_healthchecks_total{name=\"etcd\",status=\"success\",type=\"livez\"} 2\n",
           "kubernetes_healthchecks_total{name=\"ping\",status=\"success\",type=\"livez\"} 2\n",
           "process_start_time_seconds 1700000000.250\n",
       }) {
    CAPTURE(line);
    CHECK(text.find(line) != std::string::npos);
  }
  CHECK(text.find("name=\"ping\",status=\"error\"") == std::string::npos);
}

TEST_CASE("health: a check passes once what it stands for is done") {
  struct Row {
    std::string_view check;
    StartPhase before, done;
  };
  const Row rows[] = {
      {"poststarthook/start-service-ip-repair-controllers", StartPhase::kOpen, StartPhase::kRepaired},
      {"poststarthook/rbac/bootstrap-roles", StartPhase::kRepaired, StartPhase::kSeeded},
      {"poststarthook/bootstrap-controller", StartPhase::kSeeded, StartPhase::kControlled},
      {"informer-sync", StartPhase::kSeeded, StartPhase::kControlled},
      {"platform", StartPhase::kControlled, StartPhase::kReady},
  };
  for (const Row& row : rows) {
    CAPTURE(row.check);
    CHECK(problem_of(row.check, health_checks("readyz", row.before, "")) == "not finished");
    CHECK(problem_of(row.check, health_checks("readyz", row.done, "")) == "");
  }
  CHECK(problem_of("shutdown", health_checks("readyz", StartPhase::kReady, "")) == "");
  CHECK(problem_of("shutdown", health_checks("readyz", StartPhase::kEnding, "")) == "process is shutting down");
  CHECK(problem_of("etcd", health_checks("livez", StartPhase::kReady, "disk full")) == "disk full");
  CHECK(problem_of("etcd", health_checks("livez", StartPhase::kOpen, "")) == "");
  // Who lives need not be ready.
  for (std::string_view endpoint : {"livez", "healthz"}) {
    for (std::string_view name : {"informer-sync", "platform", "shutdown"}) {
      CHECK(problem_of(name, health_checks(endpoint, StartPhase::kReady, "")) == "no such check");
    }
  }
}
