// How a worker starts one container: images of its volumes, its own, mounts, config, create, start, postStart hook.
#include <fmt/format.h>

#include "node/agent/event_recorder.h"
#include "node/agent/image_manager.h"
#include "node/agent/pod_worker.h"
#include "node/pod/environment.h"

namespace plinth::node {

struct PodWorker::Start {
  std::string container, unstarted_id, sandbox_id;
  std::uint32_t attempt = 0;
  SandboxConfig sandbox;
  ContainerInputs inputs;
  std::vector<Value> image_volumes;          // that it mounts and whose images are to be found yet
  std::map<std::string, std::string> found;  // the others' images, by volume
};

namespace {

std::vector<Value> mounted_image_volumes(const Pod& pod, const PodContainer& container) {
  std::vector<Value> out;
  for (const Value& volume : pod.spec()["volumes"].items()) {
    if (!volume["image"].is_object()) continue;
    for (const Value& mount : container.spec["volumeMounts"].items()) {
      if (mount["name"].as_string() != volume["name"].as_string()) continue;
      out.push_back(volume);
      break;
    }
  }
  return out;
}

}  // namespace

void PodWorker::start_container(const Action& action) {
  ContainerMemory& memory = memory_.of(action.container);
  if (const ContainerStatus* before = seen_.newest(action.container);
      before != nullptr && before->state == ContainerState::kExited && before->finished_ns > 0)
    advance_backoff(memory, before->finished_ns, now());
  memory.starting = true;
  memory.retry_at_ns = 0;
  auto start = std::make_shared<Start>();
  start->container = action.container;
  start->unstarted_id = action.id;
  start->attempt = action.attempt;
  const SandboxStatus* sandbox = seen_.current_sandbox();
  start->sandbox_id = sandbox->id;
  start->sandbox = make_sandbox_config(parts_.config, *pod_, sandbox->metadata.attempt);
  start->image_volumes = mounted_image_volumes(*pod_, *pod_->find(start->container));
  if (start->unstarted_id.empty())
    find_volume_images(start);
  else
    remove_unstarted(start);
}

// The pod ends, or has lost the container's sandbox: nothing is started any more.
bool PodWorker::gave_up(const StartPtr& start) {
  if (!is_ending(*pod_, memory_) && pod_->find(start->container) != nullptr) return false;
  memory_.of(start->container).starting = false;
  reconsider();
  return true;
}

void PodWorker::fail_start(const StartPtr& start, std::string reason, std::string message, std::int64_t retry_at_ns) {
  ContainerMemory& memory = memory_.of(start->container);
  memory.starting = false;
  memory.waiting_reason = std::move(reason);
  memory.waiting_message = std::move(message);
  memory.retry_at_ns = retry_at_ns;
  reconsider();
}

void PodWorker::remove_unstarted(const StartPtr& start) {
  parts_.runtime->remove_container(start->unstarted_id, guarded([this, start](Result<void> removed) {
                                     stale_ = true;
                                     if (!removed.ok())
                                       return fail_start(start, "CreateContainerError", removed.error().message(),
                                                         now() + kRetryFirst);
                                     find_volume_images(start);
                                   }));
}

void PodWorker::fail_image(const StartPtr& start, ImageOutcome outcome) {
  event(true, "Failed", "Error: " + outcome.reason, start->container);
  fail_start(start, std::move(outcome.reason), std::move(outcome.message), outcome.retry_at_ns);
}

// One after the other; whatever keeps one from being there is the container's reason to wait, as it is upstream.
void PodWorker::find_volume_images(const StartPtr& start) {
  if (start->image_volumes.empty()) return find_image(start);
  const Value volume = start->image_volumes.front();
  start->image_volumes.erase(start->image_volumes.begin());
  ImageAsk ask;
  ask.image = volume["image"]["reference"].as_string();
  ask.policy = volume["image"]["pullPolicy"].as_string();
  parts_.images->ensure(pod_, std::move(ask), start->sandbox,
                        guarded([this, start, name = std::string(volume["name"].as_string())](ImageOutcome outcome) {
                          if (gave_up(start)) return;
                          if (!outcome.ok) return fail_image(start, std::move(outcome));
                          start->found[name] = std::move(outcome.ref);
                          find_volume_images(start);
                        }));
}

void PodWorker::find_image(const StartPtr& start) {
  const PodContainer& container = *pod_->find(start->container);
  ImageAsk ask{container.image, std::string(container.spec["imagePullPolicy"].as_string()), container_field_path(container)};
  parts_.images->ensure(pod_, std::move(ask), start->sandbox, guarded([this, start](ImageOutcome outcome) {
                          if (gave_up(start)) return;
                          if (!outcome.ok) return fail_image(start, std::move(outcome));
                          start->inputs.image = std::move(outcome.image);
                          start->inputs.image_ref = std::move(outcome.ref);
                          prepare(start);
                        }));
}

void PodWorker::prepare(const StartPtr& start) {
  const PodContainer& container = *pod_->find(start->container);
  constexpr std::int64_t kConfigRetry = 10 * kSecond;
  const auto refused = [&](const Error& error) {
    event(true, "Failed", "Error: " + error.message(), start->container);
    fail_start(start, "CreateContainerConfigError", error.message(), now() + kConfigRetry);
  };
  auto environment = make_environment(*pod_, container, *parts_.view(), downward_facts(), *parts_.service_variables);
  if (!environment.ok()) return refused(environment.error());
  start->inputs.environment = std::move(*environment);
  start->inputs.attempt = start->attempt;
  if (const std::string_view target = container.spec["targetContainerName"].as_string(); !target.empty()) {
    if (const ContainerStatus* status = seen_.current(target)) start->inputs.target_container_id = status->id;
  }
  ContainerMountInputs mounts;
  mounts.pod = pod_;
  mounts.container = start->container;
  mounts.attempt = start->attempt;
  mounts.environment = start->inputs.environment;
  mounts.volumes = volumes_;
  mounts.images = start->found;
  if (!pod_->host_network) mounts.hosts_file = hosts_file(parts_.config, *pod_, pod_ips());
  parts_.volumes->prepare_container(std::move(mounts), guarded([this, start](Result<ContainerMounts> made) {
                                      if (gave_up(start)) return;
                                      if (!made.ok()) {
                                        event(true, "Failed", "Error: " + made.error().message(), start->container);
                                        return fail_start(start, "CreateContainerConfigError", made.error().message(),
                                                          now() + kConfigRetry);
                                      }
                                      start->inputs.devices = std::move(made->devices);
                                      create(start, std::move(made->mounts));
                                    }));
}

void PodWorker::create(const StartPtr& start, std::vector<Mount> mounts) {
  start->inputs.mounts = std::move(mounts);
  auto config = make_container_config(parts_.config, *pod_, *pod_->find(start->container), start->inputs);
  constexpr std::int64_t kRetry = 10 * kSecond;
  if (!config.ok()) {
    event(true, "Failed", "Error: " + config.error().message(), start->container);
    return fail_start(start, "CreateContainerConfigError", config.error().message(), now() + kRetry);
  }
  parts_.runtime->create_container(
      start->sandbox_id, std::move(*config), start->sandbox, guarded([this, start](Result<std::string> id) {
        if (!id.ok()) {
          stale_ = true;  // there may be one although the call failed
          event(true, "Failed", "Error: " + id.error().message(), start->container);
          return fail_start(start, "CreateContainerError", id.error().message(), now() + kRetry);
        }
        event(false, "Created", "Created container: " + start->container, start->container);
        to_ask_.insert(*id);
        if (gave_up(start)) return;  // it is removed with its sandbox
        parts_.runtime->start_container(
            *id, guarded([this, start, id = *id](Result<void> outcome) { started(start, id, std::move(outcome)); }));
      }));
}

void PodWorker::started(const StartPtr& start, const std::string& id, Result<void> outcome) {
  ContainerMemory& memory = memory_.of(start->container);
  if (!outcome.ok()) {
    event(true, "Failed", "Error: " + outcome.error().message(), start->container);
    // The runtime has it as one that ended: the crash back-off says when it is tried again.
    stale_ = true;
    return fail_start(start, "RunContainerError", outcome.error().message(), 0);
  }
  event(false, "Started", "Started container " + start->container, start->container);
  const PodContainer* spec = pod_->find(start->container);
  memory.starting = false;
  memory.waiting_reason.clear();
  memory.waiting_message.clear();
  memory.id = id;
  memory.unhealthy.clear();
  memory.unhealthy_grace_s.reset();
  memory.kill_by_ns = 0;
  memory.started = spec != nullptr && !spec->has("startupProbe");
  memory.ready = spec != nullptr && !spec->has("readinessProbe");
  const bool hooked = spec != nullptr && spec->spec["lifecycle"]["postStart"].is_object();
  memory.post_start = hooked ? Hook::kRunning : Hook::kDone;
  if (hooked) run_post_start(start, id);
  look_at_new_container(id);
}

void PodWorker::run_post_start(const StartPtr& start, const std::string& id) {
  constexpr Duration kHookMax = std::chrono::minutes(2);  // no time-out upstream; a hook for ever would block the pod for ever
  const Value hook = pod_->find(start->container)->spec["lifecycle"]["postStart"];
  run_handler(parts_, handler_target(start->container, id), hook, kHookMax,
              guarded([this, start, id](Result<ProbeAnswer> answer) {
                ContainerMemory& memory = memory_.of(start->container);
                if (memory.id != id) return;
                const bool good = answer.ok() && answer->outcome != ProbeOutcome::kFailure;
                memory.post_start = good ? Hook::kDone : Hook::kFailed;
                if (!good) {
                  event(true, "FailedPostStartHook",
                        "PostStartHook failed: " + (answer.ok() ? answer->text : answer.error().message()), start->container);
                }
                reconsider();
              }));
}

}  // namespace plinth::node
