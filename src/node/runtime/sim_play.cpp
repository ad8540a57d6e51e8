// What a container of the virtual runtime does from its start to its end.
#include "base/time_text.h"
#include "node/pod/labels.h"
#include "node/runtime/sim_runtime_parts.h"

namespace plinth::node {
namespace {

std::string label(const StringMap& labels, std::string_view key) {
  const auto it = labels.find(key);
  return it == labels.end() ? std::string() : it->second;
}

std::vector<std::string> command_of(const ContainerConfig& config, const StringMap& pod_annotations) {
  const std::string script = sim_annotation(pod_annotations, "script." + config.metadata.name);
  if (!script.empty()) return {"sh", "-c", script};
  std::vector<std::string> command = config.command;
  command.insert(command.end(), config.args.begin(), config.args.end());
  return command;
}

// Kubernetes' own image of a program that only waits, as tests and placeholders use it: the one program known by its image.
bool pauses(const ContainerConfig& config) {
  if (!config.command.empty() || !config.args.empty()) return false;
  std::string_view name = config.user_specified_image;
  name = name.substr(name.rfind('/') + 1);
  return name.substr(0, name.find_first_of(":@")) == "pause";
}

constexpr std::size_t kFileBytesMax = 1 << 20;

}  // namespace

std::string SimRuntime::host_path(const ContainerEntry& container, const std::string& path) const {
  const Mount* best = nullptr;
  for (const Mount& mount : container.config.mounts) {
    const bool inside = path == mount.container_path || path.rfind(mount.container_path + "/", 0) == 0;
    if (inside && (best == nullptr || mount.container_path.size() > best->container_path.size())) best = &mount;
  }
  return best == nullptr ? std::string() : best->host_path + path.substr(best->container_path.size());
}

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
        if (label(container->config.annotations, kRunsToCompletion) == "true" && !pauses(container->config))
          return exited(container, 0, "Completed");
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
  if (reason == "OOMKilled") tell(EventType::kOutOfMemory, status.id, container->pod_uid);
  if (container->console) container->console->end();
  for (Done<void>& done : std::exchange(container->waiting_for_end, {})) answer<void>(std::move(done), Result<void>());
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

}  // namespace plinth::node
