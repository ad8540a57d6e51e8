// attach: the controllers of this program against any Kubernetes API.
#include <charconv>
#include <cstdio>
#include <optional>

#include "base/yaml.h"
#include "cli/command.h"
#include "cli/fail.h"
#include "cli/kubeconfig_file.h"
#include "compose/builtin/definitions.h"
#include "platform/attach_manifests.h"
#include "platform/attach_service.h"

namespace plinth::cli {
namespace {

int print_manifests(const std::string& name_space) {
  for (const Document& manifest : platform::attach_manifests(name_space)) std::printf("---\n%s", to_yaml(manifest.root()).c_str());
  return 0;
}

std::optional<double> positive(const std::string& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !(value >= 1)) return std::nullopt;
  return value;
}

int run(const Arguments& arguments) {
  platform::AttachOptions options;
  options.lease_namespace = argument(arguments, "lease-namespace");
  if (has_flag(arguments, "print-manifests")) return print_manifests(options.lease_namespace);
  auto cluster = choose_cluster(arguments);
  if (!cluster.ok()) return fail(1, cluster.error().message());
  options.server = std::move(cluster->config);
  options.accounts_namespace = argument(arguments, "accounts-namespace");
  options.install = has_flag(arguments, "install");
  auto definitions = compose::own_definitions(argument(arguments, "definitions"));
  if (!definitions.ok())
    return fail(2, "--definitions " + argument(arguments, "definitions") + ": " + definitions.error().message());
  options.definitions = std::move(*definitions);
  for (const auto& [name, value] : {std::pair{"qps", &options.requests_per_second}, {"burst", &options.burst}}) {
    const auto number = positive(argument(arguments, name));
    if (!number) return fail(2, std::string("--") + name + " " + argument(arguments, name) + ": a number of at least 1 is needed");
    *value = *number;
  }
  std::printf("API        %s%s\n", options.server.tls ? "https://" : "http://", options.server.address.c_str());
  std::fflush(stdout);
  platform::AttachTold told;
  told.waiting = [](const std::string& what) {
    std::printf("waiting    for %s\n", what.c_str());
    std::fflush(stdout);
  };
  told.ready = [] {
    std::puts("ready");
    std::fflush(stdout);
  };
  auto ended = platform::run_attached(std::move(options), std::move(told));
  return ended.ok() ? 0 : fail(1, ended.error().message());
}

}  // namespace

Command attach_command() {
  return {"attach",
          "run the controllers of composition against any Kubernetes API until SIGTERM; prints what it waits for, \"ready\" last",
          {kKubeconfigOption,
           kContextOption,
           {"--install", "", "apply the CRDs and rights that are needed first", "", false},
           {"--definitions", "LIST", "composition definitions to install: postgresql, or none", "none", false},
           {"--print-manifests", "", "print these CRDs and rights as YAML, and end", "", false},
           {"--accounts-namespace", "NS", "act as the controllers' ServiceAccounts there, by impersonation (default: with our own rights)", "", false},
           {"--lease-namespace", "NS", "where the Lease plinth-compose is, by which one of several leads", "kube-system", false},
           {"--qps", "N", "requests per second", "100", false},
           {"--burst", "N", "requests that may be made at once", "150", false}},
          run};
}

}  // namespace plinth::cli
