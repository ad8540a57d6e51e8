// Containers of a CRI runtime; calls about one of them are made in order.
#include "cri/cri_driver.h"
#include "cri/image_mounts.h"

namespace plinth::cri {

void CriRuntime::create_container(std::string sandbox_id, node::ContainerConfig config, node::SandboxConfig sandbox,
                                  Done<std::string> done) {
  if (!config.stop_signal.empty()) {
    return refuse(std::move(done),
                  Error(Reason::kBadRequest, fmt::format("lifecycle.stopSignal: {}: the container runtime uses the image's "
                                                         "own signal only",
                                                         config.stop_signal)));
  }
  if (!has_image_mounts(config.mounts)) return send_create(std::move(sandbox_id), config, sandbox, std::move(done));
  version([this, sandbox_id = std::move(sandbox_id), config = std::move(config), sandbox = std::move(sandbox),
           done = std::make_shared<Done<std::string>>(std::move(done))](Result<node::RuntimeVersion> told) {
    if (!told.ok()) return (*done)(std::move(told).error());
    if (auto able = check_image_mounts(*told, config.mounts); !able.ok()) return (*done)(std::move(able).error());
    send_create(sandbox_id, config, sandbox, [done](Result<std::string> id) { (*done)(std::move(id)); });
  });
}

void CriRuntime::send_create(std::string sandbox_id, const node::ContainerConfig& config, const node::SandboxConfig& sandbox,
                             Done<std::string> done) {
  wire::CreateContainerRequest request;
  request.set_pod_sandbox_id(sandbox_id);
  fill(*request.mutable_config(), config);
  mark(*request.mutable_config()->mutable_annotations());
  fill(*request.mutable_sandbox_config(), sandbox);
  mark(*request.mutable_sandbox_config()->mutable_annotations());
  call<wire::CreateContainerResponse>(*channel_, runtime_path("CreateContainer"), request, kCallTimeout, std::move(done),
                                      [this, uid = sandbox.metadata.uid, sandbox_id](const wire::CreateContainerResponse& r) {
                                        pod_uids_[r.container_id()] = uid;
                                        sandbox_ids_[r.container_id()] = sandbox_id;
                                        return r.container_id();
                                      });
}

void CriRuntime::start_container(std::string id, Done<void> done) {
  order_.run(
      id, [this, id, done = in_turn(std::move(done))](Task next) { send_about(id, "StartContainer", done, std::move(next)); });
}

void CriRuntime::stop_container(std::string id, Duration grace, Done<void> done) {
  order_.run(id, [this, id, grace, done = in_turn(std::move(done))](Task next) {
    wire::StopContainerRequest request;
    request.set_container_id(id);
    request.set_timeout(whole_seconds(grace));
    call<wire::Empty>(*channel_, runtime_path("StopContainer"), request, grace + kCallTimeout,
                      gone_is_done([done](Result<void> outcome) { (*done)(std::move(outcome)); }), kNothing);
    next();
  });
}

void CriRuntime::remove_container(std::string id, Done<void> done) {
  order_.run(id, [this, id, done = in_turn(std::move(done))](Task next) {
    auto gone = std::make_shared<Done<void>>(gone_is_done([this, id, done](Result<void> outcome) {
      if (outcome.ok()) forget(id);
      (*done)(std::move(outcome));
    }));
    send_about(id, "RemoveContainer", gone, std::move(next));
  });
}

void CriRuntime::reopen_log(std::string id, Done<void> done) {
  order_.run(id, [this, id, done = in_turn(std::move(done))](Task next) {
    send_about(id, "ReopenContainerLog", done, std::move(next));
  });
}

void CriRuntime::update_resources(std::string id, node::LinuxResources resources, Done<void> done) {
  order_.run(id, [this, id, resources = std::move(resources), done = in_turn(std::move(done))](Task next) {
    wire::UpdateContainerResourcesRequest request;
    request.set_container_id(id);
    fill(*request.mutable_linux_config(), resources);
    send(runtime_path("UpdateContainerResources"), request, done, std::move(next));
  });
}

void CriRuntime::container_status(std::string id, Done<node::ContainerStatus> done) {
  wire::ContainerStatusRequest request;
  request.set_container_id(id);
  // The sandbox is not told by the call; it is remembered, or else listed.
  const auto known = sandbox_ids_.find(id);
  if (known == sandbox_ids_.end()) return find_sandbox_first(std::move(id), std::move(done));
  call<wire::ContainerStatusResponse>(*channel_, runtime_path("ContainerStatus"), request, kCallTimeout, std::move(done),
                                      [sandbox = known->second](const wire::ContainerStatusResponse& r) {
                                        node::ContainerStatus status = read(r.status());
                                        unmark(status.annotations);
                                        status.sandbox_id = sandbox;
                                        return status;
                                      });
}

void CriRuntime::list_containers(node::ContainerFilter filter, Done<std::vector<node::Container>> done) {
  wire::ListContainersRequest request;
  fill(*request.mutable_filter(), filter);
  call<wire::ListContainersResponse>(*channel_, runtime_path("ListContainers"), request, kCallTimeout, std::move(done),
                                     [this](const wire::ListContainersResponse& r) {
                                       std::vector<node::Container> out;
                                       for (const auto& item : r.containers()) {
                                         node::Container container = read(item);
                                         if (!is_ours(container.annotations)) continue;
                                         unmark(container.annotations);
                                         learn(container);
                                         out.push_back(std::move(container));
                                       }
                                       return out;
                                     });
}

void CriRuntime::list_container_stats(node::ContainerFilter filter, Done<std::vector<node::ContainerStats>> done) {
  wire::ListContainerStatsRequest request;
  request.mutable_filter()->set_id(filter.id);
  request.mutable_filter()->set_pod_sandbox_id(filter.sandbox_id);
  for (const auto& [key, value] : filter.labels) (*request.mutable_filter()->mutable_label_selector())[key] = value;
  call<wire::ListContainerStatsResponse>(*channel_, runtime_path("ListContainerStats"), request, kCallTimeout, std::move(done),
                                         [](const wire::ListContainerStatsResponse& r) {
                                           std::vector<node::ContainerStats> out;
                                           for (const auto& one : r.stats()) out.push_back(read(one));
                                           return out;
                                         });
}

void CriRuntime::send(std::string path, const google::protobuf::MessageLite& request, std::shared_ptr<Done<void>> done,
                      Task next) {
  call<wire::Empty>(
      *channel_, std::move(path), request, kCallTimeout,
      Done<void>([done = std::move(done), next = std::move(next), alive = std::weak_ptr<bool>(alive_)](Result<void> outcome) {
        (*done)(std::move(outcome));
        if (!alive.expired()) next();
      }),
      kNothing);
}

void CriRuntime::send_about(const std::string& id, std::string_view method, std::shared_ptr<Done<void>> done, Task next) {
  wire::ContainerRequest request;
  request.set_container_id(id);
  send(runtime_path(method), request, std::move(done), std::move(next));
}

void CriRuntime::learn(const node::Container& container) {
  sandbox_ids_[container.id] = container.sandbox_id;
  const auto uid = pod_uids_.find(container.sandbox_id);
  if (uid != pod_uids_.end()) pod_uids_[container.id] = std::string(uid->second);
}

void CriRuntime::forget(const std::string& id) {
  sandbox_ids_.erase(id);
  pod_uids_.erase(id);
}

void CriRuntime::find_sandbox_first(std::string id, Done<node::ContainerStatus> done) {
  node::ContainerFilter filter;
  filter.id = id;
  list_containers(std::move(filter), [this, id, done = std::make_shared<Done<node::ContainerStatus>>(std::move(done))](
                                         Result<std::vector<node::Container>> listed) {
    if (!listed.ok()) return (*done)(std::move(listed).error());
    if (listed->empty()) return (*done)(Error(Reason::kNotFound, fmt::format("no container {}", id)));
    container_status(listed->front().id, [done](Result<node::ContainerStatus> status) { (*done)(std::move(status)); });
  });
}

}  // namespace plinth::cri
