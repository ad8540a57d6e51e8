// Text addresses and the kernel's.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <sys/socket.h>

#include "base/result.h"

namespace plinth::world_real {

struct HostPort {
  std::string host;  // empty: every local address
  std::string port;
};
// "host:port", "[v6]:port", ":port". BadRequest names what is wrong.
Result<HostPort> split_host_port(std::string_view address);

constexpr std::string_view kUnixScheme = "unix:";

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  std::string text() const;  // "127.0.0.1:80", "[::1]:80", "unix:/path"
  bool loopback() const;
};

enum class Lookup { kNumericOnly, kNames };
// Blocks for names (use a pool). NotFound when there is no such host, or when kNumericOnly meets a name.
Result<std::vector<SocketAddress>> resolve(const HostPort& address, Lookup lookup);
// As resolve, for bind(): an empty host gives the wildcard address (IPv6 accepting IPv4 where the kernel has IPv6).
Result<std::vector<SocketAddress>> resolve_for_listen(const HostPort& address);

// Of "unix:/path". BadRequest when the path is empty or longer than the kernel's 107 bytes.
Result<SocketAddress> unix_address(std::string_view address);

SocketAddress local_address(int fd);

}  // namespace plinth::world_real
