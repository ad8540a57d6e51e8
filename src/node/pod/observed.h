// What the runtime has of one pod, and what its worker remembers besides. Together with the pod and the time they are all that
// a decision and a status are made from.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "node/pod/pod.h"
#include "node/runtime/runtime.h"

namespace plinth::node {

struct Observed {
  bool known = false;                    // the runtime has been asked
  std::vector<SandboxStatus> sandboxes;  // newest first
  // Newest first. Also those that the pod's status tells of and the runtime no longer has (after a reboot): ended, with an
  // empty sandbox_id, exit code 137 and reason ContainerStatusUnknown unless the status knows better.
  std::vector<ContainerStatus> containers;

  const SandboxStatus* current_sandbox() const { return sandboxes.empty() ? nullptr : &sandboxes.front(); }
  // The newest of that name in the current sandbox; the newest at all; the one before the newest.
  const ContainerStatus* current(std::string_view name) const;
  const ContainerStatus* newest(std::string_view name) const;
  const ContainerStatus* before_newest(std::string_view name) const;
  bool any_running() const;
};

// Adds the containers that only the pod's status knows of, and sorts.
void complete(Observed& seen, const Pod& pod);

// A piece of work that a worker has at most once.
struct Step {
  bool busy = false, done = false;
  std::string reason, message;  // of the last failure
  int failures = 0;
  std::int64_t retry_at_ns = 0;
};

enum class Hook : std::uint8_t { kDone, kRunning, kFailed };

struct ContainerMemory {
  // The crash back-off: the time between an end and the next start.
  std::int64_t backoff_ns = 0, backoff_updated_ns = 0;
  // The start that is under way or has failed.
  bool starting = false;
  std::string waiting_reason, waiting_message;
  std::int64_t retry_at_ns = 0;
  // About the running container `id`; a new one starts from nothing.
  std::string id;
  Hook post_start = Hook::kDone;  // kDone too for one that was found running
  bool started = false;           // has passed its startup probe; of one without it: true
  bool ready = false;             // of one without readiness probe: true
  std::string unhealthy;          // text of the Killing Event once a probe says that it must be restarted
  std::optional<std::int64_t> unhealthy_grace_s;
  std::int64_t kill_by_ns = 0;  // a kill is under way that ends at this time; 0: none
  std::int64_t kill_retry_at_ns = 0;
};

// Why a pod ends that nobody deleted.
struct Verdict {
  std::string reason, message;  // DeadlineExceeded, Evicted, OutOfcpu...
  std::optional<std::int64_t> grace_s;
  bool disrupts = false;  // the node's doing, not the pod's: the condition DisruptionTarget says so
};

struct PodMemory {
  Step volumes, sandbox, teardown, deletion;
  std::map<std::string, ContainerMemory, std::less<>> containers;
  std::map<std::string, std::string, std::less<>> termination_messages;  // by container id
  std::optional<Verdict> verdict;
  std::int64_t start_time_ns = 0;
  std::int64_t ending_since_ns = 0;  // 0: it is not ending
  bool final_status_written = false;

  ContainerMemory& of(const std::string& name) { return containers[name]; }
  const ContainerMemory& look(const std::string& name) const {
    static const ContainerMemory nothing;
    const auto it = containers.find(name);
    return it == containers.end() ? nothing : it->second;
  }
};

}  // namespace plinth::node
