// The virtual runtime: sandboxes and containers in memory, on a clock that may be virtual too. What a container does is its
// command as sim_script.h understands it, or what the pod's annotations say:
//
//   sim.plinth.dev/script.CONTAINER    a shell text in place of the command ("sleep 2; exit 1")
//   sim.plinth.dev/probe.CONTAINER     "fail", or "fail-for 10s" from the container's start: what HTTP, TCP and gRPC probes get
//   sim.plinth.dev/port.NUMBER       a shell text that whoever connects to the port talks to ("cat" echoes); others refuse
//   sim.plinth.dev/sandbox-delay, create-delay, start-delay, pull-delay    durations ("2s")
//   sim.plinth.dev/memory.CONTAINER, cpu.CONTAINER    quantities that statistics show
//
// Images whose name says that they do not exist cannot be pulled (names_nothing). What a volume made of an image shows are its
// files `reference` and `data/reference`, which hold the name that it was pulled by. Containers that are to end by themselves
// (init containers and those of pods that are not restarted) exit with 0 where their program is not known; an image "pause"
// without a command waits. Logs are files of `files`.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "base/world.h"
#include "node/host/host_files.h"
#include "node/host/prober.h"
#include "node/runtime/runtime.h"

namespace plinth::node {

struct ScriptContext;

struct SimRuntimeOptions {
  Duration latency = std::chrono::milliseconds(1);  // of every call
  std::string subnet = "10.244";                    // addresses of sandboxes: .0.2 to .15.254
  std::size_t containers_max = 10'000;              // at once; beyond: ServiceUnavailable
  std::size_t log_bytes_max = 1 << 20;              // of one container; what comes after is dropped
};

class SimRuntime final : public Runtime {
 public:
  // `files` must not block.
  SimRuntime(Loop& loop, Clock& clock, HostFiles& files, SimRuntimeOptions options = {});
  ~SimRuntime() override;

  void version(Done<RuntimeVersion> done) override;
  void status(Done<RuntimeStatus> done) override;
  std::string_view id_scheme() const override { return "sim"; }
  void watch(std::function<void(const RuntimeEvent&)> on_event) override;
  void run_sandbox(SandboxConfig config, std::string runtime_handler, Done<std::string> done) override;
  void stop_sandbox(std::string id, Done<void> done) override;
  void remove_sandbox(std::string id, Done<void> done) override;
  void sandbox_status(std::string id, Done<SandboxStatus> done) override;
  void list_sandboxes(SandboxFilter filter, Done<std::vector<Sandbox>> done) override;
  void create_container(std::string sandbox_id, ContainerConfig config, SandboxConfig sandbox, Done<std::string> done) override;
  void start_container(std::string id, Done<void> done) override;
  void stop_container(std::string id, Duration grace, Done<void> done) override;
  void remove_container(std::string id, Done<void> done) override;
  void container_status(std::string id, Done<ContainerStatus> done) override;
  void list_containers(ContainerFilter filter, Done<std::vector<Container>> done) override;
  void update_resources(std::string id, LinuxResources resources, Done<void> done) override;
  void reopen_log(std::string id, Done<void> done) override;
  void exec_sync(std::string id, std::vector<std::string> command, Duration timeout, Done<ExecResult> done) override;
  void exec(ExecRequest request, Done<std::unique_ptr<ProcessStream>> done) override;
  void attach(AttachRequest request, Done<std::unique_ptr<ProcessStream>> done) override;
  void port_forward(std::string sandbox_id, std::uint16_t port, Done<std::unique_ptr<Stream>> done) override;
  void list_container_stats(ContainerFilter filter, Done<std::vector<ContainerStats>> done) override;
  void image_status(std::string image, Done<std::optional<Image>> done) override;
  void list_images(Done<std::vector<Image>> done) override;
  void pull_image(std::string image, ImageAuth auth, SandboxConfig sandbox, Done<std::string> done) override;
  void remove_image(std::string image, Done<void> done) override;
  void image_filesystem(Done<FilesystemUsage> done) override;

  // --- For tests and for the prober of the virtual node ---

  // Asked before each call ("run_sandbox", ...); an error is its answer and nothing happens.
  void set_fault(std::function<Result<void>(std::string_view call)> fault) { fault_ = std::move(fault); }
  // Ends a running container as a crash or the kernel would.
  void end_container(const std::string& id, std::int32_t exit_code, const std::string& reason = "");
  // For so long after a container's end its status says that it runs, while the event has been told: as some runtimes do. For
  // as long again it does not say that memory was the reason.
  void set_status_lag(Duration lag) { status_lag_ = lag; }
  // Everything stops, as after a reboot of the machine; sandboxes and containers are forgotten, images stay.
  void reboot();
  // What a network probe of that container gets now.
  ProbeAnswer probe(const std::string& container_id) const;
  std::size_t sandbox_count() const { return sandboxes_.size(); }
  std::size_t running_count() const;

 private:
  struct SandboxEntry;
  struct ContainerEntry;
  using ContainerPtr = std::shared_ptr<ContainerEntry>;
  // Carries `work` out after the latency (and `more`), unless a fault is asked for; then calls `done`.
  template <typename T>
  void later(std::string_view call, Duration more, Done<T> done, std::function<Result<T>()> work);
  template <typename T>
  void answer(Done<T> done, Result<T> result);
  Result<std::string> make_sandbox(const SandboxConfig& config);
  Result<std::string> make_container(const std::string& sandbox_id, const ContainerConfig& config,
                                     const SandboxConfig& sandbox);
  Result<void> begin(const std::string& id);
  void play(const ContainerPtr& container);
  void perform(const ContainerPtr& container, std::size_t step);
  void exited(const ContainerPtr& container, std::int32_t code, const std::string& reason);
  void terminate(const ContainerPtr& container);
  void log(ContainerEntry& container, std::string_view text, bool error_output);
  std::string host_path(const ContainerEntry& container, const std::string& path) const;
  ScriptContext script_context(const ContainerEntry& container) const;
  void tell(EventType type, const std::string& id, const std::string& pod_uid);
  Result<void> mount_images(ContainerConfig& config) const;
  std::string next_id(std::string_view kind);
  std::string next_address();
  void stop_all_of(const std::string& sandbox_id);
  void remove_entry(const std::string& id);

  Loop& loop_;
  Clock& clock_;
  HostFiles& files_;
  SimRuntimeOptions options_;
  std::map<std::string, SandboxEntry> sandboxes_;
  std::map<std::string, ContainerPtr> containers_;
  std::map<std::string, Image> images_;  // by the name that was pulled
  std::set<std::string> addresses_;
  std::uint64_t last_id_ = 0;
  std::size_t last_address_ = 1;
  std::function<void(const RuntimeEvent&)> on_event_;
  std::function<Result<void>(std::string_view)> fault_;
  Duration status_lag_{0};
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

// Probes of a virtual node: answered by its runtime.
class SimProber final : public Prober {
 public:
  SimProber(Loop& loop, SimRuntime& runtime) : loop_(loop), runtime_(runtime) {}
  void http(HttpProbe probe, Answered done) override { answer(probe.subject, std::move(done)); }
  void tcp(TcpProbe probe, Answered done) override { answer(probe.subject, std::move(done)); }
  void grpc(GrpcProbe probe, Answered done) override { answer(probe.subject, std::move(done)); }

 private:
  void answer(const ProbeSubject& subject, Answered done);
  Loop& loop_;
  SimRuntime& runtime_;
};

}  // namespace plinth::node
