#include "cri/containerd/containerd_config.h"

#include <fmt/core.h>

#include "cri/pause/pause_image.h"

namespace plinth::cri {

std::string socket_path(const ContainerdOptions& options) { return options.run_dir + "/containerd.sock"; }
std::string oci_root(const ContainerdOptions& options) { return options.run_dir + "/oci/k8s.io"; }

std::string nft_table(const ContainerdOptions& options) {
  std::string name = "plinth_" + options.bridge;
  for (char& c : name) {
    if (c == '-' || c == '.') c = '_';
  }
  return name;
}

std::string containerd_config(const ContainerdOptions& options) {
  return fmt::format(R"(# Written by plinth at each start.
version = 2
root = "{data}/containerd"
state = "{run}/containerd"
disabled_plugins = ["io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs"]
[debug]
  level = "warn"
[grpc]
  address = "{socket}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{registry}/{repository}:{tag}"
  restrict_oom_score_adj = {restrict}
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "{data}/certs.d"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{cni}"
    conf_dir = "{data}/net.d"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "{snapshotter}"
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        BinaryName = "{oci}"
        Root = "{run}/oci"
[plugins."io.containerd.internal.v1.opt"]
  path = "{data}/opt"
)",
                     fmt::arg("data", options.data_dir), fmt::arg("run", options.run_dir),
                     fmt::arg("socket", socket_path(options)), fmt::arg("registry", kPauseRegistry),
                     fmt::arg("repository", kPauseRepository), fmt::arg("tag", kPauseTag),
                     fmt::arg("restrict", options.restrict_oom_score_adj), fmt::arg("cni", options.cni_dir),
                     fmt::arg("snapshotter", options.snapshotter), fmt::arg("oci", options.oci_runtime));
}

std::string cni_config(const ContainerdOptions& options) {
  return fmt::format(R"({{
  "cniVersion": "1.0.0",
  "name": "{bridge}",
  "plugins": [
    {{
      "type": "bridge", "bridge": "{bridge}", "isGateway": true, "hairpinMode": true, "ipMasq": false,
      "ipam": {{
        "type": "host-local", "ranges": [[{{"subnet": "{range}"}}]], "routes": [{{"dst": "0.0.0.0/0"}}], "dataDir": "{run}/leases"
      }}
    }},
    {{"type": "portmap", "capabilities": {{"portMappings": true}}}}
  ]
}}
)",
                     fmt::arg("bridge", options.bridge), fmt::arg("range", options.pod_range),
                     fmt::arg("run", options.run_dir));
}

std::string nft_rules(const ContainerdOptions& options) {
  return fmt::format(R"(table ip {table}
delete table ip {table}
table ip {table} {{
  chain postrouting {{
    type nat hook postrouting priority 100; policy accept;
    ip saddr {range} ip daddr != {range} masquerade
  }}
}}
)",
                     fmt::arg("table", nft_table(options)), fmt::arg("range", options.pod_range));
}

std::string hosts_config(const std::string& mirror, bool only) {
  return fmt::format("{}[host.\"{}\"]\n  capabilities = [\"pull\", \"resolve\"]\n",
                     only ? fmt::format("server = \"{}\"\n", mirror) : "", mirror);
}

}  // namespace plinth::cri
