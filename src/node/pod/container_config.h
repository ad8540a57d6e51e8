// What the runtime is asked to make of a pod: the sandbox and its containers.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "node/pod/downward.h"
#include "node/runtime/runtime.h"

namespace plinth::node {

// Of the node, as configs need it.
struct NodeConfig {
  std::string name;
  std::string log_root = "/var/log/pods";
  std::string cgroup_root;  // "/plinth"; "": the runtime's own place
  std::string cluster_domain = "cluster.local";
  std::vector<std::string> cluster_dns;    // servers of dnsPolicy ClusterFirst; none: the node's own
  DnsConfig host_dns;                      // the node's resolv.conf
  std::int64_t memory_capacity_bytes = 0;  // for the OOM score of Burstable pods
  bool collects_images = false;            // the runtime is the node's own: images that nobody uses may go
  std::set<std::string> kept_images;       // names of images that never go
  bool cgroup_v1_swap = true;              // the swap limit is set beside the memory limit
};

std::string pod_log_directory(const NodeConfig& node, const Pod& pod);
std::string cgroup_parent(const NodeConfig& node, const Pod& pod);
// As gethostname says inside: spec.hostname or the pod's name, cut to 63 characters.
std::string pod_hostname(const Pod& pod);
DnsConfig pod_dns(const NodeConfig& node, const Pod& pod);
// The content of /etc/hosts of a pod with a network of its own.
std::string hosts_file(const NodeConfig& node, const Pod& pod, const std::vector<std::string>& pod_ips);

SandboxConfig make_sandbox_config(const NodeConfig& node, const Pod& pod, std::uint32_t attempt);

struct ContainerInputs {
  std::uint32_t attempt = 0;
  Image image;
  std::string image_ref;  // what pull_image gave, or the image's id
  Environment environment;
  std::vector<Mount> mounts;
  std::vector<Device> devices;
  std::string target_container_id;  // of an ephemeral container's targetContainerName
};

// BadRequest becomes CreateContainerConfigError: root where runAsNonRoot forbids it, and the like.
Result<ContainerConfig> make_container_config(const NodeConfig& node, const Pod& pod, const PodContainer& container,
                                              const ContainerInputs& inputs);

}  // namespace plinth::node
