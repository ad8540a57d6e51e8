// The driver's own class, shared by the files that carry its calls out: sandbox_calls.cpp, container_calls.cpp,
// process_calls.cpp, image_calls.cpp. For .cpp files of cri only.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <string>

#include <fmt/core.h>

#include "cri/call.h"
#include "cri/call_order.h"
#include "cri/cri_runtime.h"
#include "cri/event_watch.h"
#include "cri/messages.h"

namespace plinth::cri {

using node::Done;

inline std::string runtime_path(std::string_view method) { return fmt::format("/runtime.v1.RuntimeService/{}", method); }
inline std::string image_path(std::string_view method) { return fmt::format("/runtime.v1.ImageService/{}", method); }

inline constexpr auto kNothing = [](const auto&) {};
inline constexpr std::string_view kInstanceAnnotation = "plinth.dev/instance";

inline std::int64_t whole_seconds(Duration duration) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  return std::max<std::int64_t>(0, (duration.count() + kSecond - 1) / kSecond);
}

// What the verbose status of containerd and CRI-O tells of a sandbox, in its OCI spec.
struct SandboxFacts {
  std::string network_namespace;  // a path
  std::string cgroup_parent;
};

class CriRuntime final : public node::Runtime {
 public:
  CriRuntime(CriParts parts, CriOptions options);
  void version(Done<node::RuntimeVersion> done) override;
  void status(Done<node::RuntimeStatus> done) override;
  std::string_view id_scheme() const override { return options_.id_scheme; }
  void watch(std::function<void(const node::RuntimeEvent&)> on_event) override;

  // --- Sandboxes
  void run_sandbox(node::SandboxConfig config, std::string runtime_handler, Done<std::string> done) override;
  void stop_sandbox(std::string id, Done<void> done) override;
  void remove_sandbox(std::string id, Done<void> done) override;
  void sandbox_status(std::string id, Done<node::SandboxStatus> done) override;
  void list_sandboxes(node::SandboxFilter filter, Done<std::vector<node::Sandbox>> done) override;

  // --- Containers
  void create_container(std::string sandbox_id, node::ContainerConfig config, node::SandboxConfig sandbox,
                        Done<std::string> done) override;
  void start_container(std::string id, Done<void> done) override;
  // Not in turn among themselves: a second stop may shorten the first.
  void stop_container(std::string id, Duration grace, Done<void> done) override;
  void remove_container(std::string id, Done<void> done) override;
  void reopen_log(std::string id, Done<void> done) override;
  void update_resources(std::string id, node::LinuxResources resources, Done<void> done) override;
  void container_status(std::string id, Done<node::ContainerStatus> done) override;
  void list_containers(node::ContainerFilter filter, Done<std::vector<node::Container>> done) override;

  // --- Commands and streams
  void exec_sync(std::string id, std::vector<std::string> command, Duration timeout, Done<node::ExecResult> done) override;
  void exec(node::ExecRequest request, Done<std::unique_ptr<node::ProcessStream>> done) override;
  void attach(node::AttachRequest request, Done<std::unique_ptr<node::ProcessStream>> done) override;
  void port_forward(std::string sandbox_id, std::uint16_t port, Done<std::unique_ptr<Stream>> done) override;
  void list_container_stats(node::ContainerFilter filter, Done<std::vector<node::ContainerStats>> done) override;

  // --- Images
  void image_status(std::string image, Done<std::optional<node::Image>> done) override;
  void list_images(Done<std::vector<node::Image>> done) override;
  void pull_image(std::string image, node::ImageAuth auth, node::SandboxConfig sandbox, Done<std::string> done) override;
  void remove_image(std::string image, Done<void> done) override;
  void image_filesystem(Done<node::FilesystemUsage> done) override;

 private:
  void remove_known_sandbox(std::string id, Done<void> done);
  void send_create(std::string sandbox_id, const node::ContainerConfig& config, const node::SandboxConfig& sandbox,
                   Done<std::string> done);
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
  void send(std::string path, const google::protobuf::MessageLite& request, std::shared_ptr<Done<void>> done, Task next);
  void send_about(const std::string& id, std::string_view method, std::shared_ptr<Done<void>> done, Task next);
  void exec_by_url(node::ExecRequest& request, Done<std::unique_ptr<node::ProcessStream>> done);
  // Of Exec and Attach.
  template <typename Request>
  void stream_by_url(std::string_view method, const Request& request, Done<std::unique_ptr<node::ProcessStream>> done);
  // The annotation is ours alone: nobody above sees it.
  template <typename Map>
  void mark(Map& annotations) const {
    if (!options_.instance.empty()) annotations[std::string(kInstanceAnnotation)] = options_.instance;
  }
  bool is_ours(const node::StringMap& annotations) const;
  static void unmark(node::StringMap& annotations);
  void learn(const node::Container& container);
  void forget(const std::string& id);
  // Its containers went with it.
  void forget_sandbox(const std::string& id);
  void find_sandbox_first(std::string id, Done<node::ContainerStatus> done);
  void spawn_exec(const node::ExecRequest& request, std::shared_ptr<Done<std::unique_ptr<node::ProcessStream>>> done);

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

}  // namespace plinth::cri
