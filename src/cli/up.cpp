#include <algorithm>
#include <cstdio>
#include <optional>

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include "base/json.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/compose_choices.h"
#include "cli/fail.h"
#include "compose/builtin/definitions.h"
#include "platform/controller_groups.h"
#include "platform/cri_node.h"
#include "platform/local_images.h"
#include "platform/node_host.h"
#include "platform/pod_network.h"
#include "platform/service.h"
#include "world_real/real_disk.h"
#include "world_real/spawner.h"

namespace plinth::cli {
namespace {

// A quarter of the machine's memory.
std::uint64_t default_store_bytes() {
  const long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
  return pages > 0 && size > 0 ? static_cast<std::uint64_t>(pages) / 4 * static_cast<std::uint64_t>(size) : 0;
}

void print_ready(const platform::Service& service, const Arguments& arguments, const std::string& registry) {
  const std::string url = "https://" + service.api_address();
  if (argument(arguments, "output") == "json") {
    std::string line = "{\"ready\":true,\"api\":";
    append_json_string(line, url);
    line += ",\"dataDir\":";
    append_json_string(line, argument(arguments, "data-dir"));
    if (!registry.empty()) {
      line += ",\"registry\":";
      append_json_string(line, "http://" + registry);
    }
    line += ",\"ingressHTTP\":";
    append_json_string(line, service.ingress_place().http);
    line += ",\"ingressHTTPS\":";
    append_json_string(line, service.ingress_place().https);
    std::printf("%s}\n", line.c_str());
  } else {
    std::printf("API        %s\n", url.c_str());
    std::printf("data       %s\n", argument(arguments, "data-dir").c_str());
    const network::IngressPlace ingress = service.ingress_place();
    if (!ingress.http.empty()) std::printf("ingress    http://%s\n", ingress.http.c_str());
    if (!ingress.https.empty()) std::printf("ingress    https://%s\n", ingress.https.c_str());
    const std::string file = argument(arguments, "write-kubeconfig");
    if (!file.empty()) std::printf("kubeconfig %s\n", file.c_str());
    if (!registry.empty()) std::printf("registry   http://%s\n", registry.c_str());
    std::printf("ready\n");
  }
  std::fflush(stdout);
}

std::optional<server::Compression> parse_compression(const std::string& text) {
  if (text == "remote") return server::Compression::kRemotePeers;
  if (text == "always") return server::Compression::kAlways;
  if (text == "never") return server::Compression::kNever;
  return std::nullopt;
}

// "+workloads,-compose": what runs besides the usual, and which groups run elsewhere.
Result<void> take_controllers(const std::string& text, platform::ServiceOptions& options) {
  std::string known = "+workloads";
  for (const platform::ControllerGroup& group : platform::controller_groups()) known += ", -" + std::string(group.name);
  for (std::string_view part : split(text, ',')) {
    bool found = part == "+workloads" || text.empty();
    options.workloads = options.workloads || part == "+workloads";
    for (const platform::ControllerGroup& group : platform::controller_groups()) {
      if (part != "-" + std::string(group.name)) continue;
      options.left_out.emplace(group.name);
      found = true;
    }
    if (!found) return bad_request("\"" + std::string(part) + "\" is not one of " + known);
  }
  return {};
}

std::vector<std::string> names_of_list(const std::string& text) {
  std::vector<std::string> out;
  for (std::string_view name : split(text, ',')) {
    if (!trim(name).empty()) out.emplace_back(trim(name));
  }
  return out;
}

// There is something to route to where pods run, or are brought by others' nodes.
void take_ingress(const Arguments& arguments, platform::ServiceOptions& options) {
  const auto chosen = [&](const char* name) {
    const std::string text = argument(arguments, name);
    return text == "auto" && !options.workloads ? "none" : text;
  };
  options.ingress.http = chosen("ingress-http");
  options.ingress.https = chosen("ingress-https");
  for (std::string& name : names_of_list(argument(arguments, "ingress-classes")))
    options.ingress.classes.insert(std::move(name));
}

Result<void> write_kubeconfig(const platform::Service& service, const std::string& file) {
  world_real::RealDisk disk;
  return write_file_atomically(disk, file, service.kubeconfig());
}

// Whoever reaches the registry may push: it stays on loopback.
Result<std::string> registry_address(const Arguments& arguments) {
  std::string address = argument(arguments, "registry");
  if (address.empty()) address = "127.0.0.1:0";
  if (address == "none") return std::string();
  const std::string host = address.substr(0, address.rfind(':'));
  if (address.rfind(':') == std::string::npos || (!host.starts_with("127.") && host != "localhost" && host != "[::1]")) {
    return bad_request("--registry " + address +
                       ": an address on loopback is needed (127.0.0.1:5000), or none: whoever reaches it may push");
  }
  return address;
}

// "/run/a/csi.sock,/run/b/csi.sock"
Result<std::vector<std::string>> csi_sockets(const Arguments& arguments) {
  std::vector<std::string> out;
  const std::string given = argument(arguments, "csi-sockets");
  for (std::string_view part : split(given, ',')) {
    const std::string path(trim(part));
    if (path.empty()) continue;
    if (path.front() != '/') return bad_request("--csi-sockets " + path + ": an absolute path is needed");
    if (std::find(out.begin(), out.end(), path) != out.end()) return bad_request("--csi-sockets " + path + ": is there twice");
    out.push_back(path);
  }
  return out;
}

// Where the pods of a runtime of others meet this machine. Where that cannot be told they run without Services and DNS.
Result<void> take_runtime_network(const Arguments& arguments, platform::CriNodeOptions& options) {
  const std::string gateway = argument(arguments, "pod-gateway");
  if (options.cri_socket.empty()) {
    return gateway.empty() ? Result<void>()
                           : bad_request("--pod-gateway " + gateway + ": a containerd of our own has a network that is known");
  }
  if (!argument(arguments, "pod-cidr").empty())
    return bad_request("--pod-cidr: the runtime at " + options.cri_socket + " gives its pods their addresses");
  if (gateway == "none") return {};
  auto found = gateway.empty() ? platform::ask_runtime_network(options.cri_socket) : platform::runtime_network_at(gateway);
  if (!found.ok() && !gateway.empty()) return bad_request("--pod-gateway " + found.error().message());
  if (!found.ok() && found.error().reason() == Reason::kServiceUnavailable)
    return Error(Reason::kServiceUnavailable,
                 fmt::format("no container runtime answers at {}: {}", options.cri_socket, found.error().message()));
  if (!found.ok()) {
    (void)fail(0, fmt::format("pods of the runtime at {} get neither Services nor DNS nor the API: {}; if they are on a bridge "
                              "of this machine, say --pod-gateway ADDRESS, which is the bridge's",
                              options.cri_socket, found.error().message()));
    return {};
  }
  if (!found->routed) {
    (void)fail(0, fmt::format("pods of the runtime at {} reach no Services: its CNI network gives them no default route; add "
                              "{{\"dst\": \"0.0.0.0/0\"}} to the routes of its ipam",
                              options.cri_socket));
  }
  options.runtime_network = std::move(*found);
  return {};
}

// Before any thread is made: the spawner is a fork of this process.
Result<platform::MakeNodeHost> cri_node(const Arguments& arguments, std::vector<std::string> sockets,
                                        std::shared_ptr<std::string> registry, platform::ServiceOptions& service) {
  platform::CriNodeOptions options;
  options.csi_sockets = std::move(sockets);
  options.registry_address = TRY(registry_address(arguments));
  options.registry_bound = std::move(registry);
  options.data_dir = argument(arguments, "data-dir");
  options.name = argument(arguments, "node-name");
  if (const std::string range = argument(arguments, "pod-cidr"); !range.empty()) options.pod_range = range;
  options.cri_socket = argument(arguments, "cri-socket");
  options.dns_forward = names_of_list(argument(arguments, "dns-forward"));
  TRY(platform::check_cri_node(options));
  if (const std::string images = argument(arguments, "images"); !images.empty()) {
    auto imported = platform::import_images(options.data_dir, images);
    if (!imported.ok()) return Error(imported.error().reason(), "--images " + imported.error().message());
  }
  options.spawner = std::make_shared<world_real::UniqueFd>(TRY(world_real::fork_spawner()));
  TRY(take_runtime_network(arguments, options));
  if (options.cri_socket.empty()) service.pod_gateway = platform::pod_gateway(options.pod_range).value();
  if (options.runtime_network) service.pod_gateway = options.runtime_network->gateway;
  if (!service.pod_gateway.empty()) {
    if (auto wrong = platform::check_service_range(service.allocation.service_range); !wrong.ok())
      return Error(wrong.error().reason(), "--service-cidr " + wrong.error().message());
  } else if (!options.dns_forward.empty()) {
    return bad_request("--dns-forward: the DNS of the platform does not reach the pods of that runtime");
  }
  return platform::cri_node(std::move(options));
}

int run(const Arguments& arguments) {
  const std::string node = argument(arguments, "node");
  if (node != "none" && node != "sim" && node != "cri") return fail(2, "--node " + node + ": use cri, sim or none");
  const std::string output = argument(arguments, "output");
  if (output != "text" && output != "json") return fail(2, "--output " + output + ": use text or json");
  platform::ServiceOptions options;
  options.data_dir = argument(arguments, "data-dir");
  options.api_address = argument(arguments, "api");
  options.store_bytes_max = default_store_bytes();
  if (const std::string text = argument(arguments, "max-store-bytes"); !text.empty()) {
    auto bytes = parse_integer<std::uint64_t>(text);
    if (!bytes) return fail(2, "--max-store-bytes " + text + ": not a number of bytes");
    options.store_bytes_max = *bytes;
  }
  auto range = api::AddressRange::parse(argument(arguments, "service-cidr"));
  if (!range.ok()) return fail(2, "--service-cidr: " + range.error().message());
  options.allocation.service_range = std::move(*range);
  const auto compression = parse_compression(argument(arguments, "compress"));
  if (!compression) return fail(2, "--compress " + argument(arguments, "compress") + ": use remote, always or never");
  options.compression = *compression;
  if (auto wrong = take_controllers(argument(arguments, "controllers"), options); !wrong.ok())
    return fail(2, "--controllers: " + wrong.error().message());
  auto definitions = compose::own_definitions(argument(arguments, "definitions"));
  if (!definitions.ok())
    return fail(2, "--definitions " + argument(arguments, "definitions") + ": " + definitions.error().message());
  options.definitions = std::move(*definitions);
  if (node != "none") options.workloads = true;
  auto sockets = csi_sockets(arguments);
  if (!sockets.ok()) return fail(2, sockets.error().message());
  if (node == "none" && !sockets->empty()) return fail(2, "--csi-sockets: storage drivers need a node (--node cri or sim)");
  if (node == "sim") {
    platform::SimNodeOptions sim;
    sim.csi_sockets = *sockets;
    options.make_node = platform::sim_node(std::move(sim));
  }
  for (const char* option : {"images", "registry"}) {
    if (node != "cri" && !argument(arguments, option).empty())
      return fail(2, fmt::format("--{}: only --node cri has a place for images", option));
  }
  if (node != "cri" && !argument(arguments, "dns-forward").empty())
    return fail(2, "--dns-forward: only --node cri answers pods that look for names");
  auto registry = std::make_shared<std::string>();
  if (node == "cri") {
    auto made = cri_node(arguments, std::move(*sockets), registry, options);
    if (!made.ok()) return fail(made.error().reason() == Reason::kBadRequest ? 2 : 1, "--node cri: " + made.error().message());
    options.make_node = std::move(*made);
  }
  auto choices = compose_choices(arguments);
  if (!choices.ok()) return fail(2, choices.error().message());
  options.compose = *choices;
  take_ingress(arguments, options);
  auto service = platform::Service::open(std::move(options));
  if (!service.ok()) return fail(1, service.error().message());
  const std::string file = argument(arguments, "write-kubeconfig");
  if (!file.empty()) {
    auto written = write_kubeconfig(**service, file);
    if (!written.ok()) return fail(1, "the kubeconfig could not be written: " + written.error().message());
    // The next start, or the next renewal, tries again: the old certificate is good for weeks.
    (*service)->on_certificates_renewed([&] { (void)write_kubeconfig(**service, file); });
  }
  auto ended = (*service)->run([&] { print_ready(**service, arguments, *registry); });
  return ended.ok() ? 0 : fail(1, ended.error().message());
}

}  // namespace

Command up_command() {
  return {
      "up",
      "run the platform until SIGTERM; prints where it listens, a line starting with \"ready\" last",
      {{"--data-dir", "DIR", "where everything is kept; \":memory:\" keeps nothing", "./plinth-data", false},
       {"--api", "ADDR", "address of the Kubernetes API; port 0 picks a free one", "127.0.0.1:6443", false},
       {"--node", "MODE",
        "cri: pods in containers (needs root and containerd); sim: a virtual node, whose pods only play; none: a control "
        "plane without a node",
        "none", false, "cri,sim,none"},
       {"--node-name", "NAME", "of the node that --node cri makes (default: the host's name)", "", false},
       {"--pod-cidr", "CIDR", "IPv4 addresses that pods of --node cri get (default: 10.244.0.0/24)", "", false},
       {"--pod-gateway", "ADDR",
        "with --cri-socket: IPv4 of this machine on the bridge of the runtime's pods, where Services, DNS and the API are "
        "served "
        "to them (default: what the runtime's CNI configuration says); none: they have none of these",
        "", false},
       {"--dns-forward", "LIST",
        "name servers that the DNS of --node cri asks for names of elsewhere, as 10.0.0.2:53 (default: those of "
        "/etc/resolv.conf)",
        "", false},
       {"--images", "DIR", "import the images of DIR/*.tar at the start of --node cri, as plinth image import does", "", false},
       {"--registry", "ADDR",
        "loopback address of the registry of --node cri, to push images to (default 127.0.0.1:0, a free port); none: no "
        "registry",
        "", false},
       {"--cri-socket", "PATH", "use the container runtime that listens there instead of a containerd of our own", "", false},
       {"--csi-sockets", "LIST",
        "paths of sockets of storage drivers for which the platform does what their sidecars would: provisioner, attacher, "
        "resizer, snapshotter, registrar",
        "", false},
       {"--controllers", "LIST",
        "+workloads: also those of Deployments, Jobs and the like where there is no node; -compose: without those of "
        "composition, which plinth attach runs elsewhere",
        "", false},
       {"--definitions", "LIST", "composition definitions to install: postgresql, or none", "postgresql", false},
       kAllowCrdDeletionOption,
       kGraphRevisionsOption,
       {"--write-kubeconfig", "FILE", "write a kubeconfig for the administrator before the ready line", "", false},
       {"--max-store-bytes", "BYTES", "ceiling of stored objects (default: a quarter of memory); deletes go on beyond it", "",
        false},
       {"--ingress-http", "ADDR",
        "address of the ingress router for HTTP; auto: 127.0.0.1:80 where it is free and allowed, else a port that is "
        "printed, and none without workloads; none",
        "auto", false},
       {"--ingress-https", "ADDR", "the same for HTTPS, and port 443", "auto", false},
       {"--ingress-classes", "LIST", "names of ingress classes that it follows beside its own, plinth", "nginx,traefik", false},
       {"--service-cidr", "CIDR", "addresses that Services get; the first one is the API's", api::kDefaultServiceCidr, false},
       {"--compress", "PEERS", "who gets large answers as gzip: remote, always or never", "remote", false,
        "remote,always,never"},
       {"-o,--output", "FORMAT", "text or json", "text", false, "text,json"}},
      run};
}

}  // namespace plinth::cli
