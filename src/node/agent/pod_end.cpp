// How a worker ends what it began: containers within their grace, the sandbox, volumes, the object.
#include <algorithm>

#include "base/json.h"
#include "node/agent/image_manager.h"
#include "node/agent/pod_worker.h"
#include "node/pod/container_config.h"

namespace plinth::node {

void PodWorker::kill_container(const Action& action) {
  ContainerMemory& memory = memory_.of(action.container);
  const bool first = memory.kill_by_ns == 0;
  memory.kill_by_ns = now() + action.grace_s * kSecond;
  if (first) event(false, "Killing", action.text, action.container);
  const PodContainer* container = pod_->find(action.container);
  const Value hook = container == nullptr ? Value() : container->spec["lifecycle"]["preStop"];
  if (!first || !hook.is_object()) return stop_container(action.container, action.id, action.grace_s);
  const std::int64_t began = now();
  const Duration grace = std::chrono::seconds(action.grace_s);
  // A hook that does not come back takes the whole grace and no more.
  auto over = std::make_shared<bool>(false);
  auto go_on = [this, over, began, grace_s = action.grace_s, name = action.container,
                id = action.id](const std::string& problem) {
    if (std::exchange(*over, true)) return;
    if (!problem.empty()) event(true, "FailedPreStopHook", problem, name);
    stop_container(name, id, std::max(kGraceMin, grace_s - (now() - began) / kSecond));
  };
  run_handler(parts_, handler_target(action.container, action.id), hook, grace, guarded([go_on](Result<ProbeAnswer> answer) {
                if (!answer.ok()) return go_on("PreStopHook failed: " + answer.error().message());
                go_on(answer->outcome == ProbeOutcome::kFailure ? "PreStopHook failed: " + answer->text : "");
              }));
  parts_.loop->after(grace, guarded([go_on] { go_on("PreStopHook did not end within the grace period"); }));
}

void PodWorker::stop_container(const std::string& container, const std::string& id, std::int64_t grace_s) {
  parts_.runtime->stop_container(
      id, std::chrono::seconds(grace_s), guarded([this, container, id](Result<void> outcome) {
        ContainerMemory& memory = memory_.of(container);
        if (!outcome.ok() && outcome.error().reason() != Reason::kNotFound) {
          memory.kill_by_ns = 0;
          memory.kill_retry_at_ns = now() + kRetryFirst;
          event(true, "FailedKillPod", "error killing container " + container + ": " + outcome.error().message(), container);
        } else {
          memory.kill_by_ns = 0;
        }
        look_at(id);
      }));
}

void PodWorker::stop_sandbox(const std::string& id) {
  memory_.sandbox.busy = true;
  parts_.runtime->stop_sandbox(id, guarded([this](Result<void> outcome) {
                                 // What is not there is stopped.
                                 if (!outcome.ok() && outcome.error().reason() == Reason::kNotFound) outcome = Result<void>();
                                 stale_ = true;  // its containers ended with it
                                 end_step(memory_.sandbox, outcome, "FailedKillPod");
                               }));
}

void PodWorker::tear_down() {
  memory_.teardown.busy = true;
  parts_.images->forget(pod_->uid);
  parts_.volumes->tear_down(pod_->uid, guarded([this](Result<void> outcome) {
                              memory_.teardown.done = outcome.ok();
                              if (outcome.ok()) {
                                memory_.volumes.done = false;
                                volumes_.clear();
                              }
                              end_step(memory_.teardown, outcome, "FailedUnMount");
                            }));
}

void PodWorker::delete_object() {
  memory_.deletion.busy = true;
  const std::string path = client::object_path(pod_->object.resource, pod_->name_space, pod_->name);
  std::string body = R"({"kind":"DeleteOptions","apiVersion":"v1","gracePeriodSeconds":0,"preconditions":{"uid":)";
  append_json_string(body, pod_->uid);
  body += "}}";
  parts_.transport->call(
      {"DELETE", path, "", std::move(body)}, guarded([this](Result<client::Response> response) {
        auto outcome = response.ok() ? client::check_response(*response) : Result<void>(std::move(response).error());
        if (!outcome.ok() && (outcome.error().reason() == Reason::kNotFound || outcome.error().reason() == Reason::kConflict))
          outcome = Result<void>();
        if (pod_->gone) return;
        // It is gone for good once the view says so. Finalizers may keep it: then it is asked for again, slowly.
        memory_.deletion.retry_at_ns = now() + 30 * kSecond;
        memory_.deletion.busy = false;
        if (!outcome.ok()) end_step(memory_.deletion, outcome, nullptr);
      }));
}

// Sandboxes go with their containers, then the logs; then nothing is left.
void PodWorker::forget() {
  memory_.deletion.busy = true;
  if (seen_.sandboxes.empty()) {
    forgotten_ = true;
    const std::string logs = pod_log_directory(parts_.config, *pod_);
    HostFiles* files = parts_.files;
    // It does not matter when this is done, or whether: nobody looks for them any more.
    (void)parts_.pool->run([files, logs] { (void)files->remove_all(logs); });
    parts_.loop->post([ended = ended_, uid = pod_->uid] { ended(uid); });
    return;
  }
  parts_.runtime->remove_sandbox(seen_.sandboxes.back().id, guarded([this](Result<void> outcome) {
                                   stale_ = true;
                                   end_step(memory_.deletion, outcome, nullptr);
                                 }));
}

}  // namespace plinth::node
