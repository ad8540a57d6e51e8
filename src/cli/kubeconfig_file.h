// Which cluster a command talks to, as kubectl finds it: --kubeconfig, then $KUBECONFIG, then ~/.kube/config.
#pragma once

#include <string>

#include "base/result.h"
#include "cli/command.h"
#include "client/kubeconfig.h"

namespace plinth::cli {

// Options of every command that talks to a cluster.
inline constexpr OptionSpec kKubeconfigOption = {
    "--kubeconfig", "FILE", "the cluster's kubeconfig (default: $KUBECONFIG, then ~/.kube/config)", "", false};
inline constexpr OptionSpec kContextOption = {"--context", "NAME", "a context of it (default: its current one)", "", false};

inline constexpr OptionSpec kNamespaceOption = {"-n,--namespace", "NS", "the namespace (default: the one of the context)", "",
                                                false};

struct ChosenCluster {
  client::RemoteConfig config;
  std::string name_space;  // of the context; "default" without
};
Result<ChosenCluster> choose_cluster(const Arguments& arguments);

// A file or, for "-", standard input.
Result<std::string> read_input(const std::string& path);

}  // namespace plinth::cli
