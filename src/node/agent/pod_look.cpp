// How a worker looks at what the runtime has of its pod: all of it, or only what may have changed.
#include <algorithm>

#include "node/agent/pod_worker.h"
#include "node/pod/labels.h"

namespace plinth::node {
namespace {

constexpr std::string_view kOomKilled = "OOMKilled";  // as runtimes call it

}  // namespace

void PodWorker::look() {
  if (forgotten_) return;
  if (looking_) {
    look_again_ = true;
    return;
  }
  looking_ = true;
  look_again_ = go_on_again_ = false;
  to_ask_.clear();
  list_all();
}

void PodWorker::look_at(const std::string& id) {
  const auto is_it = [&](const auto& one) { return one.id == id; };
  const bool known = std::any_of(listed_.containers.begin(), listed_.containers.end(), is_it) ||
                     std::any_of(listed_.sandboxes.begin(), listed_.sandboxes.end(), is_it);
  if (stale_ || (!known && to_ask_.count(id) == 0)) return look();
  to_ask_.insert(id);
  reconsider();
}

void PodWorker::look_at_ended(const std::string& id) {
  told_of_[id].ended = true;
  look_at(id);
}

void PodWorker::look_at_killed(const std::string& id) {
  told_of_[id].killed = true;
  look_at(id);
}

// Those whose status says otherwise, a moment later.
void PodWorker::ask_until_as_told() {
  for (auto it = told_of_.begin(); it != told_of_.end();) {
    const auto place = std::find_if(listed_.containers.begin(), listed_.containers.end(),
                                    [&](const auto& one) { return one.id == it->first; });
    ToldOf& told = it->second;
    const bool otherwise = place != listed_.containers.end() &&
                           ((told.ended && place->state == ContainerState::kRunning) ||
                            (told.killed && place->state == ContainerState::kExited && place->reason != kOomKilled));
    if (!otherwise || told.asked == kToldRetriesMax) {
      it = told_of_.erase(it);
      continue;
    }
    parts_.loop->after(kToldRetry * (1 << told.asked++), guarded([this, id = it->first] { look_at(id); }));
    ++it;
  }
}

void PodWorker::look_at_new_container(const std::string& id) {
  to_ask_.insert(id);
  reconsider();
}

// Decides again: something else than the runtime has changed, or only what is to be asked. Later, so that whatever is being
// decided now is done before.
void PodWorker::reconsider() {
  if (forgotten_ || std::exchange(reconsider_posted_, true)) return;
  parts_.loop->post(guarded([this] {
    reconsider_posted_ = false;
    go_on();
  }));
}

void PodWorker::go_on() {
  if (forgotten_) return;
  if (looking_) {
    go_on_again_ = true;
    return;
  }
  if (stale_) return look();
  looking_ = true;
  go_on_again_ = false;
  gathering_ = listed_;
  ask_again();
}

// What is to be asked, one after the other. One that is gone may have taken others with it: then all is listed.
void PodWorker::ask_again() {
  if (to_ask_.empty()) return finish_look();
  const std::string id = *to_ask_.begin();
  to_ask_.erase(to_ask_.begin());
  exited_.erase(id);
  const auto take = [this](auto& list, auto status) {
    if (!status.ok() && status.error().reason() != Reason::kNotFound) return fail_look();
    if (!status.ok()) {
      looking_ = false;
      return look();
    }
    const auto place = std::find_if(list.begin(), list.end(), [&](const auto& one) { return one.id == status->id; });
    if (place == list.end())
      list.push_back(std::move(*status));
    else
      *place = std::move(*status);
    ask_again();
  };
  const bool is_sandbox = std::any_of(gathering_.sandboxes.begin(), gathering_.sandboxes.end(),
                                      [&](const SandboxStatus& one) { return one.id == id; });
  if (is_sandbox) {
    return parts_.runtime->sandbox_status(
        id, guarded([this, take](Result<SandboxStatus> status) { take(gathering_.sandboxes, std::move(status)); }));
  }
  parts_.runtime->container_status(id, guarded([this, take](Result<ContainerStatus> status) {
                                     if (status.ok() && status->state == ContainerState::kExited) exited_[status->id] = *status;
                                     take(gathering_.containers, std::move(status));
                                   }));
}

void PodWorker::list_all() {
  gathering_ = Observed();
  left_to_ask_.clear();
  SandboxFilter filter;
  filter.labels = {{std::string(kPodUidLabel), pod_->uid}, {std::string(kNodeLabel), parts_.config.name}};
  parts_.runtime->list_sandboxes(std::move(filter), guarded([this](Result<std::vector<Sandbox>> sandboxes) {
                                   if (sandboxes.ok()) return take_sandboxes(std::move(*sandboxes));
                                   fail_look();
                                 }));
}

// The runtime does not answer: what was seen last stays, and is looked at again.
void PodWorker::fail_look() {
  looking_ = false;
  stale_ = true;
  arm(now() + kRetryFirst);
}

void PodWorker::take_sandboxes(std::vector<Sandbox> sandboxes) {
  if (!sandboxes.empty()) {
    const std::string id = sandboxes.back().id;
    sandboxes.pop_back();
    parts_.runtime->sandbox_status(id, guarded([this, rest = std::move(sandboxes)](Result<SandboxStatus> status) mutable {
                                     // One that was removed meanwhile is simply not there; of any other error nothing follows
                                     // about the pod.
                                     if (!status.ok() && status.error().reason() != Reason::kNotFound) return fail_look();
                                     if (status.ok()) gathering_.sandboxes.push_back(std::move(*status));
                                     take_sandboxes(std::move(rest));
                                   }));
    return;
  }
  ContainerFilter filter;
  filter.labels = {{std::string(kPodUidLabel), pod_->uid}, {std::string(kNodeLabel), parts_.config.name}};
  parts_.runtime->list_containers(std::move(filter), guarded([this](Result<std::vector<Container>> containers) {
                                    if (containers.ok()) return take_containers(std::move(*containers));
                                    fail_look();
                                  }));
}

void PodWorker::take_containers(std::vector<Container> containers) {
  while (!containers.empty()) {
    const Container container = std::move(containers.back());
    containers.pop_back();
    if (const auto known = exited_.find(container.id); known != exited_.end()) {
      gathering_.containers.push_back(known->second);
      continue;
    }
    parts_.runtime->container_status(container.id,
                                     guarded([this, rest = std::move(containers)](Result<ContainerStatus> status) mutable {
                                       if (!status.ok() && status.error().reason() != Reason::kNotFound) return fail_look();
                                       if (status.ok()) {
                                         if (status->state == ContainerState::kExited) exited_[status->id] = *status;
                                         gathering_.containers.push_back(std::move(*status));
                                       }
                                       take_containers(std::move(rest));
                                     }));
    return;
  }
  finish_look();
}

void PodWorker::finish_look() {
  gathering_.known = true;
  std::erase_if(exited_, [&](const auto& entry) {
    for (const ContainerStatus& c : gathering_.containers) {
      if (c.id == entry.first) return false;
    }
    return true;
  });
  listed_ = gathering_;
  stale_ = false;
  ask_until_as_told();
  complete(gathering_, *pod_);
  seen_ = std::move(gathering_);
  gathering_ = Observed();
  looking_ = false;
  if (look_again_) return look();
  if (go_on_again_) return go_on();
  for (const ContainerStatus& container : seen_.containers) {
    if (container.state == ContainerState::kRunning && seen_.newest(container.metadata.name) == &container) adopt(container);
  }
  read_termination_messages();
}

// A container that this worker did not start itself: what is known of its health is what the status says.
void PodWorker::adopt(const ContainerStatus& container) {
  ContainerMemory& memory = memory_.of(container.metadata.name);
  const PodContainer* spec = pod_->find(container.metadata.name);
  if (memory.id == container.id || spec == nullptr || memory.starting) return;
  memory.id = container.id;
  memory.post_start = Hook::kDone;
  memory.unhealthy.clear();
  memory.kill_by_ns = 0;
  memory.started = !spec->has("startupProbe");
  memory.ready = !spec->has("readinessProbe");
  for (const char* list : {"containerStatuses", "initContainerStatuses"}) {
    for (const Value& told : pod_->status()[list].items()) {
      if (told["containerID"].as_string() != std::string(parts_.runtime->id_scheme()) + "://" + container.id) continue;
      memory.started = memory.started || told["started"].as_bool();
      memory.ready = memory.ready || told["ready"].as_bool();
    }
  }
}

// Of containers that have ended since; one after the other, then the decision.
void PodWorker::read_termination_messages() {
  for (const ContainerStatus& container : seen_.containers) {
    if (container.state != ContainerState::kExited || container.sandbox_id.empty()) continue;
    if (memory_.termination_messages.count(container.id) > 0) continue;
    const auto policy = container.annotations.find(kTerminationMessagePolicy);
    const bool from_log =
        policy != container.annotations.end() && policy->second == "FallbackToLogsOnError" && container.exit_code != 0;
    looking_ = true;
    parts_.volumes->termination_message(pod_->uid, container.metadata.name, container.metadata.attempt,
                                        from_log ? container.log_path : std::string(),
                                        guarded([this, id = container.id](Result<std::string> message) {
                                          looking_ = false;
                                          memory_.termination_messages[id] = message.ok() ? std::move(*message) : std::string();
                                          if (look_again_) return look();
                                          if (go_on_again_) return go_on();
                                          read_termination_messages();
                                        }));
    return;
  }
  settle();
}

}  // namespace plinth::node
