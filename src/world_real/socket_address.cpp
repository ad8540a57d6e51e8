#include "world_real/socket_address.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstring>

#include <arpa/inet.h>
#include <fmt/core.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/un.h>

namespace plinth::world_real {
namespace {

// RFC 6761, 6.3: these names are this machine's, whether or not it has a file that says so.
bool is_local_name(std::string_view host) { return host == "localhost" || host.ends_with(".localhost"); }

Result<std::vector<SocketAddress>> look_up(const HostPort& address, int flags) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const char* host = address.host.empty() ? nullptr : address.host.c_str();
  const int status = getaddrinfo(host, address.port.c_str(), &hints, &found);
  if (status != 0 && is_local_name(address.host)) return look_up({"127.0.0.1", address.port}, flags);
  if (status != 0) {
    return Error(Reason::kNotFound, fmt::format("look up {}: {}", address.host, gai_strerror(status)));
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> guard(found, freeaddrinfo);
  std::vector<SocketAddress> out;
  for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
    SocketAddress one;
    std::memcpy(&one.storage, entry->ai_addr, entry->ai_addrlen);
    one.length = entry->ai_addrlen;
    out.push_back(one);
  }
  return out;
}

}  // namespace

Result<HostPort> split_host_port(std::string_view address) {
  const std::size_t colon = address.rfind(':');
  if (colon == std::string_view::npos) {
    return bad_request(fmt::format("address \"{}\" has no port; write host:port", address));
  }
  std::string_view host = address.substr(0, colon);
  const std::string_view port = address.substr(colon + 1);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return bad_request(fmt::format("address \"{}\": write an IPv6 address in brackets, as in [::1]:6443", address));
  }
  std::uint16_t number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (error != std::errc() || end != port.data() + port.size()) {
    return bad_request(fmt::format("address \"{}\": port \"{}\" is not a number between 0 and 65535", address, port));
  }
  return HostPort{std::string(host), std::string(port)};
}

Result<std::vector<SocketAddress>> resolve(const HostPort& address, Lookup lookup) {
  return look_up(address, lookup == Lookup::kNumericOnly ? AI_NUMERICHOST : AI_ADDRCONFIG);
}

Result<std::vector<SocketAddress>> resolve_for_listen(const HostPort& address) {
  auto found = TRY(look_up(address, AI_PASSIVE));
  if (address.host.empty()) {
    std::stable_partition(found.begin(), found.end(),
                          [](const SocketAddress& one) { return one.storage.ss_family == AF_INET6; });
  } else {
    // "localhost" means 127.0.0.1 first: that is what clients try when IPv6 is off.
    std::stable_partition(found.begin(), found.end(),
                          [](const SocketAddress& one) { return one.storage.ss_family == AF_INET; });
  }
  return found;
}

std::string SocketAddress::text() const {
  char host[INET6_ADDRSTRLEN] = {};
  if (storage.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(storage);
    inet_ntop(AF_INET, &v4.sin_addr, host, sizeof host);
    return fmt::format("{}:{}", host, ntohs(v4.sin_port));
  }
  if (storage.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(storage);
    if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
      inet_ntop(AF_INET, &v6.sin6_addr.s6_addr[12], host, sizeof host);
      return fmt::format("{}:{}", host, ntohs(v6.sin6_port));
    }
    inet_ntop(AF_INET6, &v6.sin6_addr, host, sizeof host);
    return fmt::format("[{}]:{}", host, ntohs(v6.sin6_port));
  }
  if (storage.ss_family == AF_UNIX) {
    const auto& local = reinterpret_cast<const sockaddr_un&>(storage);
    const std::size_t room = length > offsetof(sockaddr_un, sun_path) ? length - offsetof(sockaddr_un, sun_path) : 0;
    return std::string(kUnixScheme) + std::string(local.sun_path, strnlen(local.sun_path, room));
  }
  return {};
}

bool SocketAddress::loopback() const {
  if (storage.ss_family == AF_UNIX) return true;
  if (storage.ss_family == AF_INET) {
    return (ntohl(reinterpret_cast<const sockaddr_in&>(storage).sin_addr.s_addr) >> 24) == 127;
  }
  if (storage.ss_family != AF_INET6) return false;
  const in6_addr& v6 = reinterpret_cast<const sockaddr_in6&>(storage).sin6_addr;
  return IN6_IS_ADDR_LOOPBACK(&v6) || (IN6_IS_ADDR_V4MAPPED(&v6) && v6.s6_addr[12] == 127);
}

Result<SocketAddress> unix_address(std::string_view address) {
  SocketAddress made;
  auto& local = reinterpret_cast<sockaddr_un&>(made.storage);
  const std::string_view path = address.substr(std::min(address.size(), kUnixScheme.size()));
  if (path.empty() || path.front() != '/') return bad_request(fmt::format("address \"{}\": write unix:/path", address));
  constexpr std::size_t kPathMax = sizeof(local.sun_path) - 1;
  if (path.size() > kPathMax) {
    return bad_request(fmt::format("address \"{}\": the path of a socket has {} bytes at most, this one has {}", address,
                                   kPathMax, path.size()));
  }
  local.sun_family = AF_UNIX;
  std::memcpy(local.sun_path, path.data(), path.size());
  made.length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1);
  return made;
}

SocketAddress local_address(int fd) {
  SocketAddress address;
  address.length = sizeof address.storage;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&address.storage), &address.length) != 0) address.length = 0;
  return address;
}

}  // namespace plinth::world_real
