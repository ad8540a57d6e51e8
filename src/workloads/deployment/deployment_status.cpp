#include "workloads/deployment/deployment_status.h"

#include "base/time_text.h"

namespace plinth::workloads {
namespace {

using client::Object;

constexpr std::string_view kTimedOut = "ProgressDeadlineExceeded";
constexpr std::string_view kComplete = "NewReplicaSetAvailable";

// 'ReplicaSet "x"', or the Deployment while it has none.
std::string subject(const Object& deployment, const ReplicaSets& sets) {
  return sets.current ? "ReplicaSet \"" + sets.current->name + "\"" : "Deployment \"" + deployment.name + "\"";
}

bool has_moved(const DeploymentCounts& before, const DeploymentCounts& now) {
  return now.updated > before.updated || now.replicas - now.updated < before.replicas - before.updated ||
         now.ready > before.ready || now.available > before.available;
}

bool is_overdue(const DeploymentSpec& spec, const Condition* progress, std::int64_t now_ns) {
  if (progress == nullptr || progress->reason == kComplete) return false;
  if (progress->reason == kTimedOut) return true;
  const auto updated = parse_rfc3339(progress->last_update);
  return updated && updated->wall_ns() + *spec.deadline_s * 1'000'000'000 < now_ns;
}

// The failure of the current ReplicaSet counts before those of old ones.
std::optional<Condition> replica_failure(ReplicaSets& sets) {
  auto all = sets.all();
  if (sets.current) std::swap(all.front(), all.back());
  for (const ReplicaSet* set : all) {
    for (const Condition& c : read_conditions(set->object["status"]["conditions"])) {
      if (c.type != "ReplicaFailure") continue;
      return Condition{c.type, c.status, c.reason, c.message, c.last_transition, c.last_transition, ""};
    }
  }
  return std::nullopt;
}

}  // namespace

void DeploymentReport::set_progress(std::string_view status, std::string_view reason, std::string message,
                                    const std::string& now) {
  set_condition(conditions, {"Progressing", std::string(status), std::string(reason), std::move(message), now, now, ""});
}

void DeploymentReport::count(const DeploymentSpec& spec, ReplicaSets& sets, const std::string& now) {
  counts = DeploymentCounts();
  std::int64_t wanted = 0;
  bool all_say = true;
  std::int64_t terminating = 0;
  for (const ReplicaSet* set : sets.all()) {
    wanted += set->replicas;
    counts.replicas += set->actual;
    counts.ready += set->ready;
    counts.available += set->available;
    all_say = all_say && (set->is_new() || set->terminating);
    terminating += set->terminating.value_or(0);
  }
  counts.updated = sets.current ? sets.current->actual : 0;
  counts.unavailable = std::max<std::int64_t>(0, wanted - counts.available);
  if (all_say) counts.terminating = terminating;
  const bool enough = counts.available >= spec.replicas - spec.max_unavailable;
  set_condition(
      conditions,
      {"Available", enough ? "True" : "False", enough ? "MinimumReplicasAvailable" : "MinimumReplicasUnavailable",
       enough ? "Deployment has minimum availability." : "Deployment does not have minimum availability.", now, now, ""});
}

DeploymentReport read_report(const Object& deployment) {
  const Value status = deployment["status"];
  DeploymentReport out;
  out.before.replicas = status["replicas"].as_int();
  out.before.updated = status["updatedReplicas"].as_int();
  out.before.ready = status["readyReplicas"].as_int();
  out.before.available = status["availableReplicas"].as_int();
  out.conditions = read_conditions(status["conditions"]);
  if (status["collisionCount"].is_number()) out.collisions = status["collisionCount"].as_int();
  return out;
}

void report_pause(const DeploymentSpec& spec, const std::string& now, DeploymentReport& report) {
  if (!spec.deadline_s) return;
  const Condition* progress = find_condition(report.conditions, "Progressing");
  if (progress != nullptr && progress->reason == kTimedOut) return;
  const bool said = progress != nullptr && progress->reason == "DeploymentPaused";
  if (spec.paused && !said) report.set_progress("Unknown", "DeploymentPaused", "Deployment is paused", now);
  if (!spec.paused && said) report.set_progress("Unknown", "DeploymentResumed", "Deployment is resumed", now);
}

bool is_complete(const Object& deployment, const DeploymentSpec& spec, const DeploymentCounts& counts,
                 std::int64_t observed_generation) {
  return counts.updated == spec.replicas && counts.replicas == spec.replicas && counts.available == spec.replicas &&
         observed_generation >= deployment.metadata()["generation"].as_int();
}

void report_progress(const Object& deployment, const DeploymentSpec& spec, ReplicaSets& sets, std::int64_t now_ns,
                     DeploymentReport& report) {
  const std::string now = format_rfc3339(now_ns);
  const Condition* progress = find_condition(report.conditions, "Progressing");
  const bool was_complete =
      report.counts.replicas == report.counts.updated && progress != nullptr && progress->reason == kComplete;
  if (!spec.deadline_s) {
    remove_condition(report.conditions, "Progressing");
  } else if (!was_complete) {
    if (is_complete(deployment, spec, report.counts, deployment.metadata()["generation"].as_int())) {
      report.set_progress("True", kComplete, subject(deployment, sets) + " has successfully progressed.", now);
    } else if (has_moved(report.before, report.counts)) {
      Condition next{"Progressing", "True", "ReplicaSetUpdated", subject(deployment, sets) + " is progressing.", now, now, ""};
      if (progress != nullptr && progress->status == "True") next.last_transition = progress->last_transition;
      // Told anew even with the same reason: the time of the last progress is what the deadline counts from.
      remove_condition(report.conditions, "Progressing");
      set_condition(report.conditions, std::move(next));
    } else if (is_overdue(spec, progress, now_ns)) {
      report.set_progress("False", kTimedOut, subject(deployment, sets) + " has timed out progressing.", now);
    }
  }
  if (auto failure = replica_failure(sets))
    set_condition(report.conditions, std::move(*failure));
  else
    remove_condition(report.conditions, "ReplicaFailure");
}

std::optional<std::int64_t> deadline_in(const DeploymentSpec& spec, const DeploymentReport& report, std::int64_t now_ns) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  const Condition* progress = find_condition(report.conditions, "Progressing");
  if (!spec.deadline_s || spec.paused || progress == nullptr) return std::nullopt;
  if (progress->reason == kTimedOut || progress->reason == kComplete) return std::nullopt;
  const auto updated = parse_rfc3339(progress->last_update);
  if (!updated) return std::nullopt;
  return std::max(kSecond, updated->wall_ns() + (*spec.deadline_s + 1) * kSecond - now_ns);
}

void plan_report(const Object& deployment, const DeploymentReport& report, client::Plan& plan) {
  Draft next(deployment.document);
  Value status = next.object(10);
  const DeploymentCounts& counts = report.counts;
  set_count(next, status, "observedGeneration", deployment.metadata()["generation"].as_int());
  set_count(next, status, "replicas", counts.replicas);
  set_count(next, status, "updatedReplicas", counts.updated);
  set_count(next, status, "readyReplicas", counts.ready);
  set_count(next, status, "availableReplicas", counts.available);
  set_count(next, status, "unavailableReplicas", counts.unavailable);
  if (counts.terminating) next.set(status, "terminatingReplicas", Value::of(*counts.terminating));
  if (!report.conditions.empty()) next.set(status, "conditions", conditions_value(next, report.conditions));
  if (report.collisions) next.set(status, "collisionCount", Value::of(*report.collisions));
  const std::string_view revision = deployment.metadata()["annotations"][kRevision].as_string();
  const bool other_revision = !report.revision.empty() && report.revision != revision;
  if (!other_revision && equal(status, deployment["status"])) return;
  if (other_revision) next.member_path(next.root(), {"metadata", "annotations", kRevision}) = next.text(report.revision);
  next.set(next.root(), "status", status);
  plan.requests.push_back(client::update_request(deployment, "status", next.root(), kDeploymentController));
}

}  // namespace plinth::workloads
