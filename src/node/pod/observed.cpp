#include "node/pod/observed.h"

#include <algorithm>

#include "base/time_text.h"

namespace plinth::node {
namespace {

std::int64_t time_of(const Value& text) {
  const auto t = parse_rfc3339(text.as_string());
  return t ? t->wall_ns() : 0;
}

constexpr std::int32_t kKilled = 137;

std::string bare_id(const Value& container_id) {
  const std::string_view id = container_id.as_string();
  const std::size_t scheme = id.find("://");
  return std::string(scheme == std::string_view::npos ? id : id.substr(scheme + 3));
}

void take_terminated(ContainerStatus& container, const Value& ended) {
  container.exit_code = static_cast<std::int32_t>(ended["exitCode"].as_int());
  container.reason = ended["reason"].as_string();
  container.message = ended["message"].as_string();
  container.started_ns = time_of(ended["startedAt"]);
  container.finished_ns = time_of(ended["finishedAt"]);
}

// The one before the one that the status tells of, where the runtime has only that one.
std::optional<ContainerStatus> lost_predecessor(const PodContainer& container, const Value& told) {
  const Value ended = told["lastState"]["terminated"];
  if (!ended.is_object() || told["restartCount"].as_int() == 0) return std::nullopt;
  ContainerStatus lost;
  lost.id = bare_id(ended["containerID"]);
  lost.metadata = {container.name, static_cast<std::uint32_t>(told["restartCount"].as_int() - 1)};
  lost.state = ContainerState::kExited;
  lost.image_ref = told["imageID"].as_string();
  take_terminated(lost, ended);
  lost.created_ns = lost.started_ns;
  return lost;
}

// What became of a container that the status tells of and the runtime no longer has.
ContainerStatus lost_container(const PodContainer& container, const Value& told) {
  ContainerStatus lost;
  lost.id = bare_id(told["containerID"]);
  lost.metadata = {container.name, static_cast<std::uint32_t>(told["restartCount"].as_int())};
  lost.state = ContainerState::kExited;
  lost.image_ref = told["imageID"].as_string();
  const Value state = told["state"];
  const Value ended = state["terminated"].is_object() ? state["terminated"] : told["lastState"]["terminated"];
  const bool ran = state["running"].is_object();
  if (ended.is_object() && !ran) {
    take_terminated(lost, ended);
  } else {
    lost.exit_code = kKilled;
    lost.reason = "ContainerStatusUnknown";
    lost.message = "The container could not be located when the pod was terminated";
    lost.started_ns = ran ? time_of(state["running"]["startedAt"]) : 0;
  }
  lost.created_ns = lost.started_ns;
  return lost;
}

bool newer(const ContainerStatus& a, const ContainerStatus& b) {
  if (a.metadata.attempt != b.metadata.attempt) return a.metadata.attempt > b.metadata.attempt;
  return a.created_ns > b.created_ns;
}

}  // namespace

const ContainerStatus* Observed::current(std::string_view name) const {
  const SandboxStatus* sandbox = current_sandbox();
  for (const ContainerStatus& c : containers) {
    if (c.metadata.name == name && sandbox != nullptr && c.sandbox_id == sandbox->id) return &c;
  }
  return nullptr;
}

const ContainerStatus* Observed::newest(std::string_view name) const {
  for (const ContainerStatus& c : containers) {
    if (c.metadata.name == name) return &c;
  }
  return nullptr;
}

const ContainerStatus* Observed::before_newest(std::string_view name) const {
  const ContainerStatus* first = nullptr;
  for (const ContainerStatus& c : containers) {
    if (c.metadata.name != name) continue;
    if (first != nullptr) return &c;
    first = &c;
  }
  return nullptr;
}

bool Observed::any_running() const {
  return std::any_of(containers.begin(), containers.end(), [](const ContainerStatus& c) {
    return c.state == ContainerState::kRunning || c.state == ContainerState::kUnknown;
  });
}

void complete(Observed& seen, const Pod& pod) {
  for (const char* list : {"initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses"}) {
    for (const Value& told : pod.status()[list].items()) {
      const PodContainer* container = pod.find(told["name"].as_string());
      if (container == nullptr || told["containerID"].as_string().empty()) continue;
      ContainerStatus lost = lost_container(*container, told);
      const bool there = std::any_of(seen.containers.begin(), seen.containers.end(), [&](const ContainerStatus& c) {
        return c.metadata.name == container->name && c.metadata.attempt == lost.metadata.attempt;
      });
      if (!there) seen.containers.push_back(std::move(lost));
      auto before = lost_predecessor(*container, told);
      const bool known = before && std::any_of(seen.containers.begin(), seen.containers.end(), [&](const ContainerStatus& c) {
                           return c.metadata.name == container->name && c.metadata.attempt == before->metadata.attempt;
                         });
      if (before && !known) seen.containers.push_back(std::move(*before));
    }
  }
  std::stable_sort(seen.containers.begin(), seen.containers.end(), newer);
  std::stable_sort(seen.sandboxes.begin(), seen.sandboxes.end(), [](const SandboxStatus& a, const SandboxStatus& b) {
    if (a.metadata.attempt != b.metadata.attempt) return a.metadata.attempt > b.metadata.attempt;
    return a.created_ns > b.created_ns;
  });
}

}  // namespace plinth::node
