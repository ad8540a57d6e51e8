#include "cri/pod_bridge.h"

#include <fmt/core.h>

#include "base/json.h"
#include "cri/call.h"
#include "cri/messages.h"

namespace plinth::cri {
namespace {

constexpr std::string_view kDefaultBridge = "cni0";  // of the plugin `bridge` where none is named
constexpr std::string_view kEverywhere = "0.0.0.0/0";

Error no_bridge(const std::string& why) { return {Reason::kMethodNotAllowed, why}; }

// The first range of IPv4 of host-local, in either of the forms that it has.
Value v4_range(const Value& ipam) {
  if (ipam["subnet"].is_string()) return ipam;
  for (const Value& set : ipam["ranges"].items()) {
    for (const Value& range : set.items()) {
      if (range["subnet"].as_string().find(':') == std::string_view::npos) return range;
    }
  }
  return {};
}

Result<PodBridge> read_plugin(const Value& plugin, std::string_view network) {
  PodBridge out;
  const bool is_default = plugin["isDefaultGateway"].as_bool();
  out.name = plugin["bridge"].is_string() ? plugin["bridge"].as_string() : kDefaultBridge;
  if (!is_default && !plugin["isGateway"].as_bool())
    return no_bridge(fmt::format("the bridge of the network \"{}\" has no address of this machine (isGateway)", network));
  const Value ipam = plugin["ipam"];
  if (ipam["type"].as_string() != "host-local") {
    return no_bridge(fmt::format("the network \"{}\" does not say which addresses pods get: its IPAM is \"{}\"", network,
                                 ipam["type"].as_string()));
  }
  const Value range = v4_range(ipam);
  if (!range.is_object()) return no_bridge(fmt::format("the network \"{}\" has no IPv4", network));
  out.range = range["subnet"].as_string();
  out.gateway = range["gateway"].as_string();
  out.routed = is_default;
  for (const Value& route : ipam["routes"].items()) out.routed = out.routed || route["dst"].as_string() == kEverywhere;
  return out;
}

}  // namespace

Result<PodBridge> read_pod_bridge(std::string_view cni_config) {
  auto parsed = parse_json(cni_config);
  if (!parsed.ok()) return no_bridge("its CNI configuration cannot be read: " + parsed.error().message());
  std::string others;
  for (const Value& network : parsed->root()["Networks"].items()) {
    const Value config = network["Config"];
    for (const Value& plugin : config["Plugins"].items()) {
      const std::string_view type = plugin["Network"]["type"].as_string();
      if (type != "bridge") {
        if (type != "loopback") others += fmt::format("{}\"{}\"", others.empty() ? "" : ", ", type);
        continue;
      }
      auto source = parse_json(plugin["Source"].as_string());
      if (!source.ok()) return no_bridge("its CNI configuration cannot be read: " + source.error().message());
      return read_plugin(source->root(), config["Name"].as_string());
    }
  }
  return no_bridge(others.empty() ? "it has no CNI network" : "its CNI network is no bridge but of " + others);
}

void ask_pod_bridge(Loop& loop, Network& network, Clock& clock, const std::string& address, node::Done<PodBridge> done) {
  std::shared_ptr<net::GrpcChannel> channel = net::make_grpc_channel(loop, network, clock, address);
  wire::StatusRequest request;
  request.set_verbose(true);
  node::Done<std::string> read = [&loop, channel, done = std::move(done)](Result<std::string> config) {
    loop.post([channel] {});  // ends once its own call is over
    if (!config.ok()) return done(std::move(config).error());
    if (config->empty()) return done(no_bridge("it does not tell its CNI configuration"));
    done(read_pod_bridge(*config));
  };
  call<wire::StatusResponse, std::string>(*channel, "/runtime.v1.RuntimeService/Status", request, kCallTimeout, std::move(read),
                                          [](const wire::StatusResponse& r) {
                                            const auto found = r.info().find("cniconfig");
                                            return found == r.info().end() ? std::string() : found->second;
                                          });
}

}  // namespace plinth::cri
