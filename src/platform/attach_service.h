// The controllers of domain modules against any Kubernetes API: what `plinth attach` runs.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/value.h"
#include "client/kubeconfig.h"
#include "platform/controller_groups.h"

namespace plinth::platform {

struct AttachOptions {
  client::RemoteConfig server;
  // Controllers act as ServiceAccounts of their names there, by impersonation; "": with our own rights.
  std::string accounts_namespace;
  std::string lease_namespace = "kube-system";
  double requests_per_second = 100, burst = 150;
  bool install = false;               // CRDs and rights first
  std::vector<Document> definitions;  // composition definitions that are installed after the start
  ComposeChoices compose;
};

struct AttachTold {
  std::function<void(const std::string& what)> waiting;  // what is missing, when that changes
  std::function<void()> ready;
};

// Until SIGTERM or SIGINT, at most kAttachEnd longer. Errors: a foreign controller that reconciles the same kinds, a refused
// installation, a lease that was lost.
inline constexpr std::chrono::seconds kAttachEnd{3};
Result<void> run_attached(AttachOptions options, AttachTold told);

}  // namespace plinth::platform
