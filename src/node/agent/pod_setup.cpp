// What a worker makes ready before containers start: volumes, kept fresh, and the sandbox.
#include "node/agent/pod_groups.h"
#include "node/agent/pod_worker.h"
#include "node/pod/container_config.h"

namespace plinth::node {

void PodWorker::set_up_volumes() {
  memory_.volumes.busy = true;
  memory_.teardown.done = false;
  parts_.volumes->set_up(pod_, parts_.view(), downward_facts(), false, volume_tell(), guarded([this](Result<VolumeMap> ready) {
                           if (ready.ok()) volumes_ = std::move(*ready);
                           memory_.volumes.done = ready.ok();
                           end_step(memory_.volumes, ready.ok() ? Result<void>() : Result<void>(std::move(ready).error()),
                                    "FailedMount");
                         }));
}

void PodWorker::refresh_volumes() {
  if (refresh_timer_ != 0) parts_.loop->cancel(refresh_timer_);
  refresh_timer_ = parts_.loop->after(kRefreshInterval, guarded([this] { refresh_volumes(); }));
  if (!memory_.volumes.done || is_ending(*pod_, memory_) || pod_->ended_in_api()) return;
  if (refreshing_) {
    refresh_again_ = true;
    return;
  }
  refreshing_ = true;
  memory_.volumes.busy = true;
  parts_.volumes->set_up(pod_, parts_.view(), downward_facts(), true, volume_tell(), guarded([this](Result<VolumeMap> ready) {
                           refreshing_ = false;
                           memory_.volumes.busy = false;
                           if (!ready.ok()) event(true, "FailedMount", ready.error().message());
                           if (std::exchange(refresh_again_, false)) refresh_volumes();
                           reconsider();
                         }));
}

void PodWorker::dependency_changed() {
  memory_.volumes.retry_at_ns = 0;
  for (auto& [_, memory] : memory_.containers) {
    if (memory.waiting_reason == "CreateContainerConfigError") memory.retry_at_ns = 0;
  }
  refresh_volumes();
  reconsider();
}

namespace {

bool names(const Value& ref, std::string_view member, std::string_view name) {
  return ref.is_object() && ref[member].as_string() == name;
}

bool source_names(const Value& source, bool secret, std::string_view name) {
  return secret ? names(source["secret"], "secretName", name) || names(source["secret"], "name", name)
                : names(source["configMap"], "name", name);
}

}  // namespace

bool PodWorker::depends_on(std::string_view plural, std::string_view name_space, std::string_view name) const {
  if (name_space != pod_->name_space) return false;
  const bool secret = plural == "secrets";
  for (const Value& volume : pod_->spec()["volumes"].items()) {
    if (source_names(volume, secret, name)) return true;
    for (const Value& source : volume["projected"]["sources"].items()) {
      if (source_names(source, secret, name)) return true;
    }
  }
  for (const PodContainer& container : pod_->containers) {
    if (memory_.look(container.name).waiting_reason != "CreateContainerConfigError") continue;
    for (const Value& source : container.spec["envFrom"].items()) {
      if (names(source[secret ? "secretRef" : "configMapRef"], "name", name)) return true;
    }
    for (const Value& variable : container.spec["env"].items()) {
      if (names(variable["valueFrom"][secret ? "secretKeyRef" : "configMapKeyRef"], "name", name)) return true;
    }
  }
  return false;
}

bool PodWorker::volumes_depend_on(const client::Object& object) const {
  return !pod_->gone && !is_ending(*pod_, memory_) && !pod_->ended_in_api() && parts_.volumes->concerns(*pod_, object);
}

void PodWorker::run_sandbox(std::uint32_t attempt) {
  memory_.sandbox.busy = true;
  parts_.groups->prepare(*pod_, guarded([this, attempt](Result<void> ready) {
    if (ready.ok()) return ask_for_sandbox(attempt);
    end_step(memory_.sandbox,
             Error(ready.error().reason(), "unable to ensure pod container exists: " + ready.error().message()),
             "FailedCreatePodContainer");
  }));
}

void PodWorker::ask_for_sandbox(std::uint32_t attempt) {
  const std::string handler(pod_->spec()["runtimeClassName"].as_string());
  parts_.runtime->run_sandbox(
      make_sandbox_config(parts_.config, *pod_, attempt), handler, guarded([this](Result<std::string> id) {
        auto outcome = id.ok()
                           ? Result<void>()
                           : Result<void>(Error(id.error().reason(), "Failed to create pod sandbox: " + id.error().message()));
        stale_ = true;  // there may be one although the call failed
        end_step(memory_.sandbox, outcome, "FailedCreatePodSandBox");
      }));
}

}  // namespace plinth::node
