// attach: the controllers of this program against any Kubernetes API.
#include <charconv>
#include <cstdio>
#include <optional>

#include "base/json.h"
#include "base/yaml.h"
#include "cli/command.h"
#include "cli/compose_choices.h"
#include "cli/fail.h"
#include "cli/kubeconfig_file.h"
#include "cli/output.h"
#include "compose/builtin/definitions.h"
#include "platform/attach_manifests.h"
#include "platform/attach_service.h"

namespace plinth::cli {
namespace {

int print_manifests(const std::vector<Document>& manifests, bool json) {
  if (!json) {
    for (const Document& manifest : manifests) std::printf("---\n%s", to_yaml(manifest.root()).c_str());
    return 0;
  }
  Draft list;
  list.root() = list.object();
  list.set(list.root(), "apiVersion", "v1");
  list.set(list.root(), "kind", "List");
  Value items = list.array();
  for (const Document& manifest : manifests) list.push(items, list.clone(manifest.root()));
  list.member(list.root(), "items") = items;
  std::fputs(data_text(list.root(), "json").c_str(), stdout);
  return 0;
}

// A line each, as soon as it is known: text, or an object with one member.
class Teller {
 public:
  explicit Teller(bool json) : json_(json) {}
  void tell(const char* text_begin, std::string_view key, const std::string& what) const {
    std::string line = text_begin + what;
    if (json_) {
      line = "{\"" + std::string(key) + "\":";
      append_json_string(line, what);
      line += "}";
    }
    std::puts(line.c_str());
    std::fflush(stdout);
  }
  void ready() const {
    std::puts(json_ ? "{\"ready\":true}" : "ready");
    std::fflush(stdout);
  }

 private:
  bool json_;
};

std::optional<double> positive(const std::string& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !(value >= 1)) return std::nullopt;
  return value;
}

int run(const Arguments& arguments) {
  platform::AttachOptions options;
  options.lease_namespace = argument(arguments, "lease-namespace");
  const std::string output = argument(arguments, "output");
  if (output != "text" && output != "json") return fail(2, "--output " + output + ": use text or json");
  const bool json = output == "json";
  auto choices = compose_choices(arguments);
  if (!choices.ok()) return fail(2, choices.error().message());
  options.compose = *choices;
  if (has_flag(arguments, "print-manifests"))
    return print_manifests(platform::attach_manifests(options.lease_namespace, options.compose), json);
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
    if (!number)
      return fail(2, std::string("--") + name + " " + argument(arguments, name) + ": a number of at least 1 is needed");
    *value = *number;
  }
  const Teller teller(json);
  teller.tell("API        ", "api", (options.server.tls ? "https://" : "http://") + options.server.address);
  platform::AttachTold told;
  told.waiting = [teller](const std::string& what) { teller.tell("waiting    for ", "waiting", what); };
  told.ready = [teller] { teller.ready(); };
  auto ended = platform::run_attached(std::move(options), std::move(told));
  return ended.ok() ? 0 : fail(1, ended.error().message());
}

}  // namespace

Command attach_command() {
  return {
      "attach",
      "run the controllers of composition against any Kubernetes API until SIGTERM; prints what it waits for, \"ready\" last",
      {kKubeconfigOption,
       kContextOption,
       {"--install", "", "apply the CRDs and rights that are needed first", "", false},
       {"--definitions", "LIST", "composition definitions to install: postgresql, or none", "none", false},
       kAllowCrdDeletionOption,
       kGraphRevisionsOption,
       {"--print-manifests", "", "print these CRDs and rights as YAML (with -o json as a List), and end", "", false},
       {"--accounts-namespace", "NS",
        "act as the controllers' ServiceAccounts there, by impersonation (default: with our own rights)", "", false},
       {"--lease-namespace", "NS", "where the Lease plinth-compose is, by which one of several leads", "kube-system", false},
       {"--qps", "N", "requests per second", "100", false},
       {"--burst", "N", "requests that may be made at once", "150", false},
       {"-o,--output", "FORMAT", "text, or json: an object on each line", "text", false}},
      run};
}

}  // namespace plinth::cli
