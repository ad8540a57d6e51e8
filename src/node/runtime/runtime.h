// A container runtime as the node uses it, shaped like CRI v1 (runtime.v1 RuntimeService and ImageService): the same nouns, the
// same idempotence, the same units. Drivers: a CRI socket, and a virtual one (sim_runtime.h). Nothing above knows which one
// runs.
//
// Everything is used on the one loop that the driver was made for: a call returns at once, its `done` runs there exactly once,
// never before the call returned, and not any more once the driver is destroyed. Calls may overlap; calls about one container
// are carried out in the order they were made.
//
// Errors: NotFound (no such sandbox, container or image), AlreadyExists (name taken), Timeout (a deadline passed), BadRequest
// (refused for what it says), ServiceUnavailable (the runtime does not answer: worth trying again), MethodNotAllowed (the
// runtime cannot do that), InternalError (everything else). The message is the runtime's own.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/function.h"
#include "base/result.h"
#include "base/world.h"

namespace plinth::node {

template <typename T>
using Done = UniqueFunction<void(Result<T>)>;

using StringMap = std::map<std::string, std::string, std::less<>>;

// --- Security and resources -------------------------------------------------------------------------------------------------

enum class NamespaceMode : std::uint8_t { kPod, kContainer, kNode, kTarget };

struct NamespaceOptions {
  NamespaceMode network = NamespaceMode::kPod;
  NamespaceMode pid = NamespaceMode::kContainer;
  NamespaceMode ipc = NamespaceMode::kPod;
  std::string target_id;  // container, with kTarget
};

enum class ProfileType : std::uint8_t { kRuntimeDefault, kUnconfined, kLocalhost };

struct SecurityProfile {
  ProfileType type = ProfileType::kUnconfined;
  std::string localhost_ref;
};

struct SelinuxOptions {
  std::string user, role, type, level;
};

// Of a container, or of a sandbox (which uses the members that make sense there).
struct SecurityContext {
  NamespaceOptions namespaces;
  bool privileged = false;
  std::optional<std::int64_t> run_as_user, run_as_group;
  std::string run_as_username;
  std::vector<std::int64_t> supplemental_groups;
  bool readonly_rootfs = false;
  bool no_new_privs = false;
  std::vector<std::string> add_capabilities, drop_capabilities;
  std::vector<std::string> masked_paths, readonly_paths;
  SecurityProfile seccomp, apparmor;
  std::optional<SelinuxOptions> selinux;
};

// 0 means "not limited" or "leave it to the runtime" everywhere but in oom_score_adj.
struct LinuxResources {
  std::int64_t cpu_period_us = 0, cpu_quota_us = 0, cpu_shares = 0;
  std::int64_t memory_limit_bytes = 0, memory_swap_limit_bytes = 0;
  std::int64_t oom_score_adj = 0;
  std::string cpuset_cpus, cpuset_mems;
  std::map<std::string, std::uint64_t> hugepage_limits;  // "2MB" -> bytes
  StringMap unified;                                     // cgroup v2 files
};

// --- Sandboxes
// ----------------------------------------------------------------------------------------------------------------

struct SandboxMetadata {
  std::string name, uid, name_space;
  std::uint32_t attempt = 0;
};

struct DnsConfig {
  std::vector<std::string> servers, searches, options;
};

enum class Protocol : std::uint8_t { kTcp, kUdp, kSctp };

struct PortMapping {
  Protocol protocol = Protocol::kTcp;
  std::int32_t container_port = 0, host_port = 0;
  std::string host_ip;
};

struct SandboxConfig {
  SandboxMetadata metadata;
  std::string hostname;       // empty with the node's network
  std::string log_directory;  // on the node; container log paths are relative to it
  DnsConfig dns;
  std::vector<PortMapping> ports;
  StringMap labels, annotations;
  std::string cgroup_parent;
  SecurityContext security;
  StringMap sysctls;
  LinuxResources resources, overhead;
};

enum class SandboxState : std::uint8_t { kReady, kNotReady };

struct Sandbox {
  std::string id;
  SandboxMetadata metadata;
  SandboxState state = SandboxState::kNotReady;
  std::int64_t created_ns = 0;  // wall time, as all times here
  StringMap labels, annotations;
};

struct SandboxStatus : Sandbox {
  std::vector<std::string> ips;   // none with the node's network
  std::string network_namespace;  // its path where the runtime tells; for port-forward and probes from inside
};

// --- Containers
// -----------------------------------------------------------------------------------------------------------------

struct ContainerMetadata {
  std::string name;
  std::uint32_t attempt = 0;
};

enum class Propagation : std::uint8_t { kPrivate, kHostToContainer, kBidirectional };

struct Mount {
  std::string container_path, host_path;
  bool readonly = false;
  bool recursive_readonly = false;
  bool selinux_relabel = false;
  Propagation propagation = Propagation::kPrivate;
  std::string image;           // its content instead of host_path's; readonly is true then
  std::string image_sub_path;  // a folder in it; "": all of it
};

struct Device {
  std::string container_path, host_path, permissions;
};

struct KeyValue {
  std::string key, value;
};

// The variables of a container, each name once: its own, then what it shares with others (the Services of its namespace:
// there can be thousands).
struct Environment {
  std::vector<KeyValue> own;
  std::shared_ptr<const std::vector<KeyValue>> shared;  // null: nothing

  template <typename Visit>
  void visit(Visit&& visit) const {
    for (const KeyValue& variable : own) visit(variable);
    if (shared == nullptr) return;
    for (const KeyValue& variable : *shared) visit(variable);
  }
  std::optional<std::string> find(std::string_view name) const {
    std::optional<std::string> found;
    visit([&](const KeyValue& variable) {
      if (!found && variable.key == name) found = variable.value;
    });
    return found;
  }
};

struct ContainerConfig {
  ContainerMetadata metadata;
  std::string image;                       // what was pulled: an id or a reference with digest
  std::string user_specified_image;        // as the pod has it
  std::vector<std::string> command, args;  // empty: the image's
  std::string working_dir;
  Environment envs;
  std::vector<Mount> mounts;
  std::vector<Device> devices;
  StringMap labels, annotations;
  std::string log_path;
  bool has_stdin = false, stdin_once = false, tty = false;
  LinuxResources resources;
  SecurityContext security;
  std::string stop_signal;  // "SIGUSR1"; empty: the image's
};

enum class ContainerState : std::uint8_t { kCreated, kRunning, kExited, kUnknown };

struct Container {
  std::string id, sandbox_id;
  ContainerMetadata metadata;
  std::string image, image_ref;
  ContainerState state = ContainerState::kUnknown;
  std::int64_t created_ns = 0;
  StringMap labels, annotations;
};

struct ContainerStatus : Container {
  std::int64_t started_ns = 0, finished_ns = 0;
  std::int32_t exit_code = 0;
  std::string reason;    // Completed, Error, OOMKilled, StartError, ContainerStatusUnknown
  std::string message;   // of the runtime, in words
  std::string log_path;  // absolute
  std::vector<Mount> mounts;
  std::optional<LinuxResources> resources;  // as they are now, where the runtime tells
};

// Empty members select everything.
struct SandboxFilter {
  std::string id;
  std::optional<SandboxState> state;
  StringMap labels;
};
struct ContainerFilter {
  std::string id, sandbox_id;
  std::optional<ContainerState> state;
  StringMap labels;
};

struct ExecResult {
  std::string standard_output, standard_error;
  std::int32_t exit_code = 0;
};

// --- Streams
// ------------------------------------------------------------------------------------------------------------------------

struct ExecRequest {
  std::string container_id;
  std::vector<std::string> command;
  bool tty = false, standard_input = false, standard_output = true, standard_error = true;  // no standard_error with tty
};
struct AttachRequest {
  std::string container_id;
  bool tty = false, standard_input = false, standard_output = true, standard_error = true;
};

// What a process that was exec'ed or attached to tells; on the driver's loop. The bytes are valid during the call only.
class ProcessEvents {
 public:
  virtual ~ProcessEvents() = default;
  virtual void on_output(std::string_view bytes) = 0;
  virtual void on_error_output(std::string_view bytes) = 0;
  virtual void on_input_drained() {}  // what was queued by write_input() has been taken
  // The last call, after all output. Exec: the exit code. Attach: 0 when the stream ended. Error: the stream broke.
  virtual void on_end(Result<std::int32_t> exit_code) = 0;
};

// Its other end. Destroying it ends the stream (an exec'ed process is killed, an attached one goes on); no event follows then.
// It may be destroyed inside of one of its own events.
class ProcessStream {
 public:
  virtual ~ProcessStream() = default;
  // Nothing is delivered before start(); `events` outlives the stream.
  virtual void start(ProcessEvents* events) = 0;
  virtual void write_input(std::string_view bytes) = 0;
  virtual std::size_t queued_input_bytes() const = 0;
  virtual void close_input() = 0;  // end of file for the process; its output goes on
  virtual void pause_output(bool paused) = 0;
  virtual void resize(std::uint16_t width, std::uint16_t height) = 0;  // of the terminal
};

// --- Statistics
// ------------------------------------------------------------------------------------------------------------------------

struct ContainerStats {
  std::string id, name;
  StringMap labels;
  std::int64_t timestamp_ns = 0;
  std::uint64_t cpu_usage_core_ns = 0;
  std::optional<std::uint64_t> cpu_usage_nano_cores;
  std::uint64_t memory_working_set_bytes = 0, memory_usage_bytes = 0, memory_rss_bytes = 0;
  std::uint64_t page_faults = 0, major_page_faults = 0;
  std::uint64_t writable_layer_bytes = 0, writable_layer_inodes = 0;
};

struct FilesystemUsage {
  std::int64_t timestamp_ns = 0;
  std::string mountpoint;
  std::uint64_t used_bytes = 0, inodes_used = 0;
};

// --- Images
// ---------------------------------------------------------------------------------------------------------------------------

struct Image {
  std::string id;
  std::vector<std::string> tags, digests;
  std::uint64_t size_bytes = 0;
  std::optional<std::int64_t> uid;  // user that the image names as a number
  std::string username;             // or by name
  bool pinned = false;
};

struct ImageAuth {
  std::string username, password, auth, server_address, identity_token, registry_token;
};

// --- The runtime
// -----------------------------------------------------------------------------------------------------------------------

struct RuntimeVersion {
  std::string name, version, api_version;
};

struct RuntimeCondition {
  std::string type;  // RuntimeReady, NetworkReady
  bool status = false;
  std::string reason, message;
};

struct RuntimeStatus {
  std::vector<RuntimeCondition> conditions;
  std::vector<std::string> handlers;  // of RuntimeClasses
};

// What keeps it from running pods, in words: a condition that is false or missing of the two that count. Others, such as
// warnings about the machine, do not. "": nothing.
std::string runtime_problem(const RuntimeStatus& status);

enum class EventType : std::uint8_t {
  kCreated,
  kStarted,
  kStopped,
  kDeleted,
  kOutOfMemory,  // the kernel has ended a process of it; its status may say so later, also after its end
  kMissed,       // some may not have been told: list again (also the first event after a lost connection)
};

// Something happened to a container or a sandbox. Of kMissed, only the type is set.
struct RuntimeEvent {
  EventType type = EventType::kMissed;
  std::string id;       // of the container or sandbox
  std::string pod_uid;  // "" where the driver does not know
};

class Runtime {
 public:
  virtual ~Runtime() = default;

  virtual void version(Done<RuntimeVersion> done) = 0;
  virtual void status(Done<RuntimeStatus> done) = 0;
  // "containerd": what stands before "://" in the container ids of a Pod's status.
  virtual std::string_view id_scheme() const = 0;
  // Called for each event from now on; nullptr ends it. Events are hints: what is so is asked with the calls below.
  virtual void watch(std::function<void(const RuntimeEvent&)> on_event) = 0;

  // The sandbox's id; it is ready then.
  virtual void run_sandbox(SandboxConfig config, std::string runtime_handler, Done<std::string> done) = 0;
  // Ends its containers at once and frees its address. Succeeds again and again.
  virtual void stop_sandbox(std::string id, Done<void> done) = 0;
  // Also removes its containers. Succeeds when it is not there.
  virtual void remove_sandbox(std::string id, Done<void> done) = 0;
  virtual void sandbox_status(std::string id, Done<SandboxStatus> done) = 0;
  virtual void list_sandboxes(SandboxFilter filter, Done<std::vector<Sandbox>> done) = 0;

  // The container's id. The image must be there, and those of mounts. MethodNotAllowed where it cannot mount images, with what
  // is missing.
  virtual void create_container(std::string sandbox_id, ContainerConfig config, SandboxConfig sandbox,
                                Done<std::string> done) = 0;
  // When the command cannot be run the container is kExited with code 128 and reason StartError, besides the error.
  virtual void start_container(std::string id, Done<void> done) = 0;
  // The stop signal, and SIGKILL after `grace`; done once it is dead. A second call with a shorter grace shortens the first.
  virtual void stop_container(std::string id, Duration grace, Done<void> done) = 0;
  virtual void remove_container(std::string id, Done<void> done) = 0;  // kills what runs; succeeds when it is not there
  virtual void container_status(std::string id, Done<ContainerStatus> done) = 0;
  virtual void list_containers(ContainerFilter filter, Done<std::vector<Container>> done) = 0;
  virtual void update_resources(std::string id, LinuxResources resources, Done<void> done) = 0;
  virtual void reopen_log(std::string id, Done<void> done) = 0;
  // Timeout when the command does not end within `timeout` (0: none). A command that cannot be found is an error.
  virtual void exec_sync(std::string id, std::vector<std::string> command, Duration timeout, Done<ExecResult> done) = 0;
  virtual void exec(ExecRequest request, Done<std::unique_ptr<ProcessStream>> done) = 0;
  virtual void attach(AttachRequest request, Done<std::unique_ptr<ProcessStream>> done) = 0;
  // A connection to the port inside the sandbox's network.
  virtual void port_forward(std::string sandbox_id, std::uint16_t port, Done<std::unique_ptr<Stream>> done) = 0;
  virtual void list_container_stats(ContainerFilter filter, Done<std::vector<ContainerStats>> done) = 0;

  // Nothing when the image is not there.
  virtual void image_status(std::string image, Done<std::optional<Image>> done) = 0;
  virtual void list_images(Done<std::vector<Image>> done) = 0;
  // The reference to create containers with (an id).
  virtual void pull_image(std::string image, ImageAuth auth, SandboxConfig sandbox, Done<std::string> done) = 0;
  virtual void remove_image(std::string image, Done<void> done) = 0;  // succeeds when it is not there
  virtual void image_filesystem(Done<FilesystemUsage> done) = 0;
};

}  // namespace plinth::node
