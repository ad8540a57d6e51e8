#include "workloads/job/job_step.h"

#include <algorithm>

#include "base/time_text.h"
#include "workloads/common/claim.h"
#include "workloads/common/hash.h"
#include "workloads/common/owner.h"
#include "workloads/common/pods.h"
#include "workloads/job/job_policies.h"
#include "workloads/replicaset/deletion_order.h"

namespace plinth::workloads {
namespace {

using client::Object;

constexpr std::size_t kUncountedMax = 500;
constexpr std::int64_t kPodsPerStepMax = 500;
constexpr std::int64_t kSecond = 1'000'000'000;

std::optional<std::int64_t> optional_count(const Value& value) {
  if (!value.is_number()) return std::nullopt;
  return value.as_int();
}

void append(std::vector<client::Request>& to, std::vector<client::Request>& from) {
  for (client::Request& request : from) to.push_back(std::move(request));
}

}  // namespace

JobStep::JobStep(const client::View& view, const Object& job, const client::StepContext& context, client::Plan& plan)
    : view_(view),
      job_(job),
      context_(context),
      plan_(plan),
      now_(format_rfc3339(context.wall_ns)),
      indexed_(is_indexed(job)),
      per_index_(job["spec"]["backoffLimitPerIndex"].is_number()),
      only_failed_(job["spec"]["podReplacementPolicy"].as_string() == "Failed"),
      parallelism_(job["spec"]["parallelism"].is_number() ? job["spec"]["parallelism"].as_int() : 1),
      completions_(optional_count(job["spec"]["completions"])),
      status_(JobStatus::read(job)),
      events_(view, kJobController, context.wall_ns, plan),
      pod_events_(view, kJobController, context.wall_ns, pod_plan_) {}

// The status first, so that nothing that happened is forgotten; then the pods that are counted are let go; then pods are made.
void JobStep::run() {
  read_pods();
  if (status_.start_time.empty() && !is_suspended(job_)) status_.start_time = now_;
  read_backoff();
  if (indexed_) read_indexes();
  end_ = known_end();
  if (!end_) end_ = failure();
  if (!end_ && indexed_) {
    if (auto message = success_message(job_, succeeded_indexes_, completions_.value_or(0)))
      end_ = End{true, "SuccessPolicy", std::move(*message)};
  }
  active_after_ = std::ssize(active_);
  if (end_) {
    plan_deletions(active_);
  } else if (!job_.deleting()) {
    manage();
    if (is_complete())
      end_ = End{true, "CompletionsReached", "Reached expected number of succeeded pods"};
    else
      tell_suspension();
  }
  track();
  finish();
  status_.plan(job_, plan_);
  if (suspended_told_) events_.normal(job_, "Suspended", "Job suspended");
  if (resumed_told_) events_.normal(job_, "Resumed", "Job resumed");
  append(plan_.requests, stop_tracking_);
  append(plan_.requests, pod_plan_.requests);
}

void JobStep::read_pods() {
  auto selector = api::LabelSelector::from_object(job_["spec"]["selector"]);
  ClaimOptions options;
  options.manager = kJobController;
  options.finalizer = kJobTracking;
  pods_ = claim(view_, job_, selector.ok() ? *selector : api::LabelSelector::nothing(), pods_resource(), options, plan_);
  succeeded_ = status_.succeeded + std::ssize(status_.uncounted_succeeded);
  failed_ = status_.failed + std::ssize(status_.uncounted_failed);
  for (const Object& pod : pods_) {
    if (is_pod_active(pod)) active_.push_back(pod);
    terminating_ += is_pod_terminating(pod) ? 1 : 0;
    if (!is_valid(pod) || status_.is_uncounted(pod.uid)) continue;
    if (pod_phase(pod) == "Succeeded")
      ++succeeded_;
    else if (is_pod_failed(job_, pod) && judge_failure(job_, pod).counts)
      ++failed_;
  }
  status_.active = std::ssize(active_);
  status_.terminating = terminating_;
  for (const Object& pod : active_) status_.ready += is_pod_ready(pod) ? 1 : 0;
}

// Still to be counted, and with an index that counts.
bool JobStep::is_valid(const Object& pod) const {
  if (!pod.has_finalizer(kJobTracking)) return false;
  const auto index = completion_index(pod);
  return !indexed_ || (index && *index < completions_.value_or(0));
}

void JobStep::read_indexes() {
  const std::int64_t completions = completions_.value_or(0);
  counted_indexes_ = succeeded_indexes_ = IndexSet::parse(status_.completed_indexes, completions);
  if (status_.failed_indexes) failed_indexes_ = IndexSet::parse(*status_.failed_indexes, completions);
  for (const Object& pod : pods_) {
    if (is_valid(pod) && pod_phase(pod) == "Succeeded") succeeded_indexes_.add(*completion_index(pod));
  }
  succeeded_ = succeeded_indexes_.count();
  if (!per_index_) return;
  const std::int64_t limit = job_["spec"]["backoffLimitPerIndex"].as_int();
  IndexSet active;
  for (const Object& pod : active_) {
    if (const auto index = completion_index(pod)) active.add(*index);
  }
  for (const Object& pod : pods_) {
    if (!is_valid(pod) || !is_pod_failed(job_, pod)) continue;
    const FailureVerdict verdict = judge_failure(job_, pod);
    if (verdict.fails_index || (verdict.counts && index_failures(pod) >= limit)) failed_indexes_.add(*completion_index(pod));
  }
  for (const Object& pod : pods_) {
    if (!is_valid(pod) || !is_pod_failed(job_, pod)) continue;
    const std::int64_t index = *completion_index(pod);
    if (succeeded_indexes_.has(index) || failed_indexes_.has(index) || active.has(index)) continue;
    const Object*& last = awaiting_[index];
    auto tries = [](const Object& p) { return std::pair(index_failures(p) + ignored_index_failures(p), finished_ns(p)); };
    if (last == nullptr || tries(pod) >= tries(*last)) last = &pod;
  }
}

// From the pods that are there: what was counted already counts too, as long as the pod stays.
void JobStep::read_backoff() {
  std::int64_t last_success = INT64_MIN;
  for (const Object& pod : pods_) {
    if (pod_phase(pod) == "Succeeded") last_success = std::max(last_success, finished_ns(pod));
  }
  for (const Object& pod : pods_) {
    if (!is_pod_failed(job_, pod)) continue;
    const std::int64_t at = finished_ns(pod);
    if (at <= last_success) continue;
    ++failures_;
    last_failure_ns_ = std::max(last_failure_ns_, at);
  }
}

// What an earlier step has decided.
std::optional<JobStep::End> JobStep::known_end() const {
  for (const std::string_view type : {"SuccessCriteriaMet", "FailureTarget"}) {
    const Value condition = true_condition(job_, type);
    if (condition.is_null()) continue;
    return End{type == "SuccessCriteriaMet", std::string(condition["reason"].as_string()),
               std::string(condition["message"].as_string())};
  }
  return std::nullopt;
}

std::optional<JobStep::End> JobStep::failure() const {
  for (const Object& pod : pods_) {
    if (!is_pod_failed(job_, pod)) continue;
    if (auto why = judge_failure(job_, pod).fails_job) return End{false, "PodFailurePolicy", std::move(*why)};
  }
  const auto limit = optional_count(job_["spec"]["backoffLimit"]);
  if ((limit && failed_ > *limit) || restarts_too_often())
    return End{false, "BackoffLimitExceeded", "Job has reached the specified backoff limit"};
  if (over_deadline()) return End{false, "DeadlineExceeded", "Job was active longer than specified deadline"};
  if (const auto deadline = optional_count(job_["spec"]["activeDeadlineSeconds"]); deadline && !is_suspended(job_)) {
    const auto start = parse_rfc3339(status_.start_time);
    if (start) earlier(plan_.revisit_ns, start->wall_ns() + *deadline * kSecond - context_.wall_ns);
  }
  return per_index_ ? index_failure() : std::nullopt;
}

std::optional<JobStep::End> JobStep::index_failure() const {
  const auto most = optional_count(job_["spec"]["maxFailedIndexes"]);
  if (most && failed_indexes_.count() > *most)
    return End{false, "MaxFailedIndexesExceeded", "Job has exceeded the specified maximal number of failed indexes"};
  if (!failed_indexes_.empty() && failed_indexes_.count() + succeeded_indexes_.count() >= completions_.value_or(0))
    return End{false, "FailedIndexes", "Job has failed indexes"};
  return std::nullopt;
}

bool JobStep::over_deadline() const {
  const auto deadline = optional_count(job_["spec"]["activeDeadlineSeconds"]);
  const auto start = parse_rfc3339(status_.start_time);
  return deadline && start && !is_suspended(job_) && context_.wall_ns - start->wall_ns() >= *deadline * kSecond;
}

// Where containers are restarted in place, restarts are the tries.
bool JobStep::restarts_too_often() const {
  if (job_["spec"]["template"]["spec"]["restartPolicy"].as_string() != "OnFailure") return false;
  std::int64_t restarts = 0;
  for (const Object& pod : pods_) {
    if (pod_phase(pod) != "Running" && pod_phase(pod) != "Pending") continue;
    for (const std::string_view list : {"initContainerStatuses", "containerStatuses"}) {
      for (const Value& container : pod["status"][list].items()) restarts += container["restartCount"].as_int();
    }
  }
  const std::int64_t limit = job_["spec"]["backoffLimit"].as_int();
  return limit == 0 ? restarts > 0 : restarts >= limit;
}

void JobStep::manage() {
  const std::int64_t active = std::ssize(active_);
  if (is_suspended(job_)) return plan_deletions(active_);
  std::int64_t wanted = parallelism_;
  if (completions_)
    wanted = std::clamp<std::int64_t>(*completions_ - succeeded_, 0, parallelism_);
  else if (succeeded_ > 0)
    wanted = active;
  const auto remove = surplus(std::max<std::int64_t>(0, active - wanted));
  if (!remove.empty()) return plan_deletions(remove);
  const std::int64_t missing = wanted - active - (only_failed_ ? terminating_ : 0);
  if (missing <= 0 || namespace_ends(view_, job_.name_space)) return;
  if (!per_index_) {
    if (const auto left = backoff_left(failures_, last_failure_ns_, context_.wall_ns)) return earlier(plan_.revisit_ns, left);
  }
  plan_creations(std::min(missing, kPodsPerStepMax));
}

// Pods without an index that counts, and all but one of each index; then as many as are too many.
std::vector<Object> JobStep::surplus(std::int64_t at_least) const {
  std::vector<Object> remove, left = active_;
  if (indexed_) {
    left.clear();
    std::map<std::int64_t, std::vector<Object>> by_index;
    for (const Object& pod : active_) {
      const auto index = completion_index(pod);
      if (index && *index < completions_.value_or(0))
        by_index[*index].push_back(pod);
      else
        remove.push_back(pod);
    }
    for (const auto& [index, pods] : by_index) {
      const auto doubles = pods_to_delete(pods, {}, pods.size() - 1, context_.wall_ns);
      for (const Object& pod : pods) {
        const bool doubled =
            std::any_of(doubles.begin(), doubles.end(), [&](const Object& other) { return other.uid == pod.uid; });
        (doubled ? remove : left).push_back(pod);
      }
    }
  }
  const std::int64_t more = at_least - std::ssize(remove);
  if (more > 0) {
    for (Object& pod : pods_to_delete(left, {}, static_cast<std::size_t>(more), context_.wall_ns))
      remove.push_back(std::move(pod));
  }
  if (std::ssize(remove) > kPodsPerStepMax) remove.resize(kPodsPerStepMax);
  return remove;
}

void JobStep::plan_deletions(const std::vector<Object>& pods) {
  for (const Object& pod : pods) {
    pod_plan_.requests.push_back(client::delete_request(pod, "", /*same_revision=*/false));
    pod_events_.normal(job_, "SuccessfulDelete", "Deleted pod: " + pod.name);
  }
  active_after_ -= std::ssize(pods);
}

void JobStep::plan_creations(std::int64_t count) {
  std::vector<std::optional<std::int64_t>> indexes(static_cast<std::size_t>(count));
  if (indexed_) {
    IndexSet taken = succeeded_indexes_;
    taken.add(failed_indexes_);
    for (const Object& pod : pods_) {
      const auto index = completion_index(pod);
      if (index && (is_pod_active(pod) || (only_failed_ && is_pod_terminating(pod)))) taken.add(*index);
    }
    indexes.clear();
    for (const std::int64_t index : taken.first_missing(static_cast<std::size_t>(count), completions_.value_or(0))) {
      const auto last = awaiting_.find(index);
      if (last != awaiting_.end()) {
        const std::int64_t failures = index_failures(*last->second) + ignored_index_failures(*last->second) + 1;
        if (const auto left = backoff_left(failures, finished_ns(*last->second), context_.wall_ns)) {
          earlier(plan_.revisit_ns, left);
          continue;
        }
      }
      indexes.emplace_back(index);
    }
  }
  if (const auto failed = pod_failure(context_)) pod_events_.warning(job_, failed->reason, failed->message);
  std::uint32_t ordinal = 0;
  for (const auto& index : indexes) {
    const std::string prefix = pod_prefix(job_, index);
    std::string name;
    do {
      name = generated_name(prefix, name_suffix(job_.uid, job_.revision, ordinal++));
    } while (view_.get(pods_resource(), job_.name_space, name));
    const auto replaced = index ? awaiting_.find(*index) : awaiting_.end();
    const Object* replaces = replaced != awaiting_.end() ? replaced->second : nullptr;
    pod_plan_.requests.push_back(create_job_pod(job_, index, replaces, name, prefix));
    pod_events_.normal(job_, "SuccessfulCreate", "Created pod: " + name);
  }
  active_after_ += std::ssize(indexes);
}

bool JobStep::is_complete() const {
  if (active_after_ != 0) return false;
  return completions_ ? succeeded_ >= *completions_ : succeeded_ > 0;
}

void JobStep::tell_suspension() {
  if (is_suspended(job_)) {
    suspended_told_ = status_.ensure("Suspended", "True", "JobSuspended", "Job suspended", now_);
    status_.start_time.clear();  // the deadline counts the time without a break
  } else if (status_.ensure("Suspended", "False", "JobResumed", "Job resumed", now_)) {
    resumed_told_ = true;
    status_.start_time = now_;
  }
}

bool JobStep::may_stop_tracking(const Object& pod, bool failed) const {
  if (job_.deleting() || end_ || pod_phase(pod) == "Succeeded") return true;
  if (!failed) return false;
  if (!per_index_) return true;
  const auto index = completion_index(pod);
  const auto last = index ? awaiting_.find(*index) : awaiting_.end();
  return last == awaiting_.end() || last->second->uid != pod.uid;
}

// Notes the ends of pods, and lets those pods go.
void JobStep::track() {
  std::set<std::string> tracked;
  for (const Object& pod : pods_) {
    if (pod.has_finalizer(kJobTracking)) tracked.insert(pod.uid);
  }
  status_.count(tracked);
  std::size_t noted = 0;
  for (const Object& pod : pods_) {
    if (tracked.count(pod.uid) == 0) continue;
    const bool failed = is_pod_failed(job_, pod);
    if (!may_stop_tracking(pod, failed)) continue;
    if (status_.uncounted_succeeded.size() + status_.uncounted_failed.size() + noted >= kUncountedMax) break;
    stop_tracking_.push_back(stop_tracking(pod));
    count_end(pod, failed);
    noted += indexed_ ? 1 : 0;
  }
  if (!indexed_) return;
  status_.succeeded = counted_indexes_.count();
  status_.completed_indexes = counted_indexes_.text();
  if (per_index_) status_.failed_indexes = failed_indexes_.text();
}

void JobStep::count_end(const Object& pod, bool failed) {
  const bool in_range = is_valid(pod);
  if (status_.is_uncounted(pod.uid)) return;
  if (pod_phase(pod) == "Succeeded") {
    if (indexed_ && in_range) counted_indexes_.add(*completion_index(pod));
    if (!indexed_) status_.uncounted_succeeded.push_back(pod.uid);
  } else if (failed || (end_ && !end_->success)) {
    // When a Job has failed, whatever still ran has failed with it.
    if (in_range && judge_failure(job_, pod).counts) status_.uncounted_failed.push_back(pod.uid);
  }
}

void JobStep::finish() {
  if (!end_) return;
  status_.ensure(end_->success ? "SuccessCriteriaMet" : "FailureTarget", "True", end_->reason, end_->message, now_);
  const bool uncounted = !status_.uncounted_succeeded.empty() || !status_.uncounted_failed.empty();
  if (uncounted || !stop_tracking_.empty() || !active_.empty() || terminating_ > 0) return;
  status_.ensure(end_->success ? "Complete" : "Failed", "True", end_->reason, end_->message, now_);
  if (!end_->success) return pod_events_.warning(job_, end_->reason, end_->message);
  status_.completion_time = now_;
  if (completions_ && status_.succeeded > *completions_)
    pod_events_.warning(job_, "TooManySucceededPods", "Too many succeeded pods running after completion count reached");
  pod_events_.normal(job_, "Completed", "Job completed");
}

}  // namespace plinth::workloads
