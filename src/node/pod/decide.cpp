#include "node/pod/decide.h"

#include <algorithm>

#include <fmt/format.h>

namespace plinth::node {
namespace {

using Kind = Action::Kind;

bool alive(const ContainerStatus& c) { return c.state == ContainerState::kRunning || c.state == ContainerState::kUnknown; }

class Decider {
 public:
  Decider(const Pod& pod, const Observed& seen, const PodMemory& memory, std::int64_t now)
      : pod_(pod), seen_(seen), memory_(memory), now_(now) {}

  Decision run() {
    if (!seen_.known) return std::move(out_);
    if (is_ending(pod_, memory_))
      end();
    else if (pod_.ended_in_api() || outcome_of(pod_, seen_) != Outcome::kGoesOn)
      end();
    else if (!past_deadline())
      go_on();
    return std::move(out_);
  }

 private:
  void wake(std::int64_t at) { out_.wake_at_ns = std::min(out_.wake_at_ns.value_or(at), at); }
  Action& act(Kind kind, std::string id = "") {
    out_.actions.push_back({kind, "", std::move(id), "", 0, 0});
    return out_.actions.back();
  }
  // False while the step is under way or waits after a failure.
  bool may(const Step& step) {
    if (step.busy) return false;
    if (step.retry_at_ns <= now_) return true;
    wake(step.retry_at_ns);
    return false;
  }

  bool past_deadline() {
    if (!pod_.active_deadline_s || memory_.start_time_ns == 0) return false;
    const std::int64_t at = memory_.start_time_ns + *pod_.active_deadline_s * kSecond;
    if (now_ < at) return wake(at), false;
    out_.verdict = Verdict{"DeadlineExceeded", "Pod was active on the node longer than the specified deadline", {}};
    return true;
  }

  // --- The end ---

  std::int64_t grace() const {
    if (pod_.gone) return kGraceMin;
    std::int64_t grace = pod_.grace_s;
    if (pod_.deleting)
      grace = pod_.deletion_grace_s.value_or(pod_.grace_s);
    else if (memory_.verdict && memory_.verdict->grace_s)
      grace = *memory_.verdict->grace_s;
    return std::max(grace, kGraceMin);
  }

  void kill(const std::string& container, const std::string& id, std::int64_t grace_s, std::string text) {
    const ContainerMemory& memory = memory_.look(container);
    const std::int64_t by = now_ + grace_s * kSecond;
    // One that is under way is only replaced by a quicker one.
    if (memory.kill_by_ns != 0 && by + kSecond >= memory.kill_by_ns) return;
    if (memory.kill_retry_at_ns > now_) return wake(memory.kill_retry_at_ns);
    Action& action = act(Kind::kKillContainer, id);
    action.container = container;
    action.grace_s = grace_s;
    action.text = std::move(text);
  }

  // Sidecars outlive the others and end in reverse order. True when none is left.
  bool kill_containers(std::int64_t grace_s) {
    std::vector<const ContainerStatus*> sidecars, others;
    for (const ContainerStatus& c : seen_.containers) {
      if (!alive(c)) continue;
      const PodContainer* spec = pod_.find(c.metadata.name);
      (spec != nullptr && spec->role == Role::kSidecar ? sidecars : others).push_back(&c);
    }
    if (others.empty() && !sidecars.empty()) {
      const auto position = [&](const ContainerStatus* c) { return pod_.find(c->metadata.name) - pod_.containers.data(); };
      others.push_back(
          *std::max_element(sidecars.begin(), sidecars.end(), [&](auto* a, auto* b) { return position(a) < position(b); }));
      // All of them share the grace that the pod has.
      if (memory_.ending_since_ns != 0) grace_s = std::max(kGraceMin, grace_s - (now_ - memory_.ending_since_ns) / kSecond);
    }
    for (const ContainerStatus* c : others) kill(c->metadata.name, c->id, grace_s, "Stopping container " + c->metadata.name);
    return others.empty();
  }

  bool starting() const {
    return std::any_of(memory_.containers.begin(), memory_.containers.end(), [](const auto& c) { return c.second.starting; });
  }

  void end() {
    if (!kill_containers(grace()) || starting() || memory_.volumes.busy) return;
    if (!stop_sandboxes()) return;
    if (!memory_.teardown.done) {
      if (may(memory_.teardown)) act(Kind::kTearDown);
      return;
    }
    if (pod_.gone) {
      if (may(memory_.deletion)) act(Kind::kForget);
    } else if (pod_.deleting && memory_.final_status_written && may(memory_.deletion)) {
      act(Kind::kDeletePod);
    }
  }

  bool stop_sandboxes() {
    bool none = !memory_.sandbox.busy;
    for (const SandboxStatus& sandbox : seen_.sandboxes) {
      if (sandbox.state != SandboxState::kReady) continue;
      none = false;
      if (may(memory_.sandbox)) {
        act(Kind::kStopSandbox, sandbox.id);
        return false;
      }
    }
    return none;
  }

  // --- Running ---

  bool sandbox_is_good() const {
    const SandboxStatus* current = seen_.current_sandbox();
    if (current == nullptr || current->state != SandboxState::kReady) return false;
    if (!pod_.host_network && current->ips.empty()) return false;
    return std::count_if(seen_.sandboxes.begin(), seen_.sandboxes.end(),
                         [](const SandboxStatus& s) { return s.state == SandboxState::kReady; }) == 1;
  }

  void go_on() {
    if (!sandbox_is_good()) return renew_sandbox();
    if (!volumes_are_there()) return;
    collect_garbage();
    start_ephemeral();
    if (!look_after_init()) return;
    for (const PodContainer& container : pod_.containers) {
      if (container.role == Role::kMain && !look_after(container)) return;
    }
  }

  bool volumes_are_there() {
    if (memory_.volumes.done) return true;
    if (may(memory_.volumes)) act(Kind::kSetUpVolumes);
    return false;
  }

  void renew_sandbox() {
    const SandboxStatus* current = seen_.current_sandbox();
    const bool any_ready = std::any_of(seen_.sandboxes.begin(), seen_.sandboxes.end(),
                                       [](const SandboxStatus& s) { return s.state == SandboxState::kReady; });
    if (any_ready || seen_.any_running()) {
      out_.notes.push_back({false, "SandboxChanged", "Pod sandbox changed, it will be killed and re-created.", ""});
      if (kill_containers(std::max(pod_.grace_s, kGraceMin))) stop_sandboxes();
      return;
    }
    if (starting() || !volumes_are_there() || !may(memory_.sandbox)) return;
    act(Kind::kRunSandbox).attempt = current == nullptr ? 0 : current->metadata.attempt + 1;
  }

  // The last dead container of each name, and the last sandbox that is not the current one, stay for `kubectl logs --previous`.
  void collect_garbage() {
    for (const PodContainer& container : pod_.containers) {
      int dead = 0;
      for (const ContainerStatus& c : seen_.containers) {
        if (c.metadata.name != container.name || c.state != ContainerState::kExited || c.sandbox_id.empty()) continue;
        if (++dead > 2) act(Kind::kRemoveContainer, c.id);
      }
    }
    for (std::size_t i = 2; i < seen_.sandboxes.size(); ++i) act(Kind::kRemoveSandbox, seen_.sandboxes[i].id);
  }

  void start_ephemeral() {
    for (const PodContainer& container : pod_.containers) {
      if (container.role == Role::kEphemeral && seen_.newest(container.name) == nullptr) start(container, nullptr);
    }
  }

  // False when main containers have to wait.
  bool look_after_init() {
    const bool over = init_is_over();
    for (const PodContainer& container : pod_.containers) {
      if (container.role == Role::kSidecar) {
        if (!look_after(container)) return false;
        if (!over && !is_started(container, seen_.current(container.name), memory_.look(container.name))) return false;
      } else if (container.role == Role::kInit && !over) {
        const ContainerStatus* status = seen_.current(container.name);
        if (status != nullptr && status->state == ContainerState::kExited && status->exit_code == 0) continue;
        look_after(container);
        return false;
      }
    }
    return true;
  }

  // Once a main container was made in this sandbox, plain init containers are history.
  bool init_is_over() const {
    return std::any_of(pod_.containers.begin(), pod_.containers.end(), [&](const PodContainer& c) {
      const ContainerStatus* status = c.role == Role::kMain ? seen_.current(c.name) : nullptr;
      return status != nullptr && status->state != ContainerState::kCreated;
    });
  }

  // Starts, restarts or kills it as its state asks for. False when later containers have to wait: its start is under way.
  bool look_after(const PodContainer& container) {
    const ContainerMemory& memory = memory_.look(container.name);
    if (memory.starting) return false;
    const ContainerStatus* status = seen_.current(container.name);
    if (status == nullptr) {
      const ContainerStatus* before = seen_.newest(container.name);
      if (before != nullptr && container.role != Role::kInit && !restarts(pod_, container, *before)) return true;
      return !start(container, before);
    }
    if (alive(*status)) return keep_running(container, memory, *status);
    if (status->state == ContainerState::kExited && !restarts(pod_, container, *status)) return true;
    return !start(container, status);
  }

  bool keep_running(const PodContainer& container, const ContainerMemory& memory, const ContainerStatus& status) {
    std::string why;
    std::int64_t grace_s = std::max(pod_.grace_s, kGraceMin);
    const bool known = memory.id == status.id;
    const auto hash = status.annotations.find("io.kubernetes.container.hash");
    if (known && memory.post_start == Hook::kRunning) return false;
    if (status.state == ContainerState::kUnknown) {
      why = fmt::format("Container {} is in unknown state, try killing it before restart", container.name);
    } else if (known && memory.post_start == Hook::kFailed) {
      why = "FailedPostStartHook";
    } else if (hash != status.annotations.end() && hash->second != container.hash) {
      why = fmt::format("Container {} definition changed, will be restarted", container.name);
    } else if (known && !memory.unhealthy.empty()) {
      why = memory.unhealthy;
      if (memory.unhealthy_grace_s) grace_s = std::max(*memory.unhealthy_grace_s, std::int64_t{1});
    }
    if (!why.empty()) kill(container.name, status.id, grace_s, std::move(why));
    return true;
  }

  // True when a start begins: others wait for it.
  bool start(const PodContainer& container, const ContainerStatus* before) {
    const ContainerMemory& memory = memory_.look(container.name);
    if (memory.starting) return true;
    if (memory.retry_at_ns > now_) return wake(memory.retry_at_ns), false;
    const bool never_ran = before != nullptr && before->state == ContainerState::kCreated;
    // The runtime refused to start it and did not say that it ended.
    if (never_ran && memory.waiting_reason == "RunContainerError" && before->created_ns + kStartRetry > now_)
      return wake(before->created_ns + kStartRetry), false;
    if (before != nullptr && !never_ran && before->state == ContainerState::kExited) {
      const std::int64_t at = restart_at_ns(memory, *before);
      if (at > now_) {
        out_.notes.push_back(
            {true, "BackOff",
             fmt::format("Back-off restarting failed container {} in pod {}", container.name, pod_.full_name()),
             container.name});
        return wake(at), false;
      }
    }
    Action& action = act(Kind::kStartContainer, never_ran ? before->id : "");
    action.container = container.name;
    action.attempt = before == nullptr ? 0 : before->metadata.attempt + (never_ran ? 0 : 1);
    return true;
  }

  const Pod& pod_;
  const Observed& seen_;
  const PodMemory& memory_;
  const std::int64_t now_;
  Decision out_;
};

}  // namespace

Decision decide(const Pod& pod, const Observed& seen, const PodMemory& memory, std::int64_t now_ns) {
  return Decider(pod, seen, memory, now_ns).run();
}

bool is_ending(const Pod& pod, const PodMemory& memory) { return pod.gone || pod.deleting || memory.verdict.has_value(); }

bool restarts(const Pod& pod, const PodContainer& container, const ContainerStatus& ended) {
  if (container.role == Role::kEphemeral) return false;
  if (container.role == Role::kSidecar) return true;
  if (ended.exit_code == 0 && ended.state == ContainerState::kExited && container.role == Role::kInit) return false;
  if (pod.restart_policy == RestartPolicy::kNever) return false;
  if (pod.restart_policy == RestartPolicy::kOnFailure) return ended.exit_code != 0 || ended.state != ContainerState::kExited;
  return true;
}

namespace {

bool is_forgotten(const ContainerMemory& memory, std::int64_t ended_ns) {
  return ended_ns - memory.backoff_updated_ns > 2 * kCrashBackoffMax;
}

}  // namespace

std::int64_t restart_at_ns(const ContainerMemory& memory, const ContainerStatus& ended) {
  return ended.finished_ns + (is_forgotten(memory, ended.finished_ns) ? 0 : memory.backoff_ns);
}

void advance_backoff(ContainerMemory& memory, std::int64_t ended_ns, std::int64_t now_ns) {
  memory.backoff_ns = memory.backoff_ns == 0 || is_forgotten(memory, ended_ns)
                          ? kCrashBackoffFirst
                          : std::min(2 * memory.backoff_ns, kCrashBackoffMax);
  memory.backoff_updated_ns = now_ns;
}

Outcome outcome_of(const Pod& pod, const Observed& seen) {
  bool failed = false;
  for (const PodContainer& container : pod.containers) {
    if (container.role == Role::kEphemeral || container.role == Role::kSidecar) continue;
    const ContainerStatus* status = seen.newest(container.name);
    const bool ended = status != nullptr && status->state == ContainerState::kExited;
    if (container.role == Role::kInit) {
      if (ended && status->exit_code != 0 && pod.restart_policy == RestartPolicy::kNever) return Outcome::kFailed;
      continue;
    }
    if (!ended || restarts(pod, container, *status)) return Outcome::kGoesOn;
    failed = failed || status->exit_code != 0;
  }
  return failed ? Outcome::kFailed : Outcome::kSucceeded;
}

bool is_started(const PodContainer& container, const ContainerStatus* status, const ContainerMemory& memory) {
  if (status == nullptr || status->state != ContainerState::kRunning) return false;
  if (memory.id != status->id) return !container.has("startupProbe");
  return memory.post_start == Hook::kDone && (memory.started || !container.has("startupProbe"));
}

bool is_initialized(const Pod& pod, const Observed& seen, const PodMemory& memory) {
  for (const PodContainer& container : pod.containers) {
    const ContainerStatus* status = seen.newest(container.name);
    if (container.role == Role::kInit &&
        (status == nullptr || status->state != ContainerState::kExited || status->exit_code != 0))
      return false;
    if (container.role == Role::kSidecar && !is_started(container, status, memory.look(container.name))) return false;
  }
  return true;
}

}  // namespace plinth::node
