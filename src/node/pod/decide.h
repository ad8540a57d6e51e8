// What a pod needs next: a function of the pod, what the runtime has of it, what its worker remembers, and the time. No
// effects; run again on the same it says the same. The rules are the kubelet's (kuberuntime's computePodActions and what leads
// to it).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "node/pod/observed.h"

namespace plinth::node {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kCrashBackoffFirst = 10 * kSecond;
constexpr std::int64_t kCrashBackoffMax = 300 * kSecond;
constexpr std::int64_t kStartRetry = 10 * kSecond;  // after a container that could not be started and has not ended either
constexpr std::int64_t kGraceMin = 2;               // seconds that a container gets at least, whatever was asked

struct Action {
  enum class Kind : std::uint8_t {
    kSetUpVolumes,
    kRunSandbox,       // attempt
    kStopSandbox,      // id
    kStartContainer,   // container, attempt; `id`: one that was made and never started, to be removed first
    kKillContainer,    // container, id, grace_s, text (of the Event)
    kRemoveContainer,  // id: an old dead one
    kRemoveSandbox,    // id: likewise
    kTearDown,         // volumes, directories, cgroup
    kDeletePod,        // the object, with grace 0
    kForget,           // what is left in the runtime; the worker ends then
  };
  Kind kind;
  std::string container, id, text;
  std::uint32_t attempt = 0;
  std::int64_t grace_s = 0;
};

// An Event that belongs to a state, told once for each.
struct Note {
  bool warning = false;
  std::string reason, message, container;
};

struct Decision {
  std::vector<Action> actions;             // all of them may begin now
  std::optional<std::int64_t> wake_at_ns;  // wall time at which another decision may come out
  std::optional<Verdict> verdict;          // to be remembered: the pod ends
  std::vector<Note> notes;
};

Decision decide(const Pod& pod, const Observed& seen, const PodMemory& memory, std::int64_t now_ns);

enum class Outcome : std::uint8_t { kGoesOn, kSucceeded, kFailed };

// Whether the pod has run to its end by itself.
Outcome outcome_of(const Pod& pod, const Observed& seen);
// Deleted, removed, or condemned by a verdict.
bool is_ending(const Pod& pod, const PodMemory& memory);
// Whether a container that ended is to be started again.
bool restarts(const Pod& pod, const PodContainer& container, const ContainerStatus& ended);
// When that may be; in the past when it may be now.
std::int64_t restart_at_ns(const ContainerMemory& memory, const ContainerStatus& ended);
// A restart after an end at `ended_ns` begins: the next one waits longer. Who ran for twice the longest wait starts from the
// first.
void advance_backoff(ContainerMemory& memory, std::int64_t ended_ns, std::int64_t now_ns);
// All init containers have done their part: the plain ones ended well, the sidecars are started.
bool is_initialized(const Pod& pod, const Observed& seen, const PodMemory& memory);
bool is_started(const PodContainer& container, const ContainerStatus* status, const ContainerMemory& memory);

}  // namespace plinth::node
