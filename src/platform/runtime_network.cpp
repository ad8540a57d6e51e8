#include "platform/runtime_network.h"

#include <bit>
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>

#include <arpa/inet.h>
#include <fmt/core.h>
#include <ifaddrs.h>

#include "api/address_range.h"
#include "base/json.h"
#include "base/text.h"
#include "cri/leftover_processes.h"
#include "cri/pod_bridge.h"
#include "world_real/epoll_loop.h"
#include "world_real/real_clock.h"
#include "world_real/real_network.h"
#include "world_real/thread_pool.h"

namespace plinth::platform {
namespace {

constexpr std::uint64_t kFileBytesMax = 4096;

std::string file_of(const std::string& folder) { return folder + "/pod-bridge.json"; }

std::string link_file(const std::string& bridge, const char* name) { return "/sys/class/net/" + bridge + "/bridge/" + name; }
std::string localnet_file(const std::string& bridge) { return "/proc/sys/net/ipv4/conf/" + bridge + "/route_localnet"; }

// "" where there is no such file.
std::string setting(Disk& disk, const std::string& path) {
  return std::string(trim(cri::read_kernel_file(disk, path, kFileBytesMax)));
}

std::string range_of(const in_addr& address, const in_addr& mask) {
  in_addr first{};
  first.s_addr = address.s_addr & mask.s_addr;
  char text[INET_ADDRSTRLEN] = {};
  inet_ntop(AF_INET, &first, text, sizeof text);
  return fmt::format("{}/{}", text, std::popcount(mask.s_addr));
}

}  // namespace

Result<RuntimeNetwork> ask_runtime_network(const std::string& socket) {
  const auto loop = TRY(world_real::EpollLoop::create());
  world_real::RealClock clock;
  constexpr std::size_t kQueue = 16;
  world_real::ThreadPool pool(1, kQueue);
  world_real::RealNetwork network(pool);
  std::optional<Result<cri::PodBridge>> answer;
  cri::ask_pod_bridge(*loop, network, clock, "unix:" + socket,
                      [&](Result<cri::PodBridge> told) { answer.emplace(std::move(told)); });
  while (!answer) loop->poll(std::chrono::milliseconds(100));
  loop->poll(std::chrono::milliseconds(0));  // what the answer has left to do
  const cri::PodBridge bridge = TRY(std::move(*answer));
  auto range = api::AddressRange::parse(bridge.range);
  if (!range.ok()) return Error(Reason::kMethodNotAllowed, "its CNI network: " + range.error().message());
  return RuntimeNetwork{bridge.name, bridge.range, bridge.gateway.empty() ? range->at(0).text() : bridge.gateway,
                        bridge.routed};
}

Result<RuntimeNetwork> runtime_network_at(const std::string& gateway) {
  in_addr wanted{};
  if (inet_pton(AF_INET, gateway.c_str(), &wanted) != 1) return bad_request(gateway + ": an IPv4 address is needed");
  ifaddrs* first = nullptr;
  if (getifaddrs(&first) != 0) return internal_error("the addresses of this machine cannot be read");
  const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> links(first, freeifaddrs);
  for (const ifaddrs* link = first; link != nullptr; link = link->ifa_next) {
    if (link->ifa_addr == nullptr || link->ifa_addr->sa_family != AF_INET || link->ifa_netmask == nullptr) continue;
    const in_addr address = reinterpret_cast<const sockaddr_in*>(link->ifa_addr)->sin_addr;
    if (address.s_addr != wanted.s_addr) continue;
    std::error_code error;
    if (!std::filesystem::exists(fmt::format("/sys/class/net/{}/bridge", link->ifa_name), error))
      return bad_request(
          fmt::format("{}: {} has that address and is no bridge: only pods on a bridge are served", gateway, link->ifa_name));
    const in_addr mask = reinterpret_cast<const sockaddr_in*>(link->ifa_netmask)->sin_addr;
    return RuntimeNetwork{link->ifa_name, range_of(address, mask), gateway};
  }
  return bad_request(gateway + ": no link of this machine has that address; a runtime may make it with its first pod");
}

Result<void> remember_bridge(Disk& disk, const std::string& folder, const RuntimeNetwork& network) {
  if (const auto known = TRY(remembered_bridge(disk, folder)); known && known->name == network.bridge) return {};
  const std::string localnet = setting(disk, localnet_file(network.bridge));
  std::string text = R"({"name":)";
  append_json_string(text, network.bridge);
  text += fmt::format(R"(,"made":{},"routeLocalnet":"{}","nfCallIptables":"{}"}})", localnet.empty(), localnet,
                      setting(disk, link_file(network.bridge, "nf_call_iptables")));
  return write_file_atomically(disk, file_of(folder), text);
}

Result<std::optional<RememberedBridge>> remembered_bridge(Disk& disk, const std::string& folder) {
  auto text = read_file(disk, file_of(folder), kFileBytesMax);
  if (!text.ok() && text.error().reason() == Reason::kNotFound) return std::optional<RememberedBridge>();
  if (!text.ok()) return std::move(text).error();
  const Document document = TRY(parse_json(*text));
  RememberedBridge out;
  out.name = document["name"].as_string();
  out.before.made = document["made"].as_bool();
  out.before.route_localnet = document["routeLocalnet"].as_string();
  out.before.nf_call_iptables = document["nfCallIptables"].as_string();
  return std::optional(std::move(out));
}

Result<void> forget_bridge(Disk& disk, const std::string& folder) {
  auto gone = disk.remove(file_of(folder));
  if (!gone.ok() && gone.error().reason() == Reason::kNotFound) return {};
  return gone;
}

}  // namespace plinth::platform
