#include "node/pod/container_config.h"

#include <algorithm>

#include <fmt/format.h>

#include "api/strategies/qos_class.h"
#include "base/json.h"
#include "base/text.h"
#include "node/pod/environment.h"
#include "node/pod/labels.h"
#include "node/pod/resources.h"
#include "node/pod/security.h"

namespace plinth::node {
namespace {

constexpr std::size_t kHostnameMax = 63;

StringMap common_labels(const NodeConfig& node, const Pod& pod) {
  return {{std::string(kPodNameLabel), pod.name},
          {std::string(kPodNamespaceLabel), pod.name_space},
          {std::string(kPodUidLabel), pod.uid},
          {std::string(kNodeLabel), node.name}};
}

StringMap texts(const Value& map) {
  StringMap out;
  for (const Member& m : map.members()) out.emplace(m.key(), m.value.as_string());
  return out;
}

std::vector<PortMapping> host_ports(const Pod& pod) {
  std::vector<PortMapping> out;
  if (pod.host_network) return out;
  for (const PodContainer& container : pod.containers) {
    for (const Value& port : container.spec["ports"].items()) {
      if (port["hostPort"].as_int() == 0) continue;
      const std::string_view protocol = port["protocol"].as_string();
      out.push_back({protocol == "UDP"    ? Protocol::kUdp
                     : protocol == "SCTP" ? Protocol::kSctp
                                          : Protocol::kTcp,
                     static_cast<std::int32_t>(port["containerPort"].as_int()),
                     static_cast<std::int32_t>(port["hostPort"].as_int()), std::string(port["hostIP"].as_string())});
    }
  }
  return out;
}

void append(std::vector<std::string>& list, const Value& more) {
  for (const Value& text : more.items()) {
    if (std::find(list.begin(), list.end(), text.as_string()) == list.end()) list.emplace_back(text.as_string());
  }
}

std::string full_hostname(const NodeConfig& node, const Pod& pod) {
  const std::string_view subdomain = pod.spec()["subdomain"].as_string();
  const std::string hostname = pod_hostname(pod);
  if (subdomain.empty()) return hostname;
  return fmt::format("{}.{}.{}.svc.{}\t{}", hostname, subdomain, pod.name_space, node.cluster_domain, hostname);
}

}  // namespace

std::string pod_log_directory(const NodeConfig& node, const Pod& pod) {
  return fmt::format("{}/{}_{}_{}", node.log_root, pod.name_space, pod.name, pod.uid);
}

std::string cgroup_parent(const NodeConfig& node, const Pod& pod) {
  if (node.cgroup_root.empty()) return "";
  const std::string_view qos = api::qos_class(pod.spec());
  const char* tier = qos == "Guaranteed" ? "" : qos == "Burstable" ? "/burstable" : "/besteffort";
  return node.cgroup_root + tier + "/pod" + pod.uid;
}

std::string pod_hostname(const Pod& pod) {
  std::string hostname(pod.spec()["hostname"].as_string());
  if (hostname.empty()) hostname = pod.name;
  if (hostname.size() > kHostnameMax) hostname.resize(kHostnameMax);
  while (!hostname.empty() && (hostname.back() == '-' || hostname.back() == '.')) hostname.pop_back();
  return hostname;
}

DnsConfig pod_dns(const NodeConfig& node, const Pod& pod) {
  const Value spec = pod.spec();
  std::string_view policy = spec["dnsPolicy"].as_string();
  if (policy.empty()) policy = "ClusterFirst";
  if (policy == "ClusterFirst" && pod.host_network) policy = "Default";
  if (policy == "ClusterFirstWithHostNet") policy = "ClusterFirst";
  DnsConfig dns;
  if (policy == "ClusterFirst" && !node.cluster_dns.empty()) {
    dns.servers = node.cluster_dns;
    dns.searches = {pod.name_space + ".svc." + node.cluster_domain, "svc." + node.cluster_domain, node.cluster_domain};
    dns.searches.insert(dns.searches.end(), node.host_dns.searches.begin(), node.host_dns.searches.end());
    dns.options = {"ndots:5"};
  } else if (policy != "None") {
    dns = node.host_dns;
  }
  const Value more = spec["dnsConfig"];
  append(dns.servers, more["nameservers"]);
  append(dns.searches, more["searches"]);
  for (const Value& option : more["options"].items()) {
    const std::string name(option["name"].as_string());
    // What the pod says of an option replaces what the policy says.
    std::erase_if(dns.options, [&](const std::string& o) { return cut(o, ":").first == name; });
    dns.options.push_back(option["value"].is_string() ? name + ":" + std::string(option["value"].as_string()) : name);
  }
  return dns;
}

std::string hosts_file(const NodeConfig& node, const Pod& pod, const std::vector<std::string>& pod_ips) {
  std::string out =
      "# Kubernetes-managed hosts file.\n"
      "127.0.0.1\tlocalhost\n"
      "::1\tlocalhost ip6-localhost ip6-loopback\n"
      "fe00::0\tip6-localnet\n"
      "fe00::0\tip6-mcastprefix\n"
      "fe00::1\tip6-allnodes\n"
      "fe00::2\tip6-allrouters\n";
  for (const std::string& ip : pod_ips) out += ip + "\t" + full_hostname(node, pod) + "\n";
  const Value aliases = pod.spec()["hostAliases"];
  if (aliases.size() > 0) out += "\n# Entries added by HostAliases.\n";
  for (const Value& alias : aliases.items()) {
    std::vector<std::string> names;
    append(names, alias["hostnames"]);
    out += std::string(alias["ip"].as_string()) + "\t" + join(names, "\t") + "\n";
  }
  return out;
}

SandboxConfig make_sandbox_config(const NodeConfig& node, const Pod& pod, std::uint32_t attempt) {
  SandboxConfig config;
  config.metadata = {pod.name, pod.uid, pod.name_space, attempt};
  if (!pod.host_network) config.hostname = pod_hostname(pod);
  config.log_directory = pod_log_directory(node, pod);
  config.dns = pod_dns(node, pod);
  config.ports = host_ports(pod);
  config.labels = texts(pod.document["metadata"]["labels"]);
  for (auto& [key, value] : common_labels(node, pod)) config.labels[key] = value;
  config.annotations = texts(pod.document["metadata"]["annotations"]);
  config.cgroup_parent = cgroup_parent(node, pod);
  config.security = sandbox_security(pod);
  for (const Value& sysctl : pod.spec()["securityContext"]["sysctls"].items())
    config.sysctls[std::string(sysctl["name"].as_string())] = sysctl["value"].as_string();
  config.resources = pod_resources(pod);
  return config;
}

Result<ContainerConfig> make_container_config(const NodeConfig& node, const Pod& pod, const PodContainer& container,
                                              const ContainerInputs& inputs) {
  ContainerConfig config;
  const Value spec = container.spec;
  config.metadata = {container.name, inputs.attempt};
  config.image = inputs.image_ref;
  config.user_specified_image = container.image;
  config.command = expand_all(spec["command"], inputs.environment);
  config.args = expand_all(spec["args"], inputs.environment);
  config.working_dir = spec["workingDir"].as_string();
  config.envs = inputs.environment;
  config.mounts = inputs.mounts;
  config.devices = inputs.devices;
  config.labels = common_labels(node, pod);
  config.labels[std::string(kContainerNameLabel)] = container.name;
  std::string_view path = spec["terminationMessagePath"].as_string(), policy = spec["terminationMessagePolicy"].as_string();
  config.annotations = {{std::string(kContainerHash), container.hash},
                        {std::string(kRestartCount), std::to_string(inputs.attempt)},
                        {std::string(kTerminationMessagePath), std::string(path.empty() ? "/dev/termination-log" : path)},
                        {std::string(kTerminationMessagePolicy), std::string(policy.empty() ? "File" : policy)},
                        {std::string(kPodGracePeriod), std::to_string(pod.grace_s)}};
  const bool completes =
      container.role == Role::kInit || (container.role == Role::kMain && pod.restart_policy != RestartPolicy::kAlways);
  if (completes) config.annotations[std::string(kRunsToCompletion)] = "true";
  std::vector<std::string> images;
  for (const Mount& mount : inputs.mounts) {
    if (!mount.image.empty()) images.push_back(mount.image);
  }
  if (!images.empty()) config.annotations[std::string(kImageVolumes)] = join(images, ",");
  config.log_path = fmt::format("{}/{}.log", container.name, inputs.attempt);
  config.has_stdin = spec["stdin"].as_bool();
  config.stdin_once = spec["stdinOnce"].as_bool();
  config.tty = spec["tty"].as_bool();
  config.resources = container_resources(pod, container, node.memory_capacity_bytes, node.cgroup_v1_swap);
  config.security = TRY(container_security(pod, container, inputs.image));
  if (!inputs.target_container_id.empty()) {
    config.security.namespaces.pid = NamespaceMode::kTarget;
    config.security.namespaces.target_id = inputs.target_container_id;
  }
  config.stop_signal = spec["lifecycle"]["stopSignal"].as_string();
  return config;
}

}  // namespace plinth::node
