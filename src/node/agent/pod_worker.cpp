#include "node/agent/pod_worker.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/json.h"
#include "base/text.h"
#include "base/time_text.h"
#include "node/agent/event_recorder.h"
#include "node/agent/image_manager.h"
#include "node/agent/pod_groups.h"
#include "node/pod/container_config.h"
#include "node/pod/labels.h"
#include "node/pod/pod_status.h"

namespace plinth::node {
namespace {

constexpr std::string_view kOomKilled = "OOMKilled";  // as runtimes call it

}  // namespace

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

// --- Looking ---

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

void PodWorker::stop_sandbox(const std::string& id) {
  memory_.sandbox.busy = true;
  parts_.runtime->stop_sandbox(id, guarded([this](Result<void> outcome) {
                                 // What is not there is stopped.
                                 if (!outcome.ok() && outcome.error().reason() == Reason::kNotFound) outcome = Result<void>();
                                 stale_ = true;  // its containers ended with it
                                 end_step(memory_.sandbox, outcome, "FailedKillPod");
                               }));
}

void PodWorker::kill_container(const Action& action) {
  ContainerMemory& memory = memory_.of(action.container);
  const bool first = memory.kill_by_ns == 0;
  memory.kill_by_ns = now() + action.grace_s * kSecond;
  if (first) event(false, "Killing", action.text, action.container);
  const PodContainer* container = pod_->find(action.container);
  const Value hook = container == nullptr ? Value() : container->spec["lifecycle"]["preStop"];
  if (!first || !hook.is_object()) return stop_container(action.container, action.id, action.grace_s);
  const std::int64_t began = now();
  const Duration grace = std::chrono::seconds(action.grace_s);
  // A hook that does not come back takes the whole grace and no more.
  auto over = std::make_shared<bool>(false);
  auto go_on = [this, over, began, grace_s = action.grace_s, name = action.container,
                id = action.id](const std::string& problem) {
    if (std::exchange(*over, true)) return;
    if (!problem.empty()) event(true, "FailedPreStopHook", problem, name);
    stop_container(name, id, std::max(kGraceMin, grace_s - (now() - began) / kSecond));
  };
  run_handler(parts_, handler_target(action.container, action.id), hook, grace, guarded([go_on](Result<ProbeAnswer> answer) {
                if (!answer.ok()) return go_on("PreStopHook failed: " + answer.error().message());
                go_on(answer->outcome == ProbeOutcome::kFailure ? "PreStopHook failed: " + answer->text : "");
              }));
  parts_.loop->after(grace, guarded([go_on] { go_on("PreStopHook did not end within the grace period"); }));
}

void PodWorker::stop_container(const std::string& container, const std::string& id, std::int64_t grace_s) {
  parts_.runtime->stop_container(
      id, std::chrono::seconds(grace_s), guarded([this, container, id](Result<void> outcome) {
        ContainerMemory& memory = memory_.of(container);
        if (!outcome.ok() && outcome.error().reason() != Reason::kNotFound) {
          memory.kill_by_ns = 0;
          memory.kill_retry_at_ns = now() + kRetryFirst;
          event(true, "FailedKillPod", "error killing container " + container + ": " + outcome.error().message(), container);
        } else {
          memory.kill_by_ns = 0;
        }
        look_at(id);
      }));
}

void PodWorker::tear_down() {
  memory_.teardown.busy = true;
  parts_.images->forget(pod_->uid);
  parts_.volumes->tear_down(pod_->uid, guarded([this](Result<void> outcome) {
                              memory_.teardown.done = outcome.ok();
                              if (outcome.ok()) {
                                memory_.volumes.done = false;
                                volumes_.clear();
                              }
                              end_step(memory_.teardown, outcome, "FailedUnMount");
                            }));
}

void PodWorker::delete_object() {
  memory_.deletion.busy = true;
  const std::string path = client::object_path(pod_->object.resource, pod_->name_space, pod_->name);
  std::string body = R"({"kind":"DeleteOptions","apiVersion":"v1","gracePeriodSeconds":0,"preconditions":{"uid":)";
  append_json_string(body, pod_->uid);
  body += "}}";
  parts_.transport->call(
      {"DELETE", path, "", std::move(body)}, guarded([this](Result<client::Response> response) {
        auto outcome = response.ok() ? client::check_response(*response) : Result<void>(std::move(response).error());
        if (!outcome.ok() && (outcome.error().reason() == Reason::kNotFound || outcome.error().reason() == Reason::kConflict))
          outcome = Result<void>();
        if (pod_->gone) return;
        // It is gone for good once the view says so. Finalizers may keep it: then it is asked for again, slowly.
        memory_.deletion.retry_at_ns = now() + 30 * kSecond;
        memory_.deletion.busy = false;
        if (!outcome.ok()) end_step(memory_.deletion, outcome, nullptr);
      }));
}

// Sandboxes go with their containers, then the logs; then nothing is left.
void PodWorker::forget() {
  memory_.deletion.busy = true;
  if (seen_.sandboxes.empty()) {
    forgotten_ = true;
    const std::string logs = pod_log_directory(parts_.config, *pod_);
    HostFiles* files = parts_.files;
    // It does not matter when this is done, or whether: nobody looks for them any more.
    (void)parts_.pool->run([files, logs] { (void)files->remove_all(logs); });
    parts_.loop->post([ended = ended_, uid = pod_->uid] { ended(uid); });
    return;
  }
  parts_.runtime->remove_sandbox(seen_.sandboxes.back().id, guarded([this](Result<void> outcome) {
                                   stale_ = true;
                                   end_step(memory_.deletion, outcome, nullptr);
                                 }));
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
