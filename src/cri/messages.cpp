#include "cri/messages.h"

namespace plinth::cri {
namespace {

using node::StringMap;

template <typename Map>
void fill_map(Map& to, const StringMap& from) {
  for (const auto& [key, value] : from) to[key] = value;
}

template <typename Map>
StringMap read_map(const Map& from) {
  StringMap out;
  for (const auto& [key, value] : from) out.emplace(key, value);
  return out;
}

void fill_list(google::protobuf::RepeatedPtrField<std::string>& to, const std::vector<std::string>& from) {
  for (const std::string& entry : from) *to.Add() = entry;
}

std::vector<std::string> read_list(const google::protobuf::RepeatedPtrField<std::string>& from) {
  return {from.begin(), from.end()};
}

void fill(wire::NamespaceOption& to, const node::NamespaceOptions& from) {
  to.set_network(static_cast<int>(from.network));
  to.set_pid(static_cast<int>(from.pid));
  to.set_ipc(static_cast<int>(from.ipc));
  to.set_target_id(from.target_id);
}

void fill(wire::SecurityProfile& to, const node::SecurityProfile& from) {
  to.set_profile_type(static_cast<int>(from.type));
  to.set_localhost_ref(from.localhost_ref);
}

void fill(wire::SELinuxOption& to, const node::SelinuxOptions& from) {
  to.set_user(from.user);
  to.set_role(from.role);
  to.set_type(from.type);
  to.set_level(from.level);
}

// What the security contexts of a sandbox and of a container have in common.
template <typename Context>
void fill_common(Context& to, const node::SecurityContext& from) {
  fill(*to.mutable_namespace_options(), from.namespaces);
  to.set_privileged(from.privileged);
  to.set_readonly_rootfs(from.readonly_rootfs);
  if (from.run_as_user) to.mutable_run_as_user()->set_value(*from.run_as_user);
  if (from.run_as_group) to.mutable_run_as_group()->set_value(*from.run_as_group);
  for (const std::int64_t group : from.supplemental_groups) to.add_supplemental_groups(group);
  fill(*to.mutable_seccomp(), from.seccomp);
  // A runtime without AppArmor refuses a profile, so that none is named unless the pod does.
  if (from.apparmor.type != node::ProfileType::kUnconfined) fill(*to.mutable_apparmor(), from.apparmor);
  if (from.selinux) fill(*to.mutable_selinux_options(), *from.selinux);
}

void fill(wire::LinuxContainerSecurityContext& to, const node::SecurityContext& from) {
  fill_common(to, from);
  to.set_run_as_username(from.run_as_username);
  to.set_no_new_privs(from.no_new_privs);
  fill_list(*to.mutable_capabilities()->mutable_add_capabilities(), from.add_capabilities);
  fill_list(*to.mutable_capabilities()->mutable_drop_capabilities(), from.drop_capabilities);
  fill_list(*to.mutable_masked_paths(), from.masked_paths);
  fill_list(*to.mutable_readonly_paths(), from.readonly_paths);
}

void fill(wire::Mount& to, const node::Mount& from) {
  to.set_container_path(from.container_path);
  to.set_host_path(from.host_path);
  to.set_readonly(from.readonly);
  to.set_selinux_relabel(from.selinux_relabel);
  to.set_propagation(static_cast<int>(from.propagation));
  to.set_recursive_read_only(from.recursive_readonly);
  if (!from.image.empty()) to.mutable_image()->set_image(from.image);
  to.set_image_sub_path(from.image_sub_path);
}

node::Mount read(const wire::Mount& from) {
  node::Mount out;
  out.container_path = from.container_path();
  out.host_path = from.host_path();
  out.readonly = from.readonly();
  out.recursive_readonly = from.recursive_read_only();
  out.selinux_relabel = from.selinux_relabel();
  if (from.propagation() >= 0 && from.propagation() <= 2) out.propagation = static_cast<node::Propagation>(from.propagation());
  out.image = from.image().image();
  out.image_sub_path = from.image_sub_path();
  return out;
}

node::LinuxResources read(const wire::LinuxContainerResources& from) {
  node::LinuxResources out;
  out.cpu_period_us = from.cpu_period();
  out.cpu_quota_us = from.cpu_quota();
  out.cpu_shares = from.cpu_shares();
  out.memory_limit_bytes = from.memory_limit_in_bytes();
  out.memory_swap_limit_bytes = from.memory_swap_limit_in_bytes();
  out.oom_score_adj = from.oom_score_adj();
  out.cpuset_cpus = from.cpuset_cpus();
  out.cpuset_mems = from.cpuset_mems();
  for (const auto& limit : from.hugepage_limits()) out.hugepage_limits[limit.page_size()] = limit.limit();
  out.unified = read_map(from.unified());
  return out;
}

node::SandboxMetadata read(const wire::PodSandboxMetadata& from) {
  return {from.name(), from.uid(), from.namespace_(), from.attempt()};
}

node::SandboxState read_sandbox_state(int state) {
  return state == 0 ? node::SandboxState::kReady : node::SandboxState::kNotReady;
}

node::ContainerState read_container_state(int state) {
  return state >= 0 && state <= 2 ? static_cast<node::ContainerState>(state) : node::ContainerState::kUnknown;
}

std::optional<std::uint64_t> read_value(bool present, const wire::UInt64Value& from) {
  if (!present) return std::nullopt;
  return from.value();
}

}  // namespace

void fill(wire::LinuxContainerResources& to, const node::LinuxResources& from) {
  to.set_cpu_period(from.cpu_period_us);
  to.set_cpu_quota(from.cpu_quota_us);
  to.set_cpu_shares(from.cpu_shares);
  to.set_memory_limit_in_bytes(from.memory_limit_bytes);
  to.set_memory_swap_limit_in_bytes(from.memory_swap_limit_bytes);
  to.set_oom_score_adj(from.oom_score_adj);
  to.set_cpuset_cpus(from.cpuset_cpus);
  to.set_cpuset_mems(from.cpuset_mems);
  for (const auto& [size, bytes] : from.hugepage_limits) {
    auto& limit = *to.add_hugepage_limits();
    limit.set_page_size(size);
    limit.set_limit(bytes);
  }
  fill_map(*to.mutable_unified(), from.unified);
}

void fill(wire::PodSandboxConfig& to, const node::SandboxConfig& from) {
  auto& metadata = *to.mutable_metadata();
  metadata.set_name(from.metadata.name);
  metadata.set_uid(from.metadata.uid);
  metadata.set_namespace_(from.metadata.name_space);
  metadata.set_attempt(from.metadata.attempt);
  // runc and crun refuse a hostname without a UTS namespace of the pod's own.
  if (from.security.namespaces.network != node::NamespaceMode::kNode) to.set_hostname(from.hostname);
  to.set_log_directory(from.log_directory);
  auto& dns = *to.mutable_dns_config();
  fill_list(*dns.mutable_servers(), from.dns.servers);
  fill_list(*dns.mutable_searches(), from.dns.searches);
  fill_list(*dns.mutable_options(), from.dns.options);
  for (const node::PortMapping& port : from.ports) {
    auto& mapping = *to.add_port_mappings();
    mapping.set_protocol(static_cast<int>(port.protocol));
    mapping.set_container_port(port.container_port);
    mapping.set_host_port(port.host_port);
    mapping.set_host_ip(port.host_ip);
  }
  fill_map(*to.mutable_labels(), from.labels);
  fill_map(*to.mutable_annotations(), from.annotations);
  auto& linux_config = *to.mutable_linux_config();
  linux_config.set_cgroup_parent(from.cgroup_parent);
  fill_common(*linux_config.mutable_security_context(), from.security);
  fill_map(*linux_config.mutable_sysctls(), from.sysctls);
  fill(*linux_config.mutable_overhead(), from.overhead);
  fill(*linux_config.mutable_resources(), from.resources);
}

void fill(wire::ContainerConfig& to, const node::ContainerConfig& from) {
  to.mutable_metadata()->set_name(from.metadata.name);
  to.mutable_metadata()->set_attempt(from.metadata.attempt);
  to.mutable_image()->set_image(from.image);
  to.mutable_image()->set_user_specified_image(from.user_specified_image);
  fill_list(*to.mutable_command(), from.command);
  fill_list(*to.mutable_args(), from.args);
  to.set_working_dir(from.working_dir);
  from.envs.visit([&](const node::KeyValue& env) {
    auto& pair = *to.add_envs();
    pair.set_key(env.key);
    pair.set_value(env.value);
  });
  for (const node::Mount& mount : from.mounts) fill(*to.add_mounts(), mount);
  for (const node::Device& device : from.devices) {
    auto& one = *to.add_devices();
    one.set_container_path(device.container_path);
    one.set_host_path(device.host_path);
    one.set_permissions(device.permissions);
  }
  fill_map(*to.mutable_labels(), from.labels);
  fill_map(*to.mutable_annotations(), from.annotations);
  to.set_log_path(from.log_path);
  to.set_stdin(from.has_stdin);
  to.set_stdin_once(from.stdin_once);
  to.set_tty(from.tty);
  fill(*to.mutable_linux_config()->mutable_resources(), from.resources);
  fill(*to.mutable_linux_config()->mutable_security_context(), from.security);
}

void fill(wire::PodSandboxFilter& to, const node::SandboxFilter& from) {
  to.set_id(from.id);
  if (from.state) to.mutable_state()->set_state(static_cast<int>(*from.state));
  fill_map(*to.mutable_label_selector(), from.labels);
}

void fill(wire::ContainerFilter& to, const node::ContainerFilter& from) {
  to.set_id(from.id);
  to.set_pod_sandbox_id(from.sandbox_id);
  if (from.state) to.mutable_state()->set_state(static_cast<int>(*from.state));
  fill_map(*to.mutable_label_selector(), from.labels);
}

void fill(wire::AuthConfig& to, const node::ImageAuth& from) {
  to.set_username(from.username);
  to.set_password(from.password);
  to.set_auth(from.auth);
  to.set_server_address(from.server_address);
  to.set_identity_token(from.identity_token);
  to.set_registry_token(from.registry_token);
}

namespace {

// What an entry of a list and a status have in common.
template <typename To, typename From>
To read_sandbox(const From& from) {
  To out;
  out.id = from.id();
  out.metadata = read(from.metadata());
  out.state = read_sandbox_state(from.state());
  out.created_ns = from.created_at();
  out.labels = read_map(from.labels());
  out.annotations = read_map(from.annotations());
  return out;
}

template <typename To, typename From>
To read_container(const From& from) {
  To out;
  out.id = from.id();
  out.metadata = {from.metadata().name(), from.metadata().attempt()};
  out.image = from.image().image();
  out.image_ref = from.image_ref();
  out.state = read_container_state(from.state());
  out.created_ns = from.created_at();
  out.labels = read_map(from.labels());
  out.annotations = read_map(from.annotations());
  return out;
}

}  // namespace

node::Sandbox read(const wire::PodSandbox& from) { return read_sandbox<node::Sandbox>(from); }

node::SandboxStatus read(const wire::PodSandboxStatus& from) {
  auto out = read_sandbox<node::SandboxStatus>(from);
  if (!from.network().ip().empty()) out.ips.push_back(from.network().ip());
  for (const auto& additional : from.network().additional_ips()) out.ips.push_back(additional.ip());
  return out;
}

node::Container read(const wire::Container& from) {
  auto out = read_container<node::Container>(from);
  out.sandbox_id = from.pod_sandbox_id();
  return out;
}

node::ContainerStatus read(const wire::ContainerStatus& from) {
  auto out = read_container<node::ContainerStatus>(from);
  out.started_ns = from.started_at();
  // containerd notes the start after the call for it has returned: a container that ends at once has ended before that.
  out.finished_ns = from.finished_at() == 0 ? 0 : std::max(from.finished_at(), from.started_at());
  out.exit_code = from.exit_code();
  out.reason = from.reason();
  out.message = from.message();
  for (const auto& mount : from.mounts()) out.mounts.push_back(read(mount));
  out.log_path = from.log_path();
  if (from.resources().has_linux_config()) out.resources = read(from.resources().linux_config());
  return out;
}

node::ContainerStats read(const wire::ContainerStats& from) {
  node::ContainerStats out;
  out.id = from.attributes().id();
  out.name = from.attributes().metadata().name();
  out.labels = read_map(from.attributes().labels());
  out.timestamp_ns = from.cpu().timestamp();
  out.cpu_usage_core_ns = from.cpu().usage_core_nano_seconds().value();
  out.cpu_usage_nano_cores = read_value(from.cpu().has_usage_nano_cores(), from.cpu().usage_nano_cores());
  out.memory_working_set_bytes = from.memory().working_set_bytes().value();
  out.memory_usage_bytes = from.memory().usage_bytes().value();
  out.memory_rss_bytes = from.memory().rss_bytes().value();
  out.page_faults = from.memory().page_faults().value();
  out.major_page_faults = from.memory().major_page_faults().value();
  out.writable_layer_bytes = from.writable_layer().used_bytes().value();
  out.writable_layer_inodes = from.writable_layer().inodes_used().value();
  return out;
}

node::FilesystemUsage read(const wire::FilesystemUsage& from) {
  return {from.timestamp(), from.fs_id().mountpoint(), from.used_bytes().value(), from.inodes_used().value()};
}

node::Image read(const wire::Image& from) {
  node::Image out;
  out.id = from.id();
  out.tags = read_list(from.repo_tags());
  out.digests = read_list(from.repo_digests());
  out.size_bytes = from.size();
  if (from.has_uid()) out.uid = from.uid().value();
  out.username = from.username();
  out.pinned = from.pinned();
  return out;
}

}  // namespace plinth::cri
