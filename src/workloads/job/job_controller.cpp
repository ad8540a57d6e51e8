#include "workloads/job/job_controller.h"

#include "base/text.h"
#include "base/time_text.h"
#include "workloads/common/claim.h"
#include "workloads/common/keys.h"
#include "workloads/common/owner.h"
#include "workloads/common/pods.h"
#include "workloads/job/job_step.h"

namespace plinth::workloads {
namespace {

using client::Change;
using client::Object;
using client::Plan;
using client::StepContext;
using client::View;

constexpr std::string_view kPodKey = "pod/";

// Another controller's business.
bool is_managed_elsewhere(const Object& job) {
  const std::string_view manager = job["spec"]["managedBy"].as_string();
  return !manager.empty() && manager != "kubernetes.io/job-controller";
}

// The Job that counts a pod; nothing when it is gone or finished.
std::optional<Object> counting_job(const View& view, const Object& pod) {
  const auto owner = controller_of(pod);
  if (!owner || owner->kind != "Job") return std::nullopt;
  auto job = view.get(jobs_resource(), pod.name_space, owner->name);
  if (!job || job->uid != owner->uid || is_job_finished(*job)) return std::nullopt;
  return job;
}

// Keys are "ns/name" of Jobs, and "ns/pod/name" of pods that have the finalizer and nobody who counts them.
class JobController final : public client::Controller {
 public:
  std::string_view name() const override { return kJobController; }

  void keys_of(const Change& change, const View& view, std::vector<std::string>& keys) const override {
    const Object& object = change.object;
    if (object.resource.is("batch", "jobs")) {
      if (!change.deleted) keys.push_back(client::make_key(object.name_space, object.name));
      if (!change.deleted && !is_job_finished(object)) return;
      for (const Object& pod : view.owned_by(object.uid)) add_pod_key(pod, keys);
    } else if (object.resource.is("", "pods")) {
      if (auto key = controller_key(object, "batch", "Job"))
        keys.push_back(std::move(*key));
      else if (!change.deleted && !object.has_owners())
        keys_of_matching(view, jobs_resource(), object, keys);
      if (!change.deleted && object.has_finalizer(kJobTracking) && !counting_job(view, object)) add_pod_key(object, keys);
    }
  }

  void initial_keys(const View& view, std::vector<std::string>& keys) const override {
    add_all_keys(view, jobs_resource(), keys);
    view.list(pods_resource(), "", [&](const Object& pod) {
      if (pod.has_finalizer(kJobTracking) && !counting_job(view, pod)) add_pod_key(pod, keys);
      return true;
    });
  }

  Plan step(const View& view, const std::string& key, const StepContext& context) const override {
    Plan plan;
    const auto [name_space, name] = client::split_key(key);
    if (name.starts_with(kPodKey)) return let_go(view, name_space, name.substr(kPodKey.size()));
    const auto job = view.get(jobs_resource(), name_space, name);
    if (!job || is_managed_elsewhere(*job) || is_job_finished(*job)) return plan;
    JobStep(view, *job, context, plan).run();
    return plan;
  }

 private:
  static void add_pod_key(const Object& pod, std::vector<std::string>& keys) {
    if (pod.resource.is("", "pods") && pod.has_finalizer(kJobTracking))
      keys.push_back(client::make_key(pod.name_space, std::string(kPodKey) + pod.name));
  }

  // Nobody counts it any more: it must not wait for that.
  static Plan let_go(const View& view, std::string_view name_space, std::string_view name) {
    Plan plan;
    const auto pod = view.get(pods_resource(), name_space, name);
    if (!pod || !pod->has_finalizer(kJobTracking) || counting_job(view, *pod)) return plan;
    const auto owner = controller_of(*pod);
    const auto job = owner ? view.get(jobs_resource(), name_space, owner->name) : std::nullopt;
    if (job && job->uid == owner->uid && is_managed_elsewhere(*job)) return plan;
    // The view may not have seen the Job yet.
    if (owner && !(job && job->uid == owner->uid))
      plan.requests.push_back(client::check_absent(jobs_resource(), name_space, owner->name, owner->uid));
    plan.requests.push_back(stop_tracking(*pod));
    return plan;
  }
};

constexpr std::string_view kTtlController = "ttl-after-finished-controller";

class TtlController final : public client::Controller {
 public:
  std::string_view name() const override { return kTtlController; }

  void keys_of(const Change& change, const View&, std::vector<std::string>& keys) const override {
    const Object& object = change.object;
    if (object.resource.is("batch", "jobs") && !change.deleted && concerns(object))
      keys.push_back(client::make_key(object.name_space, object.name));
  }

  void initial_keys(const View& view, std::vector<std::string>& keys) const override {
    view.list(jobs_resource(), "", [&](const Object& object) {
      if (concerns(object)) keys.push_back(client::make_key(object.name_space, object.name));
      return true;
    });
  }

  Plan step(const View& view, const std::string& key, const StepContext& context) const override {
    Plan plan;
    const auto [name_space, name] = client::split_key(key);
    const auto job = view.get(jobs_resource(), name_space, name);
    if (!job || !concerns(*job)) return plan;
    Value condition = true_condition(*job, "Complete");
    if (condition.is_null()) condition = true_condition(*job, "Failed");
    const auto finished = parse_rfc3339(condition["lastTransitionTime"].as_string());
    if (!finished) return plan;
    const std::int64_t ttl = (*job)["spec"]["ttlSecondsAfterFinished"].as_int();
    const std::int64_t left = finished->wall_ns() + ttl * 1'000'000'000 - context.wall_ns;
    if (left > 0)
      plan.revisit_ns = left;
    else
      plan.requests.push_back(client::delete_request(*job, "Foreground", /*same_revision=*/true));
    return plan;
  }

 private:
  static bool concerns(const Object& job) {
    return job["spec"]["ttlSecondsAfterFinished"].is_number() && is_job_finished(job) && !job.deleting();
  }
};

}  // namespace

std::unique_ptr<client::Controller> make_job_controller() { return std::make_unique<JobController>(); }
std::unique_ptr<client::Controller> make_ttl_after_finished_controller() { return std::make_unique<TtlController>(); }

}  // namespace plinth::workloads
