#include "node/runtime/sim_runtime.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "base/time_text.h"
#include "node/runtime/sim_runtime_parts.h"

namespace plinth::node {

std::string sim_annotation(const StringMap& annotations, const std::string& name) {
  const auto it = annotations.find("sim.plinth.dev/" + name);
  return it == annotations.end() ? std::string() : it->second;
}

Duration sim_delay(const StringMap& annotations, const std::string& name) {
  return parse_duration(sim_annotation(annotations, name)).value_or(Duration(0));
}

bool covers(const StringMap& labels, const StringMap& wanted) {
  for (const auto& [key, value] : wanted) {
    const auto it = labels.find(key);
    if (it == labels.end() || it->second != value) return false;
  }
  return true;
}

bool matches(const ContainerStatus& container, const ContainerFilter& filter) {
  if (!filter.id.empty() && filter.id != container.id) return false;
  if (!filter.sandbox_id.empty() && filter.sandbox_id != container.sandbox_id) return false;
  if (filter.state && *filter.state != container.state) return false;
  return covers(container.labels, filter.labels);
}

Error no_sandbox(const std::string& id) { return Error(Reason::kNotFound, "sandbox \"" + id + "\": not found"); }
Error no_container(const std::string& id) { return Error(Reason::kNotFound, "container \"" + id + "\": not found"); }

SimRuntime::SimRuntime(Loop& loop, Clock& clock, HostFiles& files, SimRuntimeOptions options)
    : loop_(loop), clock_(clock), files_(files), options_(std::move(options)) {}

SimRuntime::~SimRuntime() {
  *alive_ = false;
  for (const auto& [_, container] : containers_) {
    if (container->timer != 0) loop_.cancel(container->timer);
    if (container->kill_timer != 0) loop_.cancel(container->kill_timer);
  }
}

void SimRuntime::version(Done<RuntimeVersion> done) {
  later<RuntimeVersion>("version", Duration(0), std::move(done), [] { return RuntimeVersion{"sim", "1.0.0", "v1"}; });
}

void SimRuntime::status(Done<RuntimeStatus> done) {
  later<RuntimeStatus>("status", Duration(0), std::move(done), [] {
    RuntimeStatus status;
    status.conditions = {{"RuntimeReady", true, "", ""}, {"NetworkReady", true, "", ""}};
    return status;
  });
}

void SimRuntime::watch(std::function<void(const RuntimeEvent&)> on_event) { on_event_ = std::move(on_event); }

void SimRuntime::tell(EventType type, const std::string& id, const std::string& pod_uid) {
  loop_.post([this, event = RuntimeEvent{type, id, pod_uid}, alive = alive_] {
    if (*alive && on_event_) on_event_(event);
  });
}

std::string SimRuntime::next_id(std::string_view kind) { return fmt::format("{}{:016x}", kind, ++last_id_); }

std::string SimRuntime::next_address() {
  constexpr std::size_t kFirst = 2, kLast = 15 * 256 + 254;
  for (std::size_t tries = kFirst; tries <= kLast; ++tries) {
    last_address_ = last_address_ >= kLast ? kFirst : last_address_ + 1;
    const std::size_t low = last_address_ % 256;
    if (low == 0 || low == 255) continue;  // some programs take them for those of a network
    std::string address = fmt::format("{}.{}.{}", options_.subnet, last_address_ / 256, low);
    if (addresses_.insert(address).second) return address;
  }
  return "";
}

// --- Sandboxes ---

Result<std::string> SimRuntime::make_sandbox(const SandboxConfig& config) {
  for (const auto& [id, entry] : sandboxes_) {
    if (entry.status.metadata.uid == config.metadata.uid && entry.status.metadata.attempt == config.metadata.attempt)
      return Error(Reason::kAlreadyExists, "the name of the sandbox is reserved for \"" + id + "\"");
  }
  SandboxEntry entry;
  entry.config = config;
  entry.status.id = next_id("5b");
  entry.status.metadata = config.metadata;
  entry.status.state = SandboxState::kReady;
  entry.status.created_ns = clock_.wall_ns();
  entry.status.labels = config.labels;
  entry.status.annotations = config.annotations;
  if (config.security.namespaces.network != NamespaceMode::kNode) {
    std::string address = next_address();
    if (address.empty()) return Error(Reason::kServiceUnavailable, "no address is left in " + options_.subnet + ".0.0/20");
    entry.status.ips = {std::move(address)};
  }
  TRY(files_.make_directories(config.log_directory, 0755));
  std::string id = entry.status.id;
  tell(EventType::kStarted, id, config.metadata.uid);
  sandboxes_.emplace(id, std::move(entry));
  return id;
}

void SimRuntime::run_sandbox(SandboxConfig config, std::string, Done<std::string> done) {
  const Duration more = sim_delay(config.annotations, "sandbox-delay");
  later<std::string>("run_sandbox", more, std::move(done), [this, config = std::move(config)] { return make_sandbox(config); });
}

void SimRuntime::stop_all_of(const std::string& sandbox_id) {
  const std::map<std::string, ContainerPtr> all = containers_;
  for (const auto& [_, container] : all) {
    if (container->status.sandbox_id == sandbox_id && container->status.state == ContainerState::kRunning)
      exited(container, 137, "Error");
  }
}

void SimRuntime::stop_sandbox(std::string id, Done<void> done) {
  later<void>("stop_sandbox", Duration(0), std::move(done), [this, id = std::move(id)]() -> Result<void> {
    const auto it = sandboxes_.find(id);
    if (it == sandboxes_.end()) return no_sandbox(id);
    SandboxEntry& entry = it->second;
    stop_all_of(id);
    for (const std::string& address : entry.status.ips) addresses_.erase(address);
    entry.status.ips.clear();
    if (std::exchange(entry.status.state, SandboxState::kNotReady) == SandboxState::kReady)
      tell(EventType::kStopped, id, entry.status.metadata.uid);
    return {};
  });
}

void SimRuntime::remove_sandbox(std::string id, Done<void> done) {
  later<void>("remove_sandbox", Duration(0), std::move(done), [this, id = std::move(id)]() -> Result<void> {
    const auto it = sandboxes_.find(id);
    if (it == sandboxes_.end()) return {};
    const std::map<std::string, ContainerPtr> all = containers_;
    for (const auto& [container_id, container] : all) {
      if (container->status.sandbox_id == id) remove_entry(container_id);
    }
    for (const std::string& address : it->second.status.ips) addresses_.erase(address);
    tell(EventType::kDeleted, id, it->second.status.metadata.uid);
    sandboxes_.erase(it);
    return {};
  });
}

void SimRuntime::sandbox_status(std::string id, Done<SandboxStatus> done) {
  later<SandboxStatus>("sandbox_status", Duration(0), std::move(done), [this, id = std::move(id)]() -> Result<SandboxStatus> {
    const auto it = sandboxes_.find(id);
    if (it == sandboxes_.end()) return no_sandbox(id);
    return it->second.status;
  });
}

void SimRuntime::list_sandboxes(SandboxFilter filter, Done<std::vector<Sandbox>> done) {
  later<std::vector<Sandbox>>("list_sandboxes", Duration(0), std::move(done), [this, filter = std::move(filter)] {
    std::vector<Sandbox> out;
    const PodFilter pod(filter.labels);
    for (const auto& [id, entry] : sandboxes_) {
      const Sandbox& sandbox = entry.status;
      if (!pod.takes(sandbox.metadata.uid)) continue;
      if (!filter.id.empty() && filter.id != id) continue;
      if (filter.state && *filter.state != sandbox.state) continue;
      if (covers(sandbox.labels, filter.labels)) out.push_back(sandbox);
    }
    return out;
  });
}

// --- Faults and looks inside ---

void SimRuntime::reboot() {
  for (const auto& [_, container] : containers_) {
    for (TimerId* timer : {&container->timer, &container->kill_timer}) {
      if (*timer != 0) loop_.cancel(std::exchange(*timer, 0));
    }
    container->status.state = ContainerState::kExited;
  }
  containers_.clear();
  sandboxes_.clear();
  addresses_.clear();
  tell(EventType::kMissed, "", "");
}

std::size_t SimRuntime::running_count() const {
  return static_cast<std::size_t>(std::count_if(containers_.begin(), containers_.end(), [](const auto& entry) {
    return entry.second->status.state == ContainerState::kRunning;
  }));
}

ProbeAnswer SimRuntime::probe(const std::string& container_id) const {
  const auto it = containers_.find(container_id);
  if (it == containers_.end() || it->second->status.state != ContainerState::kRunning)
    return {ProbeOutcome::kFailure, "dial: connection refused"};
  const ContainerEntry& container = *it->second;
  const std::string rule = sim_annotation(container.pod_annotations, "probe." + container.status.metadata.name);
  bool fails = rule == "fail";
  if (rule.rfind("fail-for ", 0) == 0) {
    const Duration time = parse_duration(rule.substr(9)).value_or(Duration(0));
    fails = clock_.wall_ns() < container.status.started_ns + time.count();
  }
  if (fails) return {ProbeOutcome::kFailure, "probe failed with statuscode: 503"};
  return {ProbeOutcome::kSuccess, "ok"};
}

void SimProber::answer(const ProbeSubject& subject, Answered done) {
  auto held = std::make_shared<Answered>(std::move(done));
  loop_.post([held, subject, this] { (*held)(runtime_.probe(subject.container_id)); });
}

}  // namespace plinth::node
