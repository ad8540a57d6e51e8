// IP addresses and networks as Go's net/netip reads and prints them.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace plinth::cel {

struct IpAddress {
  bool v6 = false;
  std::array<std::uint8_t, 16> bytes{};  // of v4 the first four
  friend bool operator==(const IpAddress&, const IpAddress&) = default;

  int bits() const { return v6 ? 128 : 32; }
  bool is_unspecified() const;
  bool is_loopback() const;
  bool is_multicast() const;
  bool is_link_local_multicast() const;
  bool is_link_local_unicast() const;
  bool is_global_unicast() const;
  bool is_v4_mapped() const;  // ::ffff:0:0/96
  std::string text() const;
};

// No zone, no leading zeros in decimal parts.
std::optional<IpAddress> parse_ip(std::string_view text);

struct IpNetwork {
  IpAddress address;
  int prefix = 0;
  friend bool operator==(const IpNetwork&, const IpNetwork&) = default;

  bool holds(const IpAddress& ip) const;
  bool holds(const IpNetwork& other) const;
  IpNetwork masked() const;
  std::string text() const;
};

std::optional<IpNetwork> parse_network(std::string_view text);

}  // namespace plinth::cel
