#include "node/pod/pod_status.h"

#include <fmt/format.h>

#include "api/strategies/qos_class.h"
#include "base/text.h"
#include "base/time_text.h"
#include "node/pod/decide.h"
#include "node/pod/labels.h"

namespace plinth::node {
namespace {

// What a status of a container says, before it becomes a value.
struct Shown {
  const ContainerStatus* state = nullptr;  // running or terminated; null: waiting
  const ContainerStatus* last = nullptr;   // of lastState
  std::string waiting_reason, waiting_message;
  bool ready = false, started = false;
};

class StatusWriter {
 public:
  StatusWriter(Draft& draft, const Pod& pod, const Observed& seen, const PodMemory& memory, const StatusFacts& facts)
      : draft_(draft), pod_(pod), seen_(seen), memory_(memory), facts_(facts), phase_(pod_phase(pod, seen, memory)) {}

  Value write() {
    Value status = draft_.object(16);
    draft_.set(status, "phase", phase_);
    write_reason(status);
    write_addresses(status);
    write_time(status, "startTime", memory_.start_time_ns);
    if (pod_.status()["qosClass"].as_string().empty()) draft_.set(status, "qosClass", api::qos_class(pod_.spec()));
    write_containers(status, "initContainerStatuses", true, Role::kInit);
    write_containers(status, "containerStatuses", false, Role::kMain);
    write_containers(status, "ephemeralContainerStatuses", false, Role::kEphemeral);
    const Value generation = pod_.document["metadata"]["generation"];
    if (generation.is_int()) draft_.set(status, "observedGeneration", Value::of(generation.as_int()));
    write_conditions(status);
    return status;
  }

 private:
  void write_time(Value& slot, std::string_view key, std::int64_t ns) {
    if (ns == 0)
      draft_.set(slot, key, Value());
    else
      draft_.set(slot, key, format_rfc3339(ns));
  }

  void write_reason(Value& status) {
    if (memory_.verdict) {
      draft_.set(status, "reason", memory_.verdict->reason);
      draft_.set(status, "message", memory_.verdict->message);
    }
  }

  void write_list(Value& status, std::string_view key, const std::vector<std::string>& addresses) {
    Value list = draft_.array();
    for (const std::string& address : addresses) {
      Value entry = draft_.object();
      draft_.set(entry, "ip", address);
      draft_.push(list, entry);
    }
    draft_.set(status, key, list);
  }

  void write_addresses(Value& status) {
    if (!facts_.node_ips.empty()) {
      draft_.set(status, "hostIP", facts_.node_ips.front());
      write_list(status, "hostIPs", facts_.node_ips);
    }
    const SandboxStatus* sandbox = seen_.current_sandbox();
    const bool ready = sandbox != nullptr && sandbox->state == SandboxState::kReady;
    const std::vector<std::string>* ips = !ready ? nullptr : pod_.host_network ? &facts_.node_ips : &sandbox->ips;
    if (ips == nullptr || ips->empty()) return;  // what was told stays, as upstream has it for pods that ended
    draft_.set(status, "podIP", ips->front());
    write_list(status, "podIPs", *ips);
  }

  // --- Containers ---

  bool has_init() const {
    return !pod_.containers.empty() &&
           (pod_.containers.front().role == Role::kInit || pod_.containers.front().role == Role::kSidecar);
  }

  Shown show(const PodContainer& container) const {
    Shown shown;
    const ContainerMemory& memory = memory_.look(container.name);
    const ContainerStatus* newest = seen_.newest(container.name);
    if (newest != nullptr && newest->state == ContainerState::kCreated) newest = seen_.before_newest(container.name);
    const bool initialized = is_initialized(pod_, seen_, memory_);
    const bool first_waits = has_init() && container.role == Role::kMain && !initialized;
    shown.waiting_reason = first_waits || (has_init() && container.role == Role::kInit && newest == nullptr)
                               ? "PodInitializing"
                               : "ContainerCreating";
    const bool over = is_ending(pod_, memory_) || pod_.ended_in_api() || outcome_of(pod_, seen_) != Outcome::kGoesOn;
    if (newest != nullptr && newest->state == ContainerState::kExited && !over && restarts(pod_, container, *newest)) {
      shown.last = newest;
      if (restart_at_ns(memory, *newest) > facts_.now_ns) {
        shown.waiting_reason = "CrashLoopBackOff";
        shown.waiting_message = fmt::format("back-off {} restarting failed container={} pod={}",
                                            format_duration(Duration(memory.backoff_ns)), container.name, pod_.full_name());
      } else if (!newest->sandbox_id.empty() && memory.waiting_reason.empty() && !memory.starting) {
        shown.state = newest;  // until the restart is under way
        shown.last = seen_.before_newest(container.name);
      }
    } else if (newest != nullptr) {
      shown.state = newest;
      shown.last = seen_.before_newest(container.name);
    }
    if (shown.state == nullptr && !memory.waiting_reason.empty()) {
      shown.waiting_reason = memory.waiting_reason;
      shown.waiting_message = memory.waiting_message;
    }
    show_health(shown, container, memory);
    return shown;
  }

  void show_health(Shown& shown, const PodContainer& container, const ContainerMemory& memory) const {
    const ContainerStatus* state = shown.state;
    if (state == nullptr) return;
    const bool running = state->state == ContainerState::kRunning;
    shown.started = is_started(container, state, memory);
    if (container.role == Role::kInit)
      shown.ready = state->state == ContainerState::kExited && state->exit_code == 0;
    else if (container.role == Role::kEphemeral)
      shown.ready = false;
    else
      shown.ready = running && shown.started && (!container.has("readinessProbe") || (memory.id == state->id && memory.ready));
  }

  Value terminated(const ContainerStatus& c) {
    Value out = draft_.object(8);
    draft_.set(out, "exitCode", Value::of(static_cast<std::int64_t>(c.exit_code)));
    draft_.set(out, "reason", c.reason.empty() ? (c.exit_code == 0 ? "Completed" : "Error") : c.reason.c_str());
    const auto told = memory_.termination_messages.find(c.id);
    const std::string& message = told != memory_.termination_messages.end() && !told->second.empty() ? told->second : c.message;
    if (!message.empty()) draft_.set(out, "message", message);
    write_time(out, "startedAt", c.started_ns);
    write_time(out, "finishedAt", c.finished_ns);
    if (!c.id.empty()) draft_.set(out, "containerID", id_of(c));
    return out;
  }

  std::string id_of(const ContainerStatus& c) const { return std::string(facts_.id_scheme) + "://" + c.id; }

  Value state_of(const Shown& shown) {
    Value state = draft_.object();
    if (shown.state == nullptr) {
      Value& waiting = draft_.member(state, "waiting");
      waiting = draft_.object();
      draft_.set(waiting, "reason", shown.waiting_reason);
      if (!shown.waiting_message.empty()) draft_.set(waiting, "message", shown.waiting_message);
    } else if (shown.state->state == ContainerState::kExited) {
      draft_.set(state, "terminated", terminated(*shown.state));
    } else {
      Value& running = draft_.member(state, "running");
      running = draft_.object();
      write_time(running, "startedAt", shown.state->started_ns);
    }
    return state;
  }

  Value container_status(const PodContainer& container, const Shown& shown) {
    Value out = draft_.object(12);
    draft_.set(out, "name", container.name);
    draft_.set(out, "image", container.image);
    const ContainerStatus* newest = shown.state != nullptr ? shown.state : shown.last;
    draft_.set(out, "imageID", newest == nullptr ? std::string() : newest->image_ref);
    if (newest != nullptr && !newest->id.empty()) draft_.set(out, "containerID", id_of(*newest));
    draft_.set(out, "restartCount", Value::of(newest == nullptr ? 0 : static_cast<std::int64_t>(newest->metadata.attempt)));
    draft_.set(out, "ready", Value::of(shown.ready));
    draft_.set(out, "started", Value::of(shown.started));
    draft_.set(out, "state", state_of(shown));
    Value last = draft_.object();
    if (shown.last != nullptr && shown.last->state == ContainerState::kExited)
      draft_.set(last, "terminated", terminated(*shown.last));
    draft_.set(out, "lastState", last);
    write_volume_mounts(out, container);
    write_resources(out, container, shown);
    return out;
  }

  void write_volume_mounts(Value& out, const PodContainer& container) {
    const Value mounts = container.spec["volumeMounts"];
    if (mounts.size() == 0) return;
    Value list = draft_.array();
    for (const Value& mount : mounts.items()) {
      Value entry = draft_.object();
      draft_.set(entry, "name", mount["name"].as_string());
      draft_.set(entry, "mountPath", mount["mountPath"].as_string());
      if (mount["readOnly"].as_bool()) {
        draft_.set(entry, "readOnly", Value::of(true));
        draft_.set(entry, "recursiveReadOnly", "Disabled");
      }
      draft_.push(list, entry);
    }
    draft_.set(out, "volumeMounts", list);
  }

  void write_resources(Value& out, const PodContainer& container, const Shown& shown) {
    if (shown.state == nullptr || shown.state->state != ContainerState::kRunning) return;
    const Value resources = container.spec["resources"];
    if (resources.size() == 0) {
      draft_.set(out, "resources", draft_.object());
      return;
    }
    if (resources["requests"].size() > 0) draft_.set(out, "allocatedResources", draft_.clone(resources["requests"]));
    draft_.set(out, "resources", draft_.clone(resources));
  }

  void write_containers(Value& status, std::string_view key, bool sidecars, Role role) {
    Value list = draft_.array();
    for (const PodContainer& container : pod_.containers) {
      if (container.role != role && !(sidecars && container.role == Role::kSidecar)) continue;
      const Shown shown = show(container);
      if (role != Role::kEphemeral && container.role != Role::kInit) {
        if (!shown.ready) unready_.push_back(container.name);
      }
      draft_.push(list, container_status(container, shown));
    }
    if (list.size() > 0) draft_.set(status, key, list);
  }

  // --- Conditions ---

  void condition(Value& list, std::string_view type, bool holds, std::string_view reason = "",
                 const std::string& message = "") {
    const Value* old = nullptr;
    const Value conditions = pod_.status()["conditions"];
    for (const Value& c : conditions.items()) {
      if (c["type"].as_string() == type) old = &c;
    }
    const char* status = holds ? "True" : "False";
    const bool same = old != nullptr && (*old)["status"].as_string() == status;
    Value out = draft_.object(8);
    draft_.set(out, "type", type);
    draft_.set(out, "status", status);
    draft_.set(out, "lastProbeTime", Value());
    draft_.set(out, "lastTransitionTime",
               same ? std::string((*old)["lastTransitionTime"].as_string()) : format_rfc3339(facts_.now_ns));
    // Null takes an old text away: a patch merges conditions by their type.
    if (!reason.empty())
      draft_.set(out, "reason", reason);
    else if (old != nullptr && (*old)["reason"].is_string())
      draft_.set(out, "reason", Value());
    if (!message.empty())
      draft_.set(out, "message", message);
    else if (old != nullptr && (*old)["message"].is_string())
      draft_.set(out, "message", Value());
    const Value generation = pod_.document["metadata"]["generation"];
    if (generation.is_int()) draft_.set(out, "observedGeneration", Value::of(generation.as_int()));
    draft_.push(list, out);
  }

  void write_conditions(Value& status) {
    Value list = draft_.array(5);
    const SandboxStatus* sandbox = seen_.current_sandbox();
    const bool network =
        sandbox != nullptr && sandbox->state == SandboxState::kReady && (pod_.host_network || !sandbox->ips.empty());
    condition(list, "PodReadyToStartContainers", network);
    if (phase_ == "Succeeded") {
      condition(list, "Initialized", true, "PodCompleted");
      condition(list, "Ready", false, "PodCompleted");
      condition(list, "ContainersReady", false, "PodCompleted");
    } else {
      write_initialized(list);
      write_ready(list);
    }
    condition(list, "PodScheduled", true);
    if (memory_.verdict && memory_.verdict->disrupts)
      condition(list, "DisruptionTarget", true, "TerminationByKubelet", memory_.verdict->message);
    draft_.set(status, "conditions", list);
  }

  void write_initialized(Value& list) {
    std::vector<std::string> incomplete;
    for (const PodContainer& container : pod_.containers) {
      const ContainerStatus* newest = seen_.newest(container.name);
      const bool done = container.role == Role::kInit
                            ? newest != nullptr && newest->state == ContainerState::kExited && newest->exit_code == 0
                            : container.role != Role::kSidecar || is_started(container, newest, memory_.look(container.name));
      if (!done) incomplete.push_back(container.name);
    }
    if (incomplete.empty()) return condition(list, "Initialized", true);
    condition(list, "Initialized", false, "ContainersNotInitialized",
              "containers with incomplete status: [" + join(incomplete, " ") + "]");
  }

  void write_ready(Value& list) {
    if (phase_ == "Failed") {
      condition(list, "Ready", false, "PodFailed");
      return condition(list, "ContainersReady", false, "PodFailed");
    }
    if (!unready_.empty()) {
      const std::string message = "containers with unready status: [" + join(unready_, " ") + "]";
      condition(list, "Ready", false, "ContainersNotReady", message);
      return condition(list, "ContainersReady", false, "ContainersNotReady", message);
    }
    const std::vector<std::string> gates = unready_gates();
    if (gates.empty())
      condition(list, "Ready", true);
    else
      condition(list, "Ready", false, "ReadinessGatesNotReady", join(gates, ", "));
    condition(list, "ContainersReady", true);
  }

  std::vector<std::string> unready_gates() const {
    std::vector<std::string> out;
    for (const Value& gate : pod_.spec()["readinessGates"].items()) {
      const std::string type(gate["conditionType"].as_string());
      const Value* found = nullptr;
      const Value conditions = pod_.status()["conditions"];
      for (const Value& c : conditions.items()) {
        if (c["type"].as_string() == type) found = &c;
      }
      if (found == nullptr)
        out.push_back(fmt::format("corresponding condition of pod readiness gate \"{}\" does not exist.", type));
      else if ((*found)["status"].as_string() != "True")
        out.push_back(fmt::format("the status of pod readiness gate \"{}\" is not \"True\", but {}", type,
                                  (*found)["status"].as_string()));
    }
    return out;
  }

  Draft& draft_;
  const Pod& pod_;
  const Observed& seen_;
  const PodMemory& memory_;
  const StatusFacts& facts_;
  const std::string_view phase_;
  std::vector<std::string> unready_;
};

bool is_part(const Value& part, const Value& whole) {
  if (part.is_null()) return whole.is_null();
  if (!part.is_object()) {
    if (!part.is_array()) return equal(part, whole);
    if (part.size() != whole.size()) return false;
    for (std::size_t i = 0; i < part.size(); ++i) {
      if (!is_part(part.items()[i], whole.items()[i])) return false;
    }
    return true;
  }
  // An empty state and an absent one are the same; one that has members where there are to be none is not.
  if (part.size() == 0 && whole.size() > 0) return false;
  for (const Member& m : part.members()) {
    if (!is_part(m.value, whole[m.key()]) && !(m.value.size() == 0 && m.value.is_object() && whole[m.key()].size() == 0))
      return false;
  }
  return true;
}

}  // namespace

std::string_view pod_phase(const Pod& pod, const Observed& seen, const PodMemory& memory) {
  if (pod.ended_in_api()) return pod.phase;
  const Outcome outcome = outcome_of(pod, seen);
  if (outcome == Outcome::kSucceeded) return "Succeeded";
  if (outcome == Outcome::kFailed) return "Failed";
  if (memory.verdict) return "Failed";
  bool any_failed = false, any_never_ran = false, any_ran = false;
  for (const PodContainer& container : pod.containers) {
    if (container.role != Role::kMain) continue;
    const ContainerStatus* newest = seen.newest(container.name);
    if (newest == nullptr || newest->state == ContainerState::kCreated)
      any_never_ran = true;
    else
      any_ran = true;
    any_failed = any_failed || newest == nullptr || newest->exit_code != 0;
  }
  // A deleted pod has come to its end once nothing runs any more, whatever its restart policy.
  if ((pod.deleting || pod.gone) && seen.known && !seen.any_running() && memory.teardown.done)
    return any_failed ? "Failed" : "Succeeded";
  if (!is_initialized(pod, seen, memory) && !any_ran) return "Pending";
  return any_never_ran ? "Pending" : "Running";
}

Value pod_status(Draft& draft, const Pod& pod, const Observed& seen, const PodMemory& memory, const StatusFacts& facts) {
  return StatusWriter(draft, pod, seen, memory, facts).write();
}

bool status_is_told(const Value& status, const Value& present) {
  for (const Member& m : status.members()) {
    if (m.key() != "conditions") {
      if (!is_part(m.value, present[m.key()])) return false;
      continue;
    }
    for (const Value& wanted : m.value.items()) {
      bool told = false;
      for (const Value& there : present["conditions"].items()) {
        told = told || (there["type"].as_string() == wanted["type"].as_string() && is_part(wanted, there));
      }
      if (!told) return false;
    }
  }
  return true;
}

}  // namespace plinth::node
