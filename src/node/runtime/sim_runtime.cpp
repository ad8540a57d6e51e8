#include "node/runtime/sim_runtime.h"

#include <fmt/format.h>

#include <algorithm>

#include "api/quantity.h"
#include "base/text.h"
#include "base/time_text.h"
#include "node/pod/labels.h"
#include "node/runtime/sim_console.h"
#include "node/runtime/sim_exec.h"
#include "node/runtime/sim_script.h"

namespace plinth::node {
namespace {

constexpr std::string_view kPrefix = "sim.plinth.dev/";

std::string annotation(const StringMap& annotations, const std::string& name) {
  const auto it = annotations.find(std::string(kPrefix) + name);
  return it == annotations.end() ? std::string() : it->second;
}

Duration delay_of(const StringMap& annotations, const std::string& name) {
  return parse_duration(annotation(annotations, name)).value_or(Duration(0));
}

bool covers(const StringMap& labels, const StringMap& wanted) {
  for (const auto& [key, value] : wanted) {
    const auto it = labels.find(key);
    if (it == labels.end() || it->second != value) return false;
  }
  return true;
}

std::string label(const StringMap& labels, std::string_view key) {
  const auto it = labels.find(key);
  return it == labels.end() ? std::string() : it->second;
}

Error no_sandbox(const std::string& id) { return Error(Reason::kNotFound, "sandbox \"" + id + "\": not found"); }
Error no_container(const std::string& id) { return Error(Reason::kNotFound, "container \"" + id + "\": not found"); }

}  // namespace

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

SimRuntime::SimRuntime(Loop& loop, Clock& clock, HostFiles& files, SimRuntimeOptions options)
    : loop_(loop), clock_(clock), files_(files), options_(std::move(options)) {}

SimRuntime::~SimRuntime() {
  *alive_ = false;
  for (const auto& [_, container] : containers_) {
    if (container->timer != 0) loop_.cancel(container->timer);
    if (container->kill_timer != 0) loop_.cancel(container->kill_timer);
  }
}

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
  constexpr std::size_t kFirst = 2, kLast = 254;
  for (std::size_t tries = kFirst; tries <= kLast; ++tries) {
    last_address_ = last_address_ >= kLast ? kFirst : last_address_ + 1;
    std::string address = options_.subnet + "." + std::to_string(last_address_);
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
    if (address.empty()) return Error(Reason::kServiceUnavailable, "no address is left in " + options_.subnet + ".0/24");
    entry.status.ips = {std::move(address)};
  }
  TRY(files_.make_directories(config.log_directory, 0755));
  std::string id = entry.status.id;
  tell(EventType::kStarted, id, config.metadata.uid);
  sandboxes_.emplace(id, std::move(entry));
  return id;
}

void SimRuntime::run_sandbox(SandboxConfig config, std::string, Done<std::string> done) {
  const Duration more = delay_of(config.annotations, "sandbox-delay");
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

void SimRuntime::remove_entry(const std::string& id) {
  const auto it = containers_.find(id);
  if (it == containers_.end()) return;
  const ContainerPtr container = it->second;
  if (container->status.state == ContainerState::kRunning) exited(container, 137, "Error");
  tell(EventType::kDeleted, id, container->pod_uid);
  (void)files_.remove(container->status.log_path);
  containers_.erase(id);
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
    for (const auto& [id, entry] : sandboxes_) {
      const Sandbox& sandbox = entry.status;
      if (!filter.id.empty() && filter.id != id) continue;
      if (filter.state && *filter.state != sandbox.state) continue;
      if (covers(sandbox.labels, filter.labels)) out.push_back(sandbox);
    }
    return out;
  });
}

// --- Containers ---

Result<std::string> SimRuntime::make_container(const std::string& sandbox_id, const ContainerConfig& config,
                                               const SandboxConfig& sandbox) {
  const auto found = sandboxes_.find(sandbox_id);
  if (found == sandboxes_.end()) return no_sandbox(sandbox_id);
  if (found->second.status.state != SandboxState::kReady)
    return Error(Reason::kInternalError, "sandbox \"" + sandbox_id + "\" is not ready");
  if (containers_.size() >= options_.containers_max) return Error(Reason::kServiceUnavailable, "too many containers");
  const Image* image = nullptr;
  for (const auto& [name, known] : images_) {
    if (name == config.image || known.id == config.image) image = &known;
  }
  if (image == nullptr) return Error(Reason::kNotFound, "image \"" + config.image + "\": not found");
  for (const auto& [id, other] : containers_) {
    if (other->status.sandbox_id == sandbox_id && other->status.metadata.name == config.metadata.name &&
        other->status.metadata.attempt == config.metadata.attempt)
      return Error(Reason::kAlreadyExists, "the name of the container is reserved for \"" + id + "\"");
  }
  auto entry = std::make_shared<ContainerEntry>();
  entry->config = config;
  entry->pod_annotations = sandbox.annotations;
  entry->hostname = sandbox.hostname;
  entry->pod_uid = sandbox.metadata.uid;
  ContainerStatus& status = entry->status;
  status.id = next_id("c0");
  status.sandbox_id = sandbox_id;
  status.metadata = config.metadata;
  status.image = config.image;
  status.image_ref = image->id;
  status.state = ContainerState::kCreated;
  status.created_ns = clock_.wall_ns();
  status.labels = config.labels;
  status.annotations = config.annotations;
  status.log_path = sandbox.log_directory + "/" + config.log_path;
  status.mounts = config.mounts;
  status.resources = config.resources;
  TRY(files_.make_directories(status.log_path.substr(0, status.log_path.rfind('/')), 0755));
  TRY(files_.write(status.log_path, "", 0640));
  tell(EventType::kCreated, status.id, entry->pod_uid);
  containers_.emplace(status.id, entry);
  return status.id;
}

void SimRuntime::create_container(std::string sandbox_id, ContainerConfig config, SandboxConfig sandbox, Done<std::string> done) {
  const Duration more = delay_of(sandbox.annotations, "create-delay");
  later<std::string>("create_container", more, std::move(done),
                     [this, sandbox_id = std::move(sandbox_id), config = std::move(config), sandbox = std::move(sandbox)] {
                       return make_container(sandbox_id, config, sandbox);
                     });
}

std::string SimRuntime::host_path(const ContainerEntry& container, const std::string& path) const {
  const Mount* best = nullptr;
  for (const Mount& mount : container.config.mounts) {
    const bool inside = path == mount.container_path || path.rfind(mount.container_path + "/", 0) == 0;
    if (inside && (best == nullptr || mount.container_path.size() > best->container_path.size())) best = &mount;
  }
  return best == nullptr ? std::string() : best->host_path + path.substr(best->container_path.size());
}

namespace {

std::vector<std::string> command_of(const ContainerConfig& config, const StringMap& pod_annotations) {
  const std::string script = annotation(pod_annotations, "script." + config.metadata.name);
  if (!script.empty()) return {"sh", "-c", script};
  std::vector<std::string> command = config.command;
  command.insert(command.end(), config.args.begin(), config.args.end());
  return command;
}

constexpr std::size_t kFileBytesMax = 1 << 20;

}  // namespace

Result<void> SimRuntime::begin(const std::string& id) {
  const auto it = containers_.find(id);
  if (it == containers_.end()) return no_container(id);
  const ContainerPtr container = it->second;
  if (container->status.state != ContainerState::kCreated)
    return Error(Reason::kInternalError, "container \"" + id + "\" was started already");
  auto steps = parse_script(command_of(container->config, container->pod_annotations), script_context(*container));
  container->status.started_ns = clock_.wall_ns();
  if (!steps.ok()) {
    container->status.message = steps.error().message();
    exited(container, 128, "StartError");
    return std::move(steps).error();
  }
  container->steps = std::move(*steps);
  container->status.state = ContainerState::kRunning;
  container->console = std::make_shared<SimConsole>(loop_, container->config.has_stdin, container->config.stdin_once);
  container->console->on_input([this, weak = std::weak_ptr<ContainerEntry>(container), alive = alive_] {
    const ContainerPtr there = weak.lock();
    if (there && *alive) play(there);
  });
  tell(EventType::kStarted, id, container->pod_uid);
  loop_.post([this, container, alive = alive_] {
    if (*alive) play(container);
  });
  return {};
}

void SimRuntime::start_container(std::string id, Done<void> done) {
  const auto it = containers_.find(id);
  const Duration more = it == containers_.end() ? Duration(0) : delay_of(it->second->pod_annotations, "start-delay");
  later<void>("start_container", more, std::move(done), [this, id = std::move(id)] { return begin(id); });
}

void SimRuntime::play(const ContainerPtr& container) {
  while (container->status.state == ContainerState::kRunning && container->timer == 0 &&
         container->at < container->steps.size()) {
    const ScriptStep& step = container->steps[container->at++];
    switch (step.kind) {
      case ScriptStep::Kind::kOutput:
        perform(container, container->at - 1);
        break;
      case ScriptStep::Kind::kSleep:
        container->timer = loop_.after(step.duration, [this, container, alive = alive_] {
          if (!*alive) return;
          container->timer = 0;
          play(container);
        });
        return;
      case ScriptStep::Kind::kExit:
        return exited(container, step.code, step.code == 0 ? "Completed" : "Error");
      case ScriptStep::Kind::kRun:
        if (label(container->config.annotations, kRunsToCompletion) == "true") return exited(container, 0, "Completed");
        return;
      case ScriptStep::Kind::kCopyInput:
        if (const std::string text = container->console->take_input(); !text.empty()) log(*container, text, false);
        if (!container->console->input_open()) break;
        --container->at;  // more may be typed
        return;
      case ScriptStep::Kind::kIgnoreTerm:
        container->ignores_term = true;
        break;
      case ScriptStep::Kind::kTermExit:
        container->term_exit = step.code;
        break;
      case ScriptStep::Kind::kFailTimes:
        if (container->status.metadata.attempt < step.count) return exited(container, step.code, "Error");
        break;
    }
  }
}

void SimRuntime::perform(const ContainerPtr& container, std::size_t at) {
  const ScriptStep& step = container->steps[at];
  if (step.file.empty() || step.file == "/dev/stdout") return log(*container, step.text, step.error_output);
  const std::string path = host_path(*container, step.file);
  if (path.empty()) return;  // into the container's own layer, which nobody reads
  for (const Mount& mount : container->config.mounts) {
    if (mount.readonly && step.file.rfind(mount.container_path, 0) == 0)
      return log(*container, "sh: can't create " + step.file + ": Read-only file system\n", true);
  }
  auto written = step.append ? files_.append(path, step.text, 0644) : files_.write(path, step.text, 0644);
  if (!written.ok()) log(*container, "sh: " + written.error().message() + "\n", true);
}

void SimRuntime::log(ContainerEntry& container, std::string_view text, bool error_output) {
  constexpr std::size_t kLineMax = 16384;
  if (container.console) container.console->say(text, error_output);
  const std::string head = format_rfc3339_nano(clock_.wall_ns()) + (error_output ? " stderr " : " stdout ");
  std::string lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const bool cut_here = end > kLineMax;
    const std::size_t take = cut_here ? kLineMax : end;
    const bool partial = cut_here || end == text.size();
    lines += head + (partial ? "P " : "F ");
    lines += text.substr(0, take);
    lines += '\n';
    text.remove_prefix(std::min(take + (cut_here ? 0 : 1), text.size()));
  }
  if (container.log_bytes + lines.size() > options_.log_bytes_max) return;
  container.log_bytes += lines.size();
  (void)files_.append(container.status.log_path, lines, 0640);
}

void SimRuntime::exited(const ContainerPtr& container, std::int32_t code, const std::string& reason) {
  ContainerStatus& status = container->status;
  if (status.state == ContainerState::kExited) return;
  for (TimerId* timer : {&container->timer, &container->kill_timer}) {
    if (*timer != 0) loop_.cancel(std::exchange(*timer, 0));
  }
  status.state = ContainerState::kExited;
  status.exit_code = code;
  status.reason = reason;
  status.finished_ns = clock_.wall_ns();
  tell(EventType::kStopped, status.id, container->pod_uid);
  if (container->console) container->console->end();
  for (Done<void>& done : std::exchange(container->waiting_for_end, {})) answer<void>(std::move(done), Result<void>());
}

void SimRuntime::end_container(const std::string& id, std::int32_t exit_code, const std::string& reason) {
  const auto it = containers_.find(id);
  if (it == containers_.end() || it->second->status.state != ContainerState::kRunning) return;
  exited(it->second, exit_code, !reason.empty() ? reason : exit_code == 0 ? "Completed" : "Error");
}

void SimRuntime::terminate(const ContainerPtr& container) {
  if (container->ignores_term) return;
  const std::int32_t code = container->term_exit.value_or(143);
  exited(container, code, code == 0 ? "Completed" : "Error");
}

void SimRuntime::stop_container(std::string id, Duration grace, Done<void> done) {
  auto finish = std::make_shared<Done<void>>(std::move(done));
  loop_.after(options_.latency, [this, id = std::move(id), grace, finish, alive = alive_] {
    if (!*alive) return;
    if (fault_) {
      if (auto fault = fault_("stop_container"); !fault.ok()) return (*finish)(std::move(fault).error());
    }
    const auto it = containers_.find(id);
    if (it == containers_.end()) return (*finish)(no_container(id));
    const ContainerPtr container = it->second;
    if (container->status.state != ContainerState::kRunning) return (*finish)({});
    container->waiting_for_end.emplace_back([finish](Result<void> ended) { (*finish)(std::move(ended)); });
    const std::int64_t kill_at = clock_.monotonic_ns() + grace.count();
    if (container->kill_timer != 0 && container->kill_at_ns <= kill_at) return;
    if (container->kill_timer != 0) loop_.cancel(std::exchange(container->kill_timer, 0));
    container->kill_at_ns = kill_at;
    if (grace.count() <= 0) return exited(container, 137, "Error");
    terminate(container);
    if (container->status.state != ContainerState::kRunning) return;
    container->kill_timer = loop_.after(grace, [this, container, alive = alive_] {
      if (!*alive) return;
      container->kill_timer = 0;
      exited(container, 137, "Error");
    });
  });
}

void SimRuntime::remove_container(std::string id, Done<void> done) {
  later<void>("remove_container", Duration(0), std::move(done), [this, id = std::move(id)]() -> Result<void> {
    remove_entry(id);
    return {};
  });
}

void SimRuntime::container_status(std::string id, Done<ContainerStatus> done) {
  later<ContainerStatus>("container_status", Duration(0), std::move(done), [this, id = std::move(id)]() -> Result<ContainerStatus> {
    const auto it = containers_.find(id);
    if (it == containers_.end()) return no_container(id);
    return it->second->status;
  });
}

namespace {

bool matches(const ContainerStatus& container, const ContainerFilter& filter) {
  if (!filter.id.empty() && filter.id != container.id) return false;
  if (!filter.sandbox_id.empty() && filter.sandbox_id != container.sandbox_id) return false;
  if (filter.state && *filter.state != container.state) return false;
  return covers(container.labels, filter.labels);
}

}  // namespace

void SimRuntime::list_containers(ContainerFilter filter, Done<std::vector<Container>> done) {
  later<std::vector<Container>>("list_containers", Duration(0), std::move(done), [this, filter = std::move(filter)] {
    std::vector<Container> out;
    for (const auto& [_, entry] : containers_) {
      if (matches(entry->status, filter)) out.push_back(entry->status);
    }
    return out;
  });
}

void SimRuntime::update_resources(std::string id, LinuxResources resources, Done<void> done) {
  later<void>("update_resources", Duration(0), std::move(done), [this, id = std::move(id), resources]() -> Result<void> {
    const auto it = containers_.find(id);
    if (it == containers_.end()) return no_container(id);
    it->second->status.resources = resources;
    return {};
  });
}

void SimRuntime::reopen_log(std::string id, Done<void> done) {
  later<void>("reopen_log", Duration(0), std::move(done), [this, id = std::move(id)]() -> Result<void> {
    const auto it = containers_.find(id);
    if (it == containers_.end()) return no_container(id);
    it->second->log_bytes = 0;
    return files_.write(it->second->status.log_path, "", 0640);
  });
}

ScriptContext SimRuntime::script_context(const ContainerEntry& container) const {
  ScriptContext context;
  context.envs = container.config.envs;
  context.hostname = container.hostname;
  context.read = [this, &container](const std::string& path) -> Result<std::string> {
    const std::string host = host_path(container, path);
    auto text = host.empty() ? Result<std::string>(Error(Reason::kNotFound, "")) : files_.read(host, 0, kFileBytesMax);
    if (!text.ok()) return Error(Reason::kNotFound, "can't open '" + path + "': No such file or directory");
    return text;
  };
  context.list = [this, &container](const std::string& path) -> Result<std::string> {
    const std::string host = host_path(container, path);
    auto entries = host.empty() ? Result<std::vector<DirectoryEntry>>(Error(Reason::kNotFound, "")) : files_.list(host);
    if (!entries.ok()) return Error(Reason::kNotFound, path + ": No such file or directory");
    std::string out;
    for (const DirectoryEntry& entry : *entries) {
      if (entry.name.front() != '.') out += entry.name + "\n";
    }
    return out;
  };
  return context;
}

// --- Exec ---

void SimRuntime::exec_sync(std::string id, std::vector<std::string> command, Duration timeout, Done<ExecResult> done) {
  auto finish = std::make_shared<Done<ExecResult>>(std::move(done));
  loop_.after(options_.latency, [this, id = std::move(id), command = std::move(command), timeout, finish, alive = alive_] {
    if (!*alive) return;
    if (fault_) {
      if (auto fault = fault_("exec_sync"); !fault.ok()) return (*finish)(std::move(fault).error());
    }
    const auto it = containers_.find(id);
    if (it == containers_.end()) return (*finish)(no_container(id));
    if (it->second->status.state != ContainerState::kRunning)
      return (*finish)(Error(Reason::kInternalError, "container \"" + id + "\" is not running"));
    auto steps = parse_script(command, script_context(*it->second));
    if (!steps.ok()) return (*finish)(std::move(steps).error());
    auto outcome = std::make_shared<ExecOutcome>(exec_outcome(*steps, ""));
    const bool late = timeout.count() > 0 && outcome->duration > timeout;
    loop_.after(late ? timeout : outcome->duration, [finish, outcome, late, alive] {
      if (!*alive) return;
      if (late) return (*finish)(Error(Reason::kTimeout, "the command timed out"));
      (*finish)(std::move(outcome->result));
    });
  });
}

void SimRuntime::exec(ExecRequest request, Done<std::unique_ptr<ProcessStream>> done) {
  using Answer = std::unique_ptr<ProcessStream>;
  later<Answer>("exec", Duration(0), std::move(done), [this, request = std::move(request)]() -> Result<Answer> {
    const auto it = containers_.find(request.container_id);
    if (it == containers_.end()) return no_container(request.container_id);
    if (it->second->status.state != ContainerState::kRunning)
      return Error(Reason::kInternalError, "container \"" + request.container_id + "\" is not running");
    auto steps = TRY(parse_script(request.command, script_context(*it->second)));
    return make_sim_process(loop_, std::move(steps), request.standard_input);
  });
}

void SimRuntime::attach(AttachRequest request, Done<std::unique_ptr<ProcessStream>> done) {
  using Answer = std::unique_ptr<ProcessStream>;
  later<Answer>("attach", Duration(0), std::move(done), [this, request = std::move(request)]() -> Result<Answer> {
    const auto it = containers_.find(request.container_id);
    if (it == containers_.end()) return no_container(request.container_id);
    if (it->second->status.state != ContainerState::kRunning)
      return Error(Reason::kInternalError, "container \"" + request.container_id + "\" is not running");
    return it->second->console->attach(request.standard_input);
  });
}

void SimRuntime::port_forward(std::string sandbox_id, std::uint16_t port, Done<std::unique_ptr<Stream>> done) {
  using Answer = std::unique_ptr<Stream>;
  later<Answer>("port_forward", Duration(0), std::move(done), [this, sandbox_id = std::move(sandbox_id), port]() -> Result<Answer> {
    const auto it = sandboxes_.find(sandbox_id);
    if (it == sandboxes_.end()) return Error(Reason::kNotFound, "sandbox \"" + sandbox_id + "\" is not there");
    const std::string script = annotation(it->second.config.annotations, "port." + std::to_string(port));
    if (script.empty()) return Error(Reason::kServiceUnavailable, "connect to 127.0.0.1:" + std::to_string(port) + ": Connection refused");
    ScriptContext context;
    context.hostname = it->second.config.hostname;
    context.read = context.list = [](const std::string& path) -> Result<std::string> { return Error(Reason::kNotFound, path + ": No such file or directory"); };
    return make_sim_connection(loop_, TRY(parse_script({"sh", "-c", script}, context)));
  });
}

// --- Statistics and images ---

void SimRuntime::list_container_stats(ContainerFilter filter, Done<std::vector<ContainerStats>> done) {
  later<std::vector<ContainerStats>>("list_container_stats", Duration(0), std::move(done), [this, filter = std::move(filter)] {
    std::vector<ContainerStats> out;
    const std::int64_t now_ns = clock_.wall_ns();
    for (const auto& [id, container] : containers_) {
      const auto& entry = container;
      if (entry->status.state != ContainerState::kRunning || !matches(entry->status, filter)) continue;
      const auto amount = [&](const char* what, const char* otherwise) {
        const std::string text = annotation(entry->pod_annotations, what + ("." + entry->status.metadata.name));
        auto quantity = api::Quantity::parse(text.empty() ? otherwise : text);
        return quantity.ok() ? *quantity : api::Quantity();
      };
      ContainerStats stats;
      stats.id = id;
      stats.name = entry->status.metadata.name;
      stats.labels = entry->status.labels;
      stats.timestamp_ns = now_ns;
      const std::int64_t milli = amount("cpu", "1m").milli_value();
      stats.cpu_usage_nano_cores = static_cast<std::uint64_t>(milli) * 1'000'000;
      const auto lived = static_cast<__int128>(now_ns - entry->status.started_ns);
      stats.cpu_usage_core_ns = static_cast<std::uint64_t>(lived * std::max<std::int64_t>(milli, 0) / 1000);
      stats.memory_working_set_bytes = static_cast<std::uint64_t>(amount("memory", "4Mi").value());
      stats.memory_usage_bytes = stats.memory_rss_bytes = stats.memory_working_set_bytes;
      out.push_back(std::move(stats));
    }
    return out;
  });
}

void SimRuntime::image_status(std::string image, Done<std::optional<Image>> done) {
  later<std::optional<Image>>("image_status", Duration(0), std::move(done), [this, image = std::move(image)] {
    std::optional<Image> found;
    for (const auto& [name, known] : images_) {
      if (name == image || known.id == image) found = known;
    }
    return found;
  });
}

void SimRuntime::list_images(Done<std::vector<Image>> done) {
  later<std::vector<Image>>("list_images", Duration(0), std::move(done), [this] {
    std::vector<Image> out;
    for (const auto& [_, image] : images_) out.push_back(image);
    return out;
  });
}

void SimRuntime::pull_image(std::string image, ImageAuth, SandboxConfig sandbox, Done<std::string> done) {
  const Duration more = delay_of(sandbox.annotations, "pull-delay");
  later<std::string>("pull_image", more, std::move(done), [this, image = std::move(image)]() -> Result<std::string> {
    if (names_nothing(image)) {
      return Error(Reason::kNotFound, "failed to pull and unpack image \"" + image + "\": failed to resolve reference \"" + image +
                                          "\": " + image + ": not found");
    }
    constexpr std::size_t kImagesMax = 10'000;
    if (images_.size() >= kImagesMax) return Error(Reason::kInsufficientStorage, "too many images");
    std::uint64_t hash = 1469598103934665603ull;
    for (const char c : image) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ull;
    Image& known = images_[image];
    known.id = fmt::format("sha256:{0:016x}{1:016x}{2:016x}{3:016x}", hash, hash * 3, hash * 5, hash * 7);
    known.tags = {image};
    known.size_bytes = 4 << 20;
    return known.id;
  });
}

void SimRuntime::remove_image(std::string image, Done<void> done) {
  later<void>("remove_image", Duration(0), std::move(done), [this, image = std::move(image)]() -> Result<void> {
    images_.erase(image);
    return {};
  });
}

void SimRuntime::image_filesystem(Done<FilesystemUsage> done) {
  later<FilesystemUsage>("image_filesystem", Duration(0), std::move(done), [this] {
    FilesystemUsage usage;
    usage.timestamp_ns = clock_.wall_ns();
    usage.mountpoint = "/";
    for (const auto& [_, image] : images_) usage.used_bytes += image.size_bytes;
    return usage;
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
  const std::string rule = annotation(container.pod_annotations, "probe." + container.status.metadata.name);
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
