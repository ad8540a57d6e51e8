#include "server/paths/health.h"

#include <algorithm>

#include <fmt/core.h>

#include "base/quoted.h"

namespace plinth::server {
namespace {

// A part of the start that has a name of its own, and the phase from which on it is done.
struct StartStep {
  std::string_view name;
  StartPhase done;
};

// kube-apiserver's hooks, in its order; those of aggregation are not there, because nothing is aggregated.
constexpr StartStep kStartSteps[] = {
    {"poststarthook/start-apiserver-admission-initializer", StartPhase::kOpen},
    {"poststarthook/generic-apiserver-start-informers", StartPhase::kOpen},
    {"poststarthook/priority-and-fairness-config-consumer", StartPhase::kOpen},
    {"poststarthook/priority-and-fairness-filter", StartPhase::kOpen},
    {"poststarthook/storage-readiness", StartPhase::kOpen},
    {"poststarthook/start-apiextensions-informers", StartPhase::kOpen},
    {"poststarthook/start-apiextensions-controllers", StartPhase::kOpen},
    {"poststarthook/crd-informer-synced", StartPhase::kOpen},
    {"poststarthook/start-service-ip-repair-controllers", StartPhase::kRepaired},
    {"poststarthook/start-system-namespaces-controller", StartPhase::kSeeded},
    {"poststarthook/start-cluster-authentication-info-controller", StartPhase::kSeeded},
    {"poststarthook/start-legacy-token-tracking-controller", StartPhase::kSeeded},
    {"poststarthook/rbac/bootstrap-roles", StartPhase::kSeeded},
    {"poststarthook/scheduling/bootstrap-system-priority-classes", StartPhase::kSeeded},
    {"poststarthook/priority-and-fairness-config-producer", StartPhase::kSeeded},
    {"poststarthook/bootstrap-controller", StartPhase::kControlled},
    {"poststarthook/start-kubernetes-service-cidr-controller", StartPhase::kControlled},
};

HealthCheck step(std::string_view name, StartPhase done, StartPhase phase) {
  return {name, phase >= done ? "" : "not finished"};
}

HealthAnswer one(std::string_view name, std::span<const HealthCheck> checks) {
  for (const HealthCheck& check : checks) {
    if (check.name != name) continue;
    if (check.problem.empty()) return {200, "ok"};
    return {500, "internal server error: " + check.problem + "\n"};
  }
  return {404, ""};
}

std::string unknown_exclusions(std::vector<std::string_view> names) {
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  std::string text;
  for (std::string_view name : names) text += (text.empty() ? "" : ",") + quoted(name);
  return text.empty() ? text : "warn: some health checks cannot be excluded: no matches for " + text + "\n";
}

}  // namespace

std::vector<HealthCheck> health_checks(std::string_view endpoint, StartPhase phase, std::string_view store_problem) {
  // A log that is blocked blocks the loop that would answer here.
  std::vector<HealthCheck> checks = {{"ping", ""}, {"log", ""}, {"etcd", std::string(store_problem)}};
  const bool readiness = endpoint == "readyz";
  if (readiness) {
    checks.push_back({"etcd-readiness", std::string(store_problem)});
    checks.push_back(step("informer-sync", StartPhase::kControlled, phase));
  }
  for (const StartStep& s : kStartSteps) checks.push_back(step(s.name, s.done, phase));
  if (readiness) {
    checks.push_back(step("platform", StartPhase::kReady, phase));
    checks.push_back({"shutdown", phase == StartPhase::kEnding ? "process is shutting down" : ""});
  }
  return checks;
}

HealthAnswer health_answer(std::string_view path, const Query& query, std::span<const HealthCheck> checks,
                           HealthRecord& record) {
  const std::size_t slash = path.find('/', 1);
  if (slash != std::string_view::npos) return one(path.substr(slash + 1), checks);
  const std::string_view endpoint = path.substr(1);
  const std::vector<std::string_view> excluded = query.all("exclude");
  std::vector<std::string_view> unknown = excluded;
  bool failed = false;
  std::string text;
  for (const HealthCheck& check : checks) {
    if (std::find(excluded.begin(), excluded.end(), check.name) != excluded.end()) {
      std::erase(unknown, check.name);
      text += fmt::format("[+]{} excluded: ok\n", check.name);
      continue;
    }
    const bool passed = check.problem.empty();
    record.note(endpoint, check.name, passed);
    failed = failed || !passed;
    text += fmt::format("[{}]{} {}\n", passed ? '+' : '-', check.name, passed ? "ok" : "failed: reason withheld");
  }
  text += unknown_exclusions(std::move(unknown));
  if (failed) return {500, text + fmt::format("{} check failed\n", endpoint)};
  if (!query.has("verbose")) return {200, "ok"};
  return {200, text + fmt::format("{} check passed\n", endpoint)};
}

void HealthRecord::note(std::string_view endpoint, std::string_view check, bool passed) {
  std::lock_guard lock(mutex_);
  Outcomes& outcomes = outcomes_[{std::string(check), std::string(endpoint)}];
  outcomes.passed = passed;
  ++(passed ? outcomes.successes : outcomes.errors);
}

std::string HealthRecord::text(double started_s) const {
  std::lock_guard lock(mutex_);
  std::string last, total;
  for (const auto& [key, outcomes] : outcomes_) {
    const auto& [check, endpoint] = key;
    last += fmt::format("kubernetes_healthcheck{{name=\"{}\",type=\"{}\"}} {}\n", check, endpoint, outcomes.passed ? 1 : 0);
    for (const auto& [status, count] : {std::pair("error", outcomes.errors), std::pair("success", outcomes.successes)}) {
      if (count == 0) continue;
      total += fmt::format("kubernetes_healthchecks_total{{name=\"{}\",status=\"{}\",type=\"{}\"}} {}\n", check, status,
                           endpoint, count);
    }
  }
  std::string out;
  if (!last.empty()) {
    out += "# HELP kubernetes_healthcheck [STABLE] Whether a check of the server's health passed when it was last asked for.\n";
    out += "# TYPE kubernetes_healthcheck gauge\n" + last;
    out += "# HELP kubernetes_healthchecks_total [STABLE] How often a check of the server's health passed and failed.\n";
    out += "# TYPE kubernetes_healthchecks_total counter\n" + total;
  }
  out += "# HELP process_start_time_seconds [ALPHA] Start of the process, in seconds since the epoch.\n";
  out += fmt::format("# TYPE process_start_time_seconds gauge\nprocess_start_time_seconds {:.3f}\n", started_s);
  return out;
}

}  // namespace plinth::server
