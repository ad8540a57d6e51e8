#include "workloads/job/job_status.h"

#include <algorithm>

#include "workloads/job/job_pods.h"

namespace plinth::workloads {
namespace {

std::vector<std::string> read_uids(const Value& list) {
  std::vector<std::string> out;
  for (const Value& uid : list.items()) out.emplace_back(uid.as_string());
  return out;
}

bool contains(const std::vector<std::string>& uids, const std::string& uid) {
  return std::find(uids.begin(), uids.end(), uid) != uids.end();
}

// How many went.
std::int64_t drop_untracked(std::vector<std::string>& uids, const std::set<std::string>& tracked) {
  return static_cast<std::int64_t>(std::erase_if(uids, [&](const std::string& uid) { return tracked.count(uid) == 0; }));
}

Value uids_value(Draft& draft, const std::vector<std::string>& uids) {
  Value out = draft.array(uids.size());
  for (const std::string& uid : uids) draft.push(out, draft.text(uid));
  return out;
}

}  // namespace

JobStatus JobStatus::read(const client::Object& job) {
  const Value status = job["status"];
  JobStatus out;
  out.conditions = read_conditions(status["conditions"]);
  out.start_time = status["startTime"].as_string();
  out.completion_time = status["completionTime"].as_string();
  out.succeeded = status["succeeded"].as_int();
  out.failed = status["failed"].as_int();
  out.completed_indexes = status["completedIndexes"].as_string();
  if (status["failedIndexes"].is_string()) out.failed_indexes = status["failedIndexes"].as_string();
  out.uncounted_succeeded = read_uids(status["uncountedTerminatedPods"]["succeeded"]);
  out.uncounted_failed = read_uids(status["uncountedTerminatedPods"]["failed"]);
  return out;
}

bool JobStatus::is_uncounted(const std::string& uid) const {
  return contains(uncounted_succeeded, uid) || contains(uncounted_failed, uid);
}

void JobStatus::count(const std::set<std::string>& tracked) {
  succeeded += drop_untracked(uncounted_succeeded, tracked);
  failed += drop_untracked(uncounted_failed, tracked);
}

bool JobStatus::ensure(std::string_view type, std::string_view status, std::string_view reason, std::string message,
                       const std::string& now) {
  Condition made{std::string(type), std::string(status), std::string(reason), std::move(message), "", now, now};
  for (Condition& c : conditions) {
    if (c.type != type) continue;
    if (c.status == made.status && c.reason == made.reason && c.message == made.message) return false;
    c = std::move(made);
    return true;
  }
  if (status == "False") return false;
  conditions.push_back(std::move(made));
  return true;
}

void JobStatus::plan(const client::Object& job, client::Plan& plan) const {
  Draft next(job.document);
  Value status = next.object(12);
  if (!conditions.empty()) next.set(status, "conditions", conditions_value(next, conditions));
  if (!start_time.empty()) next.set(status, "startTime", start_time);
  if (!completion_time.empty()) next.set(status, "completionTime", completion_time);
  set_count(next, status, "active", active);
  set_count(next, status, "succeeded", succeeded);
  set_count(next, status, "failed", failed);
  next.set(status, "terminating", Value::of(terminating));
  if (!completed_indexes.empty()) next.set(status, "completedIndexes", completed_indexes);
  if (failed_indexes) next.set(status, "failedIndexes", *failed_indexes);
  Value uncounted = next.object(2);
  if (!uncounted_succeeded.empty()) next.set(uncounted, "succeeded", uids_value(next, uncounted_succeeded));
  if (!uncounted_failed.empty()) next.set(uncounted, "failed", uids_value(next, uncounted_failed));
  next.set(status, "uncountedTerminatedPods", uncounted);
  next.set(status, "ready", Value::of(ready));
  plan_status(job, std::move(next), status, kJobController, plan);
}

}  // namespace plinth::workloads
