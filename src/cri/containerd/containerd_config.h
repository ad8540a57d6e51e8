// What containerd and the CNI plugins are told, as texts.
#pragma once

#include <string>

namespace plinth::cri {

struct ContainerdOptions {
  std::string data_dir;  // absolute: images, snapshots, address leases
  std::string run_dir;   // absolute and short: sockets, state; gone after a reboot
  std::string bridge = "plinth0";
  std::string pod_range = "10.244.0.0/24";                // addresses of pods
  std::string containerd, oci_runtime, nft, ip, cni_dir;  // paths
  std::string snapshotter = "overlayfs";
  bool restrict_oom_score_adj = false;  // without CAP_SYS_RESOURCE no score can be lowered
};

std::string socket_path(const ContainerdOptions& options);
std::string oci_root(const ContainerdOptions& options);   // the OCI runtime's state, of containerd's namespace k8s.io
std::string nft_table(const ContainerdOptions& options);  // "plinth_plinth0"

std::string containerd_config(const ContainerdOptions& options);
std::string cni_config(const ContainerdOptions& options);
// Traffic from pods to elsewhere leaves with the machine's address. Replaces what was there.
std::string nft_rules(const ContainerdOptions& options);
// certs.d/HOST/hosts.toml: images of the host are asked for at `mirror` ("http://127.0.0.1:5000") first. `only`: nowhere else.
std::string hosts_config(const std::string& mirror, bool only);

}  // namespace plinth::cri
