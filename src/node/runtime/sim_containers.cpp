// The life of containers in the virtual runtime, as its caller asks for it.
#include "node/runtime/sim_runtime_parts.h"

namespace plinth::node {

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
  TRY(mount_images(entry->config));
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

void SimRuntime::create_container(std::string sandbox_id, ContainerConfig config, SandboxConfig sandbox,
                                  Done<std::string> done) {
  const Duration more = sim_delay(sandbox.annotations, "create-delay");
  later<std::string>("create_container", more, std::move(done),
                     [this, sandbox_id = std::move(sandbox_id), config = std::move(config), sandbox = std::move(sandbox)] {
                       return make_container(sandbox_id, config, sandbox);
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

void SimRuntime::start_container(std::string id, Done<void> done) {
  const auto it = containers_.find(id);
  const Duration more = it == containers_.end() ? Duration(0) : sim_delay(it->second->pod_annotations, "start-delay");
  later<void>("start_container", more, std::move(done), [this, id = std::move(id)] { return begin(id); });
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
  later<ContainerStatus>(
      "container_status", Duration(0), std::move(done), [this, id = std::move(id)]() -> Result<ContainerStatus> {
        const auto it = containers_.find(id);
        if (it == containers_.end()) return no_container(id);
        ContainerStatus status = it->second->status;
        if (status.state == ContainerState::kExited && clock_.wall_ns() - status.finished_ns < status_lag_.count()) {
          status.state = ContainerState::kRunning;
          status.finished_ns = status.exit_code = 0;
          status.reason.clear();
        } else if (status.reason == "OOMKilled" && clock_.wall_ns() - status.finished_ns < 2 * status_lag_.count()) {
          status.reason = "Error";
        }
        return status;
      });
}

void SimRuntime::list_containers(ContainerFilter filter, Done<std::vector<Container>> done) {
  later<std::vector<Container>>("list_containers", Duration(0), std::move(done), [this, filter = std::move(filter)] {
    std::vector<Container> out;
    const PodFilter pod(filter.labels);
    for (const auto& [_, entry] : containers_) {
      if (pod.takes(entry->pod_uid) && matches(entry->status, filter)) out.push_back(entry->status);
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

}  // namespace plinth::node
