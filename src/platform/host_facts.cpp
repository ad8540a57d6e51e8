#include "platform/host_facts.h"

#include <arpa/inet.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/text.h"
#include "node_real/real_files.h"
#include "oci/image.h"
#include "world_real/unique_fd.h"

namespace plinth::platform {
namespace {

constexpr std::size_t kFileBytesMax = 64 * 1024;
constexpr int kPodsMax = 110;  // as the kubelet

std::string read_line(const std::string& path) {
  node_real::RealFiles files;
  auto text = files.read(path, 0, kFileBytesMax);
  return text.ok() ? text->substr(0, text->find('\n')) : std::string();
}

// The address that packets to elsewhere would leave with; nothing is sent.
std::string outward_address() {
  const world_real::UniqueFd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(9);
  inet_pton(AF_INET, "192.0.2.1", &to.sin_addr);  // RFC 5737: nobody's
  sockaddr_in own{};
  socklen_t length = sizeof own;
  char text[INET_ADDRSTRLEN] = {};
  const bool known = fd.valid() && ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0 &&
                     ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&own), &length) == 0 &&
                     inet_ntop(AF_INET, &own.sin_addr, text, sizeof text) != nullptr;
  return known ? text : "127.0.0.1";
}

// PRETTY_NAME="Debian GNU/Linux 12 (bookworm)" of os-release.
std::string os_name() {
  node_real::RealFiles files;
  auto text = files.read("/etc/os-release", 0, kFileBytesMax);
  if (!text.ok()) return "Linux";
  constexpr std::string_view kKey = "PRETTY_NAME=";
  for (std::string_view line : split(*text, '\n')) {
    if (!line.starts_with(kKey)) continue;
    line.remove_prefix(kKey.size());
    if (line.size() >= 2 && line.front() == '"') line = line.substr(1, line.size() - 2);
    return std::string(line);
  }
  return "Linux";
}

}  // namespace

std::int64_t machine_memory_bytes() { return static_cast<std::int64_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE); }

node::NodeFacts machine_facts(const std::string& data_dir) {
  node::NodeFacts facts;
  utsname name{};
  uname(&name);
  facts.hostname = name.nodename;
  facts.kernel_version = name.release;
  facts.addresses = {outward_address()};
  facts.architecture = oci::host_architecture();
  facts.os_image = os_name();
  facts.machine_id = read_line("/etc/machine-id");
  facts.system_uuid = facts.machine_id;
  facts.boot_id = read_line("/proc/sys/kernel/random/boot_id");
  facts.capacity["cpu"] = std::to_string(sysconf(_SC_NPROCESSORS_ONLN));
  facts.capacity["memory"] = fmt::format("{}Ki", machine_memory_bytes() / 1024);
  facts.capacity["pods"] = std::to_string(kPodsMax);
  struct statvfs disk {};
  if (::statvfs(data_dir.c_str(), &disk) == 0) {
    facts.capacity["ephemeral-storage"] = fmt::format("{}Ki", static_cast<std::uint64_t>(disk.f_blocks) * disk.f_frsize / 1024);
  }
  facts.allocatable = facts.capacity;
  return facts;
}

node::DnsConfig parse_resolv_conf(const std::string& text) {
  node::DnsConfig config;
  for (const std::string_view line : split(text, '\n')) {
    std::vector<std::string> words;
    for (std::size_t at = 0; at < line.size();) {
      at = line.find_first_not_of(" \t", at);
      if (at == std::string_view::npos || line[at] == '#' || line[at] == ';') break;
      const std::size_t end = std::min(line.find_first_of(" \t", at), line.size());
      words.emplace_back(line.substr(at, end - at));
      at = end;
    }
    if (words.size() < 2) continue;
    const std::string keyword = words.front();
    words.erase(words.begin());
    if (keyword == "nameserver") config.servers.push_back(words.front());
    if (keyword == "search") config.searches = words;  // the last one counts
    if (keyword == "domain" && config.searches.empty()) config.searches = {words.front()};
    if (keyword == "options") config.options.insert(config.options.end(), words.begin(), words.end());
  }
  return config;
}

}  // namespace plinth::platform
