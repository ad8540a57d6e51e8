#include "node/agent/pod_worker.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/time_text.h"
#include "node/agent/event_recorder.h"
#include "node/pod/container_config.h"
#include "node/pod/pod_status.h"

namespace plinth::node {

PodWorker::PodWorker(NodeParts& parts, std::shared_ptr<const Pod> pod, std::function<void(const std::string&)> ended)
    : parts_(parts), pod_(std::move(pod)), ended_(std::move(ended)), status_(*parts.transport, *parts.loop) {
  status_.on_answer([this] { reconsider(); });
  refresh_timer_ = parts_.loop->after(kRefreshInterval, guarded([this] { refresh_volumes(); }));
}

PodWorker::~PodWorker() {
  *alive_ = false;
  if (timer_ != 0) parts_.loop->cancel(timer_);
  if (refresh_timer_ != 0) parts_.loop->cancel(refresh_timer_);
}

void PodWorker::update(std::shared_ptr<const Pod> pod) {
  if (pod_->gone) return;
  if (!pod->gone && pod->object.revision < pod_->object.revision) return;
  // Labels and annotations are content of downwardAPI volumes.
  const bool refresh = !pod->gone && !equal(pod->document["metadata"]["labels"], pod_->document["metadata"]["labels"]);
  const bool notes = !pod->gone && !equal(pod->document["metadata"]["annotations"], pod_->document["metadata"]["annotations"]);
  pod_ = std::move(pod);
  if (pod_->gone) memory_.deletion = Step();  // it has become the removal of what is left
  if (refresh || notes) refresh_volumes();
  reconsider();
}

void PodWorker::condemn(Verdict verdict) {
  if (memory_.verdict) return;
  memory_.verdict = std::move(verdict);
  reconsider();
}

// --- Deciding ---

void PodWorker::settle() {
  if (memory_.start_time_ns == 0) {
    const auto told = parse_rfc3339(pod_->status()["startTime"].as_string());
    memory_.start_time_ns = told ? told->wall_ns() : now();
  }
  if (is_ending(*pod_, memory_) && memory_.ending_since_ns == 0) memory_.ending_since_ns = now();
  Decision decision = decide(*pod_, seen_, memory_, now());
  if (decision.verdict) {
    event(false, decision.verdict->reason, decision.verdict->message);
    memory_.verdict = std::move(decision.verdict);
    return settle();
  }
  for (const Note& n : decision.notes) note(n);
  for (const Action& action : decision.actions) act(action);
  if (forgotten_) return;
  watch_health();
  write_status();
  arm(decision.wake_at_ns);
}

void PodWorker::note(const Note& n) {
  constexpr std::size_t kRememberedMax = 200;
  const ContainerStatus* newest = seen_.newest(n.container);
  const std::string key = n.reason + "/" + n.container + "/" + (newest == nullptr ? "" : newest->id);
  if (told_.size() >= kRememberedMax) told_.clear();
  if (told_.insert(key).second) event(n.warning, n.reason, n.message, n.container);
}

void PodWorker::arm(std::optional<std::int64_t> wake_at_ns) {
  if (timer_ != 0) parts_.loop->cancel(std::exchange(timer_, 0));
  if (!wake_at_ns) return;
  const Duration delay(std::max<std::int64_t>(*wake_at_ns - now(), 1'000'000));
  timer_ = parts_.loop->after(delay, guarded([this] {
                                timer_ = 0;
                                reconsider();
                              }));
}

void PodWorker::write_status() {
  if (pod_->gone) return;
  Draft draft;
  StatusFacts facts;
  facts.id_scheme = parts_.runtime->id_scheme();
  facts.node_ips = parts_.node_ips;
  facts.now_ns = now();
  const Value status = pod_status(draft, *pod_, seen_, memory_, facts);
  status_.want(*pod_, status);
  const bool is_final = memory_.teardown.done && status_.settled();
  if (is_final && !std::exchange(memory_.final_status_written, true) && pod_->deleting) reconsider();
}

void PodWorker::watch_health() {
  std::set<std::string> running;
  for (const PodContainer& container : pod_->containers) {
    const ContainerStatus* status = seen_.newest(container.name);
    ContainerMemory& memory = memory_.of(container.name);
    const bool probed = container.has("startupProbe") || container.has("livenessProbe") || container.has("readinessProbe");
    if (!probed || status == nullptr || status->state != ContainerState::kRunning || memory.id != status->id) continue;
    if (memory.post_start != Hook::kDone) continue;
    running.insert(container.name);
    auto& runner = probes_[container.name];
    if (runner == nullptr || runner->container_id() != status->id) {
      ProbeFindings initial{memory.started, memory.ready, "", {}};
      runner = std::make_unique<ProbeRunner>(
          parts_, handler_target(container.name, status->id), initial,
          guarded([this, name = container.name, id = status->id](const ProbeFindings& findings) {
            ContainerMemory& about = memory_.of(name);
            if (about.id != id) return;
            about.started = findings.started;
            about.ready = findings.ready;
            about.unhealthy_grace_s = findings.grace_s;
            if (!findings.unhealthy.empty())
              about.unhealthy = fmt::format("Container {} failed {} probe, will be restarted", name, findings.unhealthy);
            reconsider();
          }));
    }
    if (is_ending(*pod_, memory_)) runner->set_ending();
  }
  std::erase_if(probes_, [&](const auto& entry) { return running.count(entry.first) == 0; });
}

// --- Acting ---

void PodWorker::act(const Action& action) {
  using Kind = Action::Kind;
  const auto look_after = [this](auto) { look(); };
  switch (action.kind) {
    case Kind::kSetUpVolumes:
      return set_up_volumes();
    case Kind::kRunSandbox:
      return run_sandbox(action.attempt);
    case Kind::kStopSandbox:
      return stop_sandbox(action.id);
    case Kind::kStartContainer:
      return start_container(action);
    case Kind::kKillContainer:
      return kill_container(action);
    case Kind::kRemoveContainer:
      return parts_.runtime->remove_container(action.id, guarded(look_after));
    case Kind::kRemoveSandbox:
      return parts_.runtime->remove_sandbox(action.id, guarded(look_after));
    case Kind::kTearDown:
      return tear_down();
    case Kind::kDeletePod:
      return delete_object();
    case Kind::kForget:
      return forget();
  }
}

void PodWorker::end_step(Step& step, const Result<void>& outcome, const char* event_reason) {
  step.busy = false;
  if (outcome.ok()) {
    step.failures = 0;
    step.message.clear();
    step.retry_at_ns = 0;
  } else {
    step.message = outcome.error().message();
    step.retry_at_ns = now() + std::min(kRetryFirst << std::min(step.failures++, 10), kRetryMax);
    if (event_reason != nullptr) event(true, event_reason, step.message);
  }
  reconsider();
}

// --- What things are made from ---

std::vector<std::string> PodWorker::pod_ips() const {
  if (pod_->host_network) return parts_.node_ips;
  const SandboxStatus* sandbox = seen_.current_sandbox();
  return sandbox == nullptr ? std::vector<std::string>() : sandbox->ips;
}

DownwardFacts PodWorker::downward_facts() const { return {pod_ips(), parts_.node_ips, parts_.config.name, parts_.allocatable}; }

VolumeTell PodWorker::volume_tell() {
  return guarded(
      [this](bool warning, std::string reason, std::string message) { event(warning, std::move(reason), std::move(message)); });
}

HandlerTarget PodWorker::handler_target(const std::string& container, const std::string& id) const {
  const std::vector<std::string> ips = pod_ips();
  return {pod_, container, id, ips.empty() ? std::string() : ips.front()};
}

void PodWorker::event(bool warning, std::string reason, std::string message, const std::string& container) {
  // Of a pod of which only a directory is left nobody knows the name.
  if (pod_->name.empty()) {
    if (warning)
      parts_.log.warning("what a pod has left cannot be removed yet",
                         {{"uid", pod_->uid}, {"reason", reason}, {"message", message}});
    return;
  }
  EventSubject subject;
  subject.name_space = pod_->name_space;
  subject.name = pod_->name;
  subject.uid = pod_->uid;
  if (const PodContainer* spec = pod_->find(container)) subject.field_path = container_field_path(*spec);
  parts_.events->record(subject, warning, std::move(reason), std::move(message));
}

}  // namespace plinth::node
