// IP addresses as numbers, and blocks of them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace plinth::api {

struct IpAddress {
  using Bits = unsigned __int128;
  bool v6 = false;
  Bits bits = 0;
  std::string text() const;  // the canonical form
  bool operator==(const IpAddress& o) const { return v6 == o.v6 && bits == o.bits; }
};
// Nothing when it is not an address; an IPv4 address in IPv6 form is an IPv6 address.
std::optional<IpAddress> parse_ip(std::string_view text);

// The addresses that a block gives out: without the network's own one and, of IPv4, without the broadcast address.
class AddressRange {
 public:
  // "10.96.0.0/16". BadRequest when it is no block, or too small (fewer than 8 addresses) or too large (IPv4 /8, IPv6 /64).
  static Result<AddressRange> parse(std::string_view cidr);

  bool v6() const { return v6_; }
  std::string_view family() const { return v6_ ? "IPv6" : "IPv4"; }
  bool contains(const IpAddress& address) const {
    return address.v6 == v6_ && address.bits >= first_ && address.bits - first_ < size_;
  }
  std::uint64_t size() const { return size_; }
  // The addresses below this position are left to those who ask for one by name while others are free: min(max(16, size/16),
  // 256).
  std::uint64_t static_band() const;
  IpAddress at(std::uint64_t position) const { return {v6_, first_ + position}; }
  const std::string& text() const { return text_; }

 private:
  AddressRange() = default;
  bool v6_ = false;
  IpAddress::Bits first_ = 0;
  std::uint64_t size_ = 0;
  std::string text_;
};

}  // namespace plinth::api
