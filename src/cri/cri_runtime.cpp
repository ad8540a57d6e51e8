#include "cri/cri_runtime.h"

#include <algorithm>

#include <fmt/core.h>

#include "base/json.h"
#include "cri/call.h"
#include "cri/call_order.h"
#include "cri/cgroups.h"
#include "cri/event_watch.h"
#include "cri/exec_stream.h"
#include "cri/image_mounts.h"
#include "cri/messages.h"
#include "cri/streaming_url.h"

namespace plinth::cri {
namespace {

using node::Done;

constexpr std::string_view kInstanceAnnotation = "plinth.dev/instance";
constexpr Duration kSandboxTimeout = std::chrono::minutes(4);  // as the kubelet: its image may have to be pulled
constexpr Duration kPullTimeout = std::chrono::minutes(30);
constexpr Duration kForwardTimeout = std::chrono::seconds(10);

std::string runtime_path(std::string_view method) { return fmt::format("/runtime.v1.RuntimeService/{}", method); }
std::string image_path(std::string_view method) { return fmt::format("/runtime.v1.ImageService/{}", method); }

constexpr auto kNothing = [](const auto&) {};

std::int64_t whole_seconds(Duration duration) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  return std::max<std::int64_t>(0, (duration.count() + kSecond - 1) / kSecond);
}

// What the verbose status of containerd and CRI-O tells of a sandbox, in its OCI spec.
struct SandboxFacts {
  std::string network_namespace;  // a path
  std::string cgroup_parent;
};

SandboxFacts read_facts(const wire::PodSandboxStatusResponse& response) {
  SandboxFacts facts;
  const auto info = response.info().find("info");
  if (info == response.info().end()) return facts;
  const auto parsed = parse_json(info->second);
  if (!parsed.ok()) return facts;
  const Value on_linux = parsed->root()["runtimeSpec"]["linux"];
  for (const Value& one : on_linux["namespaces"].items()) {
    if (one["type"].as_string() == "network") facts.network_namespace = one["path"].as_string();
  }
  const std::string_view group = on_linux["cgroupsPath"].as_string();
  // A systemd path ("slice:prefix:name") is systemd's to remove.
  if (group.starts_with('/') && group.rfind('/') > 0) facts.cgroup_parent = group.substr(0, group.rfind('/'));
  return facts;
}

class CriRuntime final : public node::Runtime {
 public:
  CriRuntime(CriParts parts, CriOptions options)
      : parts_(std::move(parts)),
        options_(std::move(options)),
        channel_(net::make_grpc_channel(*parts_.loop, *parts_.network, *parts_.clock, options_.address)) {}

  void version(Done<node::RuntimeVersion> done) override {
    wire::VersionRequest request;
    request.set_version("v1");
    call<wire::VersionResponse>(*channel_, runtime_path("Version"), request, kCallTimeout, std::move(done),
                                [](const wire::VersionResponse& r) {
                                  return node::RuntimeVersion{r.runtime_name(), r.runtime_version(), r.runtime_api_version()};
                                });
  }

  void status(Done<node::RuntimeStatus> done) override {
    call<wire::StatusResponse>(*channel_, runtime_path("Status"), wire::StatusRequest(), kCallTimeout, std::move(done),
                               [](const wire::StatusResponse& r) {
                                 node::RuntimeStatus status;
                                 for (const auto& c : r.status().conditions()) {
                                   status.conditions.push_back({c.type(), c.status(), c.reason(), c.message()});
                                 }
                                 for (const auto& handler : r.runtime_handlers()) status.handlers.push_back(handler.name());
                                 return status;
                               });
  }

  std::string_view id_scheme() const override { return options_.id_scheme; }

  void watch(std::function<void(const node::RuntimeEvent&)> on_event) override {
    watch_.reset();
    if (!on_event) return;
    watch_ = watch_events(*channel_, *parts_.loop, [this, on_event = std::move(on_event)](node::RuntimeEvent event) {
      const auto found = pod_uids_.find(event.id);
      if (found != pod_uids_.end()) event.pod_uid = found->second;
      on_event(event);
    });
  }

  // --- Sandboxes

  void run_sandbox(node::SandboxConfig config, std::string runtime_handler, Done<std::string> done) override {
    wire::RunPodSandboxRequest request;
    fill(*request.mutable_config(), config);
    mark(*request.mutable_config()->mutable_annotations());
    request.set_runtime_handler(runtime_handler);
    call<wire::RunPodSandboxResponse>(*channel_, runtime_path("RunPodSandbox"), request, kSandboxTimeout, std::move(done),
                                      [this, uid = config.metadata.uid](const wire::RunPodSandboxResponse& r) {
                                        pod_uids_[r.pod_sandbox_id()] = uid;
                                        return r.pod_sandbox_id();
                                      });
  }

  void stop_sandbox(std::string id, Done<void> done) override {
    wire::StopPodSandboxRequest request;
    request.set_pod_sandbox_id(id);
    call<wire::Empty>(*channel_, runtime_path("StopPodSandbox"), request, kSandboxTimeout, gone_is_done(std::move(done)),
                      kNothing);
  }

  void remove_sandbox(std::string id, Done<void> done) override {
    // The control group is told by the status only, while the sandbox is there.
    if (parts_.pool == nullptr || facts_.count(id) > 0) return remove_known_sandbox(std::move(id), std::move(done));
    sandbox_status(id, [this, id, done = std::make_shared<Done<void>>(std::move(done))](Result<node::SandboxStatus>) {
      remove_known_sandbox(id, [done](Result<void> outcome) { (*done)(std::move(outcome)); });
    });
  }

  void remove_known_sandbox(std::string id, Done<void> done) {
    wire::RemovePodSandboxRequest request;
    request.set_pod_sandbox_id(id);
    call<wire::Empty>(*channel_, runtime_path("RemovePodSandbox"), request, kCallTimeout, gone_is_done(std::move(done)),
                      [this, id](const wire::Empty&) { forget_sandbox(id); });
  }

  void sandbox_status(std::string id, Done<node::SandboxStatus> done) override {
    wire::PodSandboxStatusRequest request;
    request.set_pod_sandbox_id(id);
    request.set_verbose(facts_.count(id) == 0);
    call<wire::PodSandboxStatusResponse>(*channel_, runtime_path("PodSandboxStatus"), request, kCallTimeout, std::move(done),
                                         [this, id](const wire::PodSandboxStatusResponse& r) {
                                           node::SandboxStatus status = read(r.status());
                                           unmark(status.annotations);
                                           const SandboxFacts& facts = facts_.try_emplace(id, read_facts(r)).first->second;
                                           if (status.state == node::SandboxState::kReady)
                                             status.network_namespace = facts.network_namespace;
                                           return status;
                                         });
  }

  void list_sandboxes(node::SandboxFilter filter, Done<std::vector<node::Sandbox>> done) override {
    wire::ListPodSandboxRequest request;
    fill(*request.mutable_filter(), filter);
    call<wire::ListPodSandboxResponse>(*channel_, runtime_path("ListPodSandbox"), request, kCallTimeout, std::move(done),
                                       [this](const wire::ListPodSandboxResponse& r) {
                                         std::vector<node::Sandbox> out;
                                         for (const auto& item : r.items()) {
                                           node::Sandbox sandbox = read(item);
                                           if (!is_ours(sandbox.annotations)) continue;
                                           unmark(sandbox.annotations);
                                           pod_uids_[sandbox.id] = sandbox.metadata.uid;
                                           out.push_back(std::move(sandbox));
                                         }
                                         return out;
                                       });
  }

  // --- Containers

  void create_container(std::string sandbox_id, node::ContainerConfig config, node::SandboxConfig sandbox,
                        Done<std::string> done) override {
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

  void send_create(std::string sandbox_id, const node::ContainerConfig& config, const node::SandboxConfig& sandbox,
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

  void start_container(std::string id, Done<void> done) override {
    order_.run(id, [this, id, done = in_turn(std::move(done))](Task next) {
      send_about(id, "StartContainer", done, std::move(next));
    });
  }

  // Not in turn among themselves: a second stop may shorten the first.
  void stop_container(std::string id, Duration grace, Done<void> done) override {
    order_.run(id, [this, id, grace, done = in_turn(std::move(done))](Task next) {
      wire::StopContainerRequest request;
      request.set_container_id(id);
      request.set_timeout(whole_seconds(grace));
      call<wire::Empty>(*channel_, runtime_path("StopContainer"), request, grace + kCallTimeout,
                        gone_is_done([done](Result<void> outcome) { (*done)(std::move(outcome)); }), kNothing);
      next();
    });
  }

  void remove_container(std::string id, Done<void> done) override {
    order_.run(id, [this, id, done = in_turn(std::move(done))](Task next) {
      auto gone = std::make_shared<Done<void>>(gone_is_done([this, id, done](Result<void> outcome) {
        if (outcome.ok()) forget(id);
        (*done)(std::move(outcome));
      }));
      send_about(id, "RemoveContainer", gone, std::move(next));
    });
  }

  void reopen_log(std::string id, Done<void> done) override {
    order_.run(id, [this, id, done = in_turn(std::move(done))](Task next) {
      send_about(id, "ReopenContainerLog", done, std::move(next));
    });
  }

  void update_resources(std::string id, node::LinuxResources resources, Done<void> done) override {
    order_.run(id, [this, id, resources = std::move(resources), done = in_turn(std::move(done))](Task next) {
      wire::UpdateContainerResourcesRequest request;
      request.set_container_id(id);
      fill(*request.mutable_linux_config(), resources);
      send(runtime_path("UpdateContainerResources"), request, done, std::move(next));
    });
  }

  void container_status(std::string id, Done<node::ContainerStatus> done) override {
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

  void list_containers(node::ContainerFilter filter, Done<std::vector<node::Container>> done) override {
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

  // --- Commands and streams

  void exec_sync(std::string id, std::vector<std::string> command, Duration timeout, Done<node::ExecResult> done) override {
    wire::ExecSyncRequest request;
    request.set_container_id(id);
    for (std::string& word : command) request.add_cmd(std::move(word));
    request.set_timeout(whole_seconds(timeout));
    const Duration patience = timeout.count() > 0 ? timeout + kCallTimeout : Duration(0);
    call<wire::ExecSyncResponse>(*channel_, runtime_path("ExecSync"), request, patience, std::move(done),
                                 [](const wire::ExecSyncResponse& r) {
                                   return node::ExecResult{r.stdout(), r.stderr(), r.exit_code()};
                                 });
  }

  void exec(node::ExecRequest request, Done<std::unique_ptr<node::ProcessStream>> done) override {
    if (parts_.processes == nullptr || options_.oci_program.empty()) return exec_by_url(request, std::move(done));
    // The OCI runtime would answer for a container that has ended, too, but in words of its own.
    const std::string id = request.container_id;
    container_status(id, [this, request = std::move(request),
                          done = std::make_shared<Done<std::unique_ptr<node::ProcessStream>>>(std::move(done))](
                             Result<node::ContainerStatus> status) {
      if (!status.ok()) return (*done)(std::move(status).error());
      if (status->state != node::ContainerState::kRunning) {
        return (*done)(Error(Reason::kConflict, fmt::format("container {} is not running", request.container_id)));
      }
      spawn_exec(request, done);
    });
  }

  void attach(node::AttachRequest request, Done<std::unique_ptr<node::ProcessStream>> done) override {
    wire::AttachRequest message;
    message.set_container_id(request.container_id);
    message.set_stdin(request.standard_input);
    message.set_tty(request.tty);
    message.set_stdout(request.standard_output);
    message.set_stderr(request.standard_error && !request.tty);
    stream_by_url("Attach", message, std::move(done));
  }

  void port_forward(std::string sandbox_id, std::uint16_t port, Done<std::unique_ptr<Stream>> done) override {
    if (parts_.namespaces == nullptr) {
      return refuse(std::move(done), Error(Reason::kMethodNotAllowed, "this platform cannot enter network namespaces"));
    }
    sandbox_status(sandbox_id, [this, port, done = std::make_shared<Done<std::unique_ptr<Stream>>>(std::move(done))](
                                   Result<node::SandboxStatus> status) {
      if (!status.ok()) return (*done)(std::move(status).error());
      if (status->state != node::SandboxState::kReady) return (*done)(Error(Reason::kConflict, "the sandbox is not ready"));
      const std::string address = fmt::format("127.0.0.1:{}", port);
      const auto finish = [done](Result<std::unique_ptr<Stream>> stream) { (*done)(std::move(stream)); };
      if (status->network_namespace.empty())
        return parts_.network->connect(*parts_.loop, address, nullptr, "", kForwardTimeout, finish);
      parts_.namespaces->connect_inside(*parts_.loop, status->network_namespace, address, kForwardTimeout, finish);
    });
  }

  void list_container_stats(node::ContainerFilter filter, Done<std::vector<node::ContainerStats>> done) override {
    wire::ListContainerStatsRequest request;
    request.mutable_filter()->set_id(filter.id);
    request.mutable_filter()->set_pod_sandbox_id(filter.sandbox_id);
    for (const auto& [key, value] : filter.labels) (*request.mutable_filter()->mutable_label_selector())[key] = value;
    call<wire::ListContainerStatsResponse>(*channel_, runtime_path("ListContainerStats"), request, kCallTimeout,
                                           std::move(done), [](const wire::ListContainerStatsResponse& r) {
                                             std::vector<node::ContainerStats> out;
                                             for (const auto& one : r.stats()) out.push_back(read(one));
                                             return out;
                                           });
  }

  // --- Images

  void image_status(std::string image, Done<std::optional<node::Image>> done) override {
    wire::ImageStatusRequest request;
    request.mutable_image()->set_image(image);
    call<wire::ImageStatusResponse>(*channel_, image_path("ImageStatus"), request, kCallTimeout, std::move(done),
                                    [](const wire::ImageStatusResponse& r) {
                                      return r.has_image() ? std::optional<node::Image>(read(r.image())) : std::nullopt;
                                    });
  }

  void list_images(Done<std::vector<node::Image>> done) override {
    call<wire::ListImagesResponse>(*channel_, image_path("ListImages"), wire::ListImagesRequest(), kCallTimeout,
                                   std::move(done), [](const wire::ListImagesResponse& r) {
                                     std::vector<node::Image> out;
                                     for (const auto& image : r.images()) out.push_back(read(image));
                                     return out;
                                   });
  }

  void pull_image(std::string image, node::ImageAuth auth, node::SandboxConfig sandbox, Done<std::string> done) override {
    wire::PullImageRequest request;
    request.mutable_image()->set_image(image);
    fill(*request.mutable_auth(), auth);
    fill(*request.mutable_sandbox_config(), sandbox);
    call<wire::PullImageResponse>(*channel_, image_path("PullImage"), request, kPullTimeout, std::move(done),
                                  [](const wire::PullImageResponse& r) { return r.image_ref(); });
  }

  void remove_image(std::string image, Done<void> done) override {
    wire::RemoveImageRequest request;
    request.mutable_image()->set_image(image);
    call<wire::Empty>(*channel_, image_path("RemoveImage"), request, kCallTimeout, gone_is_done(std::move(done)), kNothing);
  }

  void image_filesystem(Done<node::FilesystemUsage> done) override {
    call<wire::ImageFsInfoResponse>(*channel_, image_path("ImageFsInfo"), wire::ImageFsInfoRequest(), kCallTimeout,
                                    std::move(done), [](const wire::ImageFsInfoResponse& r) {
                                      return r.image_filesystems_size() > 0 ? read(r.image_filesystems(0))
                                                                            : node::FilesystemUsage();
                                    });
  }

 private:
  template <typename T>
  void refuse(Done<T> done, Error error) {
    auto shared = std::make_shared<Error>(std::move(error));
    parts_.loop->post([alive = std::weak_ptr<bool>(alive_), done = std::move(done), shared] {
      if (!alive.expired()) done(std::move(*shared));
    });
  }

  static Done<void> gone_is_done(Done<void> done) {
    return [done = std::move(done)](Result<void> outcome) {
      if (!outcome.ok() && outcome.error().reason() == Reason::kNotFound) return done({});
      done(std::move(outcome));
    };
  }

  static std::shared_ptr<Done<void>> in_turn(Done<void> done) { return std::make_shared<Done<void>>(std::move(done)); }

  void send(std::string path, const google::protobuf::MessageLite& request, std::shared_ptr<Done<void>> done, Task next) {
    call<wire::Empty>(
        *channel_, std::move(path), request, kCallTimeout,
        Done<void>([done = std::move(done), next = std::move(next), alive = std::weak_ptr<bool>(alive_)](Result<void> outcome) {
          (*done)(std::move(outcome));
          if (!alive.expired()) next();
        }),
        kNothing);
  }

  void send_about(const std::string& id, std::string_view method, std::shared_ptr<Done<void>> done, Task next) {
    wire::ContainerRequest request;
    request.set_container_id(id);
    send(runtime_path(method), request, std::move(done), std::move(next));
  }

  void exec_by_url(node::ExecRequest& request, Done<std::unique_ptr<node::ProcessStream>> done) {
    wire::ExecRequest message;
    message.set_container_id(request.container_id);
    for (std::string& word : request.command) message.add_cmd(std::move(word));
    message.set_tty(request.tty);
    message.set_stdin(request.standard_input);
    message.set_stdout(request.standard_output);
    message.set_stderr(request.standard_error && !request.tty);
    stream_by_url("Exec", message, std::move(done));
  }

  // Of Exec and Attach.
  template <typename Request>
  void stream_by_url(std::string_view method, const Request& request, Done<std::unique_ptr<node::ProcessStream>> done) {
    const StreamingChannels channels{request.tty(), request.stdin(), request.stdout(), request.stderr()};
    auto finish = std::make_shared<Done<std::unique_ptr<node::ProcessStream>>>(std::move(done));
    call<wire::StreamingResponse, std::string>(*channel_, runtime_path(method), request, kCallTimeout,
                                               Done<std::string>([this, channels, finish](Result<std::string> url) {
                                                 if (!url.ok()) return (*finish)(std::move(url).error());
                                                 auto parsed = parse_streaming_url(*url);
                                                 if (!parsed.ok()) return (*finish)(std::move(parsed).error());
                                                 open_streaming_url({parts_.loop, parts_.network}, std::move(*parsed), channels,
                                                                    [finish, alive = std::weak_ptr<bool>(alive_)](
                                                                        Result<std::unique_ptr<node::ProcessStream>> stream) {
                                                                      if (!alive.expired()) (*finish)(std::move(stream));
                                                                    });
                                               }),
                                               [](const wire::StreamingResponse& r) { return r.url(); });
  }

  // The annotation is ours alone: nobody above sees it.
  template <typename Map>
  void mark(Map& annotations) const {
    if (!options_.instance.empty()) annotations[std::string(kInstanceAnnotation)] = options_.instance;
  }
  bool is_ours(const node::StringMap& annotations) const {
    if (options_.instance.empty()) return true;
    const auto found = annotations.find(kInstanceAnnotation);
    return found != annotations.end() && found->second == options_.instance;
  }
  static void unmark(node::StringMap& annotations) {
    const auto found = annotations.find(kInstanceAnnotation);
    if (found != annotations.end()) annotations.erase(found);
  }

  void learn(const node::Container& container) {
    sandbox_ids_[container.id] = container.sandbox_id;
    const auto uid = pod_uids_.find(container.sandbox_id);
    if (uid != pod_uids_.end()) pod_uids_[container.id] = std::string(uid->second);
  }

  void forget(const std::string& id) {
    sandbox_ids_.erase(id);
    pod_uids_.erase(id);
  }

  // Its containers went with it.
  void forget_sandbox(const std::string& id) {
    pod_uids_.erase(id);
    for (auto it = sandbox_ids_.begin(); it != sandbox_ids_.end();) {
      if (it->second == id) pod_uids_.erase(it->first);
      it = it->second == id ? sandbox_ids_.erase(it) : std::next(it);
    }
    const auto facts = facts_.find(id);
    if (facts == facts_.end()) return;
    const std::string group = std::move(facts->second.cgroup_parent);
    facts_.erase(facts);
    // Another sandbox of the same pod may be in it: then it is not empty, and stays.
    if (parts_.pool != nullptr && !group.empty()) {
      (void)parts_.pool->run([disk = parts_.disk, group] { remove_cgroup(*disk, group); });
    }
  }

  void find_sandbox_first(std::string id, Done<node::ContainerStatus> done) {
    node::ContainerFilter filter;
    filter.id = id;
    list_containers(std::move(filter), [this, id, done = std::make_shared<Done<node::ContainerStatus>>(std::move(done))](
                                           Result<std::vector<node::Container>> listed) {
      if (!listed.ok()) return (*done)(std::move(listed).error());
      if (listed->empty()) return (*done)(Error(Reason::kNotFound, fmt::format("no container {}", id)));
      container_status(listed->front().id, [done](Result<node::ContainerStatus> status) { (*done)(std::move(status)); });
    });
  }

  void spawn_exec(const node::ExecRequest& request, std::shared_ptr<Done<std::unique_ptr<node::ProcessStream>>> done) {
    ExecPlan plan{options_.oci_program, options_.oci_root, fmt::format("{}/exec-{}.pid", options_.scratch_dir, ++exec_count_)};
    SpawnRequest spawn = exec_arguments(plan, request);
    parts_.processes->spawn(
        std::move(spawn), [this, alive = std::weak_ptr<bool>(alive_), plan, done](Result<std::unique_ptr<ChildProcess>> child) {
          if (alive.expired()) return;
          if (!child.ok()) return (*done)(std::move(child).error());
          (*done)(make_exec_stream(*parts_.processes, *parts_.loop, *parts_.disk, plan, std::move(*child)));
        });
  }

  CriParts parts_;
  CriOptions options_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  // What the runtime's answers do not say, by id: one entry for each sandbox and container that exists.
  node::StringMap pod_uids_, sandbox_ids_;
  std::map<std::string, SandboxFacts> facts_;
  std::uint64_t exec_count_ = 0;
  CallOrder order_;
  std::unique_ptr<net::GrpcChannel> channel_;
  std::unique_ptr<EventWatch> watch_;
};

}  // namespace

std::unique_ptr<node::Runtime> make_cri_runtime(CriParts parts, CriOptions options) {
  return std::make_unique<CriRuntime>(std::move(parts), std::move(options));
}

}  // namespace plinth::cri
