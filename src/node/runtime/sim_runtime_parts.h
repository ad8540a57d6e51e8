// What the files of the virtual runtime share: its entries, and how a call is answered.
#pragma once

#include <optional>
#include <vector>

#include "node/pod/labels.h"
#include "node/runtime/sim_console.h"
#include "node/runtime/sim_runtime.h"
#include "node/runtime/sim_script.h"

namespace plinth::node {

// The value of the annotation sim.plinth.dev/NAME; empty where there is none.
std::string sim_annotation(const StringMap& annotations, const std::string& name);
// The same as a duration; zero where it is none.
Duration sim_delay(const StringMap& annotations, const std::string& name);
// Whether `labels` have all of `wanted`.
bool covers(const StringMap& labels, const StringMap& wanted);
bool matches(const ContainerStatus& container, const ContainerFilter& filter);
// The pod that a filter by labels is for: most lists are of one, and a thousand others are passed over at the cost of their
// uid.
class PodFilter {
 public:
  explicit PodFilter(const StringMap& labels) : labels_(labels), uid_(labels.find(std::string(kPodUidLabel))) {}
  bool takes(const std::string& uid) const { return uid_ == labels_.end() || uid_->second == uid; }

 private:
  const StringMap& labels_;
  StringMap::const_iterator uid_;
};
Error no_sandbox(const std::string& id);
Error no_container(const std::string& id);

struct SimRuntime::SandboxEntry {
  SandboxStatus status;
  SandboxConfig config;
};

struct SimRuntime::ContainerEntry {
  ContainerStatus status;
  ContainerConfig config;
  StringMap pod_annotations;
  std::string hostname, pod_uid;
  std::vector<ScriptStep> steps;
  std::size_t at = 0;
  bool ignores_term = false;
  std::optional<std::int32_t> term_exit;
  TimerId timer = 0, kill_timer = 0;
  std::int64_t kill_at_ns = 0;
  std::size_t log_bytes = 0;
  std::shared_ptr<SimConsole> console;  // from its start on
  std::vector<Done<void>> waiting_for_end;
};

template <typename T>
void SimRuntime::answer(Done<T> done, Result<T> result) {
  auto held = std::make_shared<Result<T>>(std::move(result));
  auto finish = std::make_shared<Done<T>>(std::move(done));
  loop_.post([held, finish, alive = alive_] {
    if (*alive) (*finish)(std::move(*held));
  });
}

template <typename T>
void SimRuntime::later(std::string_view call, Duration more, Done<T> done, std::function<Result<T>()> work) {
  auto finish = std::make_shared<Done<T>>(std::move(done));
  loop_.after(options_.latency + more, [this, call = std::string(call), finish, work = std::move(work), alive = alive_] {
    if (!*alive) return;
    if (fault_) {
      if (auto fault = fault_(call); !fault.ok()) return (*finish)(std::move(fault).error());
    }
    (*finish)(work());
  });
}

}  // namespace plinth::node
