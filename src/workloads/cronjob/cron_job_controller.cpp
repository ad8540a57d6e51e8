#include "workloads/cronjob/cron_job_controller.h"

#include <algorithm>

#include <fmt/core.h>

#include "base/time_text.h"
#include "client/events.h"
#include "workloads/common/conditions.h"
#include "workloads/common/keys.h"
#include "workloads/common/owner.h"
#include "workloads/common/pods.h"
#include "workloads/cronjob/missed_times.h"
#include "workloads/job/job_pods.h"

namespace plinth::workloads {
namespace {

using client::Change;
using client::Object;
using client::Plan;
using client::Resource;
using client::StepContext;
using client::View;

const Resource kCronJobs{"batch", "v1", "cronjobs", "CronJob", true};
constexpr std::string_view kController = "cronjob-controller";
constexpr std::string_view kScheduledAt = "batch.kubernetes.io/cronjob-scheduled-timestamp";
constexpr std::int64_t kSecond = 1'000'000'000;
// Looked at a moment after the time has come, so that clocks that differ a little do not matter.
constexpr std::int64_t kPaddingNs = 100'000'000;

std::optional<std::int64_t> seconds_of(const Value& text) {
  const auto time = parse_rfc3339(text.as_string());
  if (!time) return std::nullopt;
  return time->seconds;
}

// "2026-03-10T02:00:00-05:00"
std::string in_zone(std::int64_t seconds, const TimeZone& zone) {
  const std::int32_t offset = zone.offset_at(seconds);
  std::string text = format_rfc3339((seconds + offset) * kSecond);
  if (offset == 0) return text;
  text.pop_back();
  const std::int32_t size = std::abs(offset);
  return text + fmt::format("{}{:02}:{:02}", offset < 0 ? '-' : '+', size / 3600, size / 60 % 60);
}

// "Mon, 02 Jan 2026 15:04:05 UTC"
std::string rfc1123(std::int64_t seconds) {
  static constexpr const char* kDayNames[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* kMonthNames[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const LocalTime t = TimeZone::utc().local(seconds);
  return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} UTC", kDayNames[t.weekday], t.day, kMonthNames[t.month - 1], t.year,
                     t.hour, t.minute, t.second);
}

class CronJobStep {
 public:
  CronJobStep(const View& view, const Object& cron, const StepContext& context, Plan& plan)
      : view_(view),
        cron_(cron),
        context_(context),
        plan_(plan),
        now_(context.wall_ns / kSecond),
        events_(view, kController, context.wall_ns, plan) {
    status_.root() = status_.clone(cron["status"]);
    if (!status_.root().is_object()) status_.root() = status_.object();
  }

  void run() {
    read_jobs();
    clean_up();
    follow_jobs();
    if (!cron_.deleting()) schedule();
    write_status();
  }

 private:
  void read_jobs() {
    for (Object& job : view_.owned_by(cron_.uid)) {
      if (job.resource.is("batch", "jobs") && is_controlled_by(job, cron_.uid)) jobs_.push_back(std::move(job));
    }
  }

  // The oldest finished ones beyond the limits go.
  void clean_up() {
    for (const auto& [type, limit] :
         {std::pair("Complete", "successfulJobsHistoryLimit"), std::pair("Failed", "failedJobsHistoryLimit")}) {
      const Value keep = cron_["spec"][limit];
      if (!keep.is_number()) continue;
      std::vector<const Object*> finished;
      for (const Object& job : jobs_) {
        if (!true_condition(job, type).is_null() && !job.deleting()) finished.push_back(&job);
      }
      std::sort(finished.begin(), finished.end(), [](const Object* a, const Object* b) {
        const std::string_view at = (*a)["status"]["startTime"].as_string(), bt = (*b)["status"]["startTime"].as_string();
        if (at.empty() != bt.empty()) return bt.empty();
        return at != bt ? at < bt : a->name < b->name;
      });
      for (std::int64_t i = 0; i < std::ssize(finished) - keep.as_int(); ++i) remove(*finished[static_cast<std::size_t>(i)]);
    }
  }

  void remove(const Object& job) {
    drop_active(job.uid);
    plan_.requests.push_back(client::delete_request(job, "Background", /*same_revision=*/false));
    events_.normal(cron_, "SuccessfulDelete", "Deleted job " + job.name);
  }

  bool is_active(std::string_view uid) const {
    const auto items = status_.root()["active"].items();
    return std::any_of(items.begin(), items.end(), [&](const Value& v) { return v["uid"].as_string() == uid; });
  }

  void drop_active(const std::string& uid) {
    Value kept = status_.array();
    for (const Value& reference : status_.root()["active"].items()) {
      if (reference["uid"].as_string() != uid) status_.push(kept, status_.clone(reference));
    }
    set_active(kept);
  }

  void set_active(const Value& list) {
    if (list.size() > 0)
      status_.set(status_.root(), "active", list);
    else
      status_.remove(status_.root(), "active");
  }

  void add_active(std::string_view name, std::string_view uid) {
    Value list = status_.array();
    for (const Value& reference : status_.root()["active"].items()) status_.push(list, status_.clone(reference));
    Value made = status_.object(5);
    status_.set(made, "kind", "Job");
    status_.set(made, "namespace", cron_.name_space);
    status_.set(made, "name", name);
    status_.set(made, "uid", uid);
    status_.set(made, "apiVersion", "batch/v1");
    status_.push(list, made);
    set_active(list);
  }

  // The list of active jobs follows what became of them.
  void follow_jobs() {
    for (const Object& job : jobs_) {
      const bool found = is_active(job.uid), finished = is_job_finished(job);
      if (!finished) {
        if (!found && !job.deleting()) unlisted_.push_back(&job);
        continue;
      }
      const bool complete = !true_condition(job, "Complete").is_null();
      if (found) {
        drop_active(job.uid);
        events_.normal(cron_, "SawCompletedJob",
                       "Saw completed job: " + job.name + ", condition: " + (complete ? "Complete" : "Failed"));
      }
      const std::string_view ended = job["status"]["completionTime"].as_string();
      if (complete && ended > status_.root()["lastSuccessfulTime"].as_string())
        status_.set(status_.root(), "lastSuccessfulTime", ended);
    }
    const std::vector<Value> listed(status_.root()["active"].items().begin(), status_.root()["active"].items().end());
    for (const Value& reference : listed) {
      const std::string uid(reference["uid"].as_string()), name(reference["name"].as_string());
      if (std::any_of(jobs_.begin(), jobs_.end(), [&](const Object& job) { return job.uid == uid; })) continue;
      // The view may be behind; without its entry the job would run beside the next one.
      plan_.requests.push_back(client::check_absent(jobs_resource(), cron_.name_space, name, uid));
      events_.normal(cron_, "MissingJob", "Active job went missing: " + name);
      drop_active(uid);
    }
  }

  std::int64_t last_time() const {
    if (const auto last = seconds_of(status_.root()["lastScheduleTime"])) return *last;
    return creation_ns(cron_) / kSecond;
  }

  void schedule() {
    const Value spec = cron_["spec"];
    TimeZone zone = TimeZone::utc();
    if (const Value name = spec["timeZone"]; name.is_string()) {
      const auto named = TimeZone::find(name.as_string());
      if (!named) {
        const std::string quoted = "\"" + std::string(name.as_string()) + "\"";
        return events_.warning_once(cron_, "UnknownTimeZone", "invalid timeZone: " + quoted + ": unknown time zone");
      }
      zone = *named;
    }
    tell_unlisted();
    if (spec["suspend"].as_bool()) return;
    const std::string text(spec["schedule"].as_string());
    const auto parsed = CronSchedule::parse(text, zone);
    if (!parsed.ok()) {
      return events_.warning_once(cron_, "UnparseableSchedule",
                                  "unparseable schedule: \"" + text + "\" : " + parsed.error().message());
    }
    const Value deadline = spec["startingDeadlineSeconds"];
    const std::int64_t since = deadline.is_number() ? std::max(last_time(), now_ - deadline.as_int()) : last_time();
    const MissedTimes missed = missed_times(*parsed, since, now_);
    if (missed.impossible) {
      return events_.warning_once(
          cron_, "InvalidSchedule",
          "invalid schedule: " + text + " : time difference between two schedules is less than 1 second");
    }
    if (missed.latest) start(*missed.latest, missed, zone);
    if (const auto next = parsed->next(now_)) plan_.revisit_ns = *next * kSecond - context_.wall_ns + kPaddingNs;
  }

  // Jobs of ours that no list has: made by somebody else, or by a plan that ended before it wrote the status (start() adopts
  // that).
  void tell_unlisted() {
    for (const Object* job : unlisted_) {
      if (job->metadata()["annotations"].find(kScheduledAt) != nullptr) continue;
      events_.warning_once(cron_, "UnexpectedJob", "Saw a job that the controller did not create or forgot: " + job->name);
    }
  }

  void start(std::int64_t at, const MissedTimes& missed, const TimeZone& zone) {
    if (missed.many) {
      events_.warning_once(cron_, "TooManyMissedTimes",
                           "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew");
    }
    const Value deadline = cron_["spec"]["startingDeadlineSeconds"];
    if (deadline.is_number() && at + deadline.as_int() < now_) {
      return events_.warning_once(cron_, "MissSchedule", "Missed scheduled time to start a job: " + rfc1123(at));
    }
    if (seconds_of(status_.root()["lastScheduleTime"]) == at) return;
    const std::string name = cron_.name + "-" + std::to_string(at / 60);
    const std::string_view policy = cron_["spec"]["concurrencyPolicy"].as_string();
    const auto there = view_.get(jobs_resource(), cron_.name_space, name);
    if (!there && policy == "Forbid" && status_.root()["active"].size() > 0) {
      return events_.normal_once(cron_, "JobAlreadyActive",
                                 "Not starting job because prior execution is running and concurrency policy is Forbid");
    }
    if (there) {
      // Made by a plan that ended early, or not ours.
      if (!is_controlled_by(*there, cron_.uid) || is_active(there->uid)) return;
      if (!is_job_finished(*there)) add_active(name, there->uid);
      return status_.set(status_.root(), "lastScheduleTime", format_rfc3339(at * kSecond));
    }
    if (namespace_ends(view_, cron_.name_space)) return;
    tell_failure();
    if (policy == "Replace") {
      for (const Object& job : jobs_) {
        if (is_active(job.uid) && !is_job_finished(job)) remove(job);
      }
    }
    create(name, at, zone);
  }

  void create(const std::string& name, std::int64_t at, const TimeZone& zone) {
    const Value job_template = cron_["spec"]["jobTemplate"];
    Draft job;
    job.root() = job.object();
    job.set(job.root(), "apiVersion", "batch/v1");
    job.set(job.root(), "kind", "Job");
    Value metadata = job.object(6);
    job.set(metadata, "name", name);
    job.set(metadata, "namespace", cron_.name_space);
    if (job_template["metadata"]["labels"].size() > 0)
      job.set(metadata, "labels", job.clone(job_template["metadata"]["labels"]));
    Value annotations = job.clone(job_template["metadata"]["annotations"]);
    if (!annotations.is_object()) annotations = job.object();
    job.set(annotations, kScheduledAt, in_zone(at, zone));
    job.set(metadata, "annotations", annotations);
    Value owners = job.array();
    job.push(owners, controller_reference(job, cron_));
    job.set(metadata, "ownerReferences", owners);
    job.set(job.root(), "metadata", metadata);
    job.set(job.root(), "spec", job.clone(job_template["spec"]));
    client::Request request = client::create_request(jobs_resource(), cron_.name_space, job.root(), kController);
    request.answer_path = "metadata.uid";
    plan_.requests.push_back(std::move(request));
    events_.normal(cron_, "SuccessfulCreate", "Created job " + name);
    add_active(name, client::kFromAnswer);
    status_.set(status_.root(), "lastScheduleTime", format_rfc3339(at * kSecond));
  }

  void tell_failure() {
    for (const client::Failure& failure : context_.failures) {
      const auto path = client::parse_object_path(failure.target);
      if (failure.method == "POST" && path && path->plural == "jobs" && failure.reason != Reason::kAlreadyExists)
        events_.warning(cron_, "FailedCreate", "Error creating job: " + failure.message);
    }
  }

  void write_status() {
    Draft next(cron_.document);
    const Value status = next.clone(status_.root());
    const Value before = cron_["status"];
    if (status.size() == 0 && before.size() == 0) return;
    plan_status(cron_, std::move(next), status, kController, plan_);
  }

  const View& view_;
  const Object& cron_;
  const StepContext& context_;
  Plan& plan_;
  const std::int64_t now_;  // seconds
  client::EventRecorder events_;
  Draft status_;
  std::vector<Object> jobs_;
  std::vector<const Object*> unlisted_;
};

// Keys are "ns/name".
class CronJobController final : public client::Controller {
 public:
  std::string_view name() const override { return kController; }

  void keys_of(const Change& change, const View&, std::vector<std::string>& keys) const override {
    const Object& object = change.object;
    if (object.resource.is("batch", "cronjobs")) {
      if (!change.deleted) keys.push_back(client::make_key(object.name_space, object.name));
    } else if (object.resource.is("batch", "jobs")) {
      if (auto key = controller_key(object, "batch", "CronJob")) keys.push_back(std::move(*key));
    }
  }

  void initial_keys(const View& view, std::vector<std::string>& keys) const override { add_all_keys(view, kCronJobs, keys); }

  Plan step(const View& view, const std::string& key, const StepContext& context) const override {
    Plan plan;
    const auto [name_space, name] = client::split_key(key);
    const auto cron = view.get(kCronJobs, name_space, name);
    if (cron) CronJobStep(view, *cron, context, plan).run();
    return plan;
  }
};

}  // namespace

std::unique_ptr<client::Controller> make_cron_job_controller() { return std::make_unique<CronJobController>(); }

}  // namespace plinth::workloads
