#include "api/address_range.h"

#include <algorithm>

#include <arpa/inet.h>

#include "base/text.h"

namespace plinth::api {
namespace {

constexpr int kV4Bits = 32, kV6Bits = 128;
constexpr int kV4PrefixMin = 8, kV6PrefixMin = 64;
constexpr int kHostBitsMin = 3;

Error no_block(std::string_view text, std::string_view why) {
  return bad_request("\"" + std::string(text) + "\" cannot be a range of addresses: " + std::string(why));
}

}  // namespace

std::optional<IpAddress> parse_ip(std::string_view text) {
  const std::string terminated(text);
  unsigned char bytes[16];
  IpAddress address;
  address.v6 = text.find(':') != std::string_view::npos;
  if (inet_pton(address.v6 ? AF_INET6 : AF_INET, terminated.c_str(), bytes) != 1) return {};
  for (int i = 0; i < (address.v6 ? 16 : 4); ++i) address.bits = address.bits << 8 | bytes[i];
  return address;
}

std::string IpAddress::text() const {
  unsigned char bytes[16];
  const int size = v6 ? 16 : 4;
  for (int i = 0; i < size; ++i) bytes[i] = static_cast<unsigned char>(bits >> (8 * (size - 1 - i)));
  char out[INET6_ADDRSTRLEN];
  return inet_ntop(v6 ? AF_INET6 : AF_INET, bytes, out, sizeof out) != nullptr ? out : "";
}

Result<AddressRange> AddressRange::parse(std::string_view cidr) {
  const std::size_t slash = cidr.find('/');
  const auto address = parse_ip(cidr.substr(0, slash));
  const auto prefix = slash == std::string_view::npos ? std::nullopt : parse_integer<int>(cidr.substr(slash + 1));
  if (!address || !prefix) return no_block(cidr, "use the form 10.96.0.0/16");
  const int bits = address->v6 ? kV6Bits : kV4Bits;
  const int host_bits = bits - *prefix;
  if (*prefix < 0 || host_bits < kHostBitsMin) return no_block(cidr, "it must have at least 8 addresses");
  if (*prefix < (address->v6 ? kV6PrefixMin : kV4PrefixMin)) return no_block(cidr, "it is too large");
  AddressRange range;
  range.v6_ = address->v6;
  const IpAddress::Bits base = address->bits >> host_bits << host_bits;
  range.first_ = base + 1;
  const IpAddress::Bits block = static_cast<IpAddress::Bits>(1) << host_bits;
  range.size_ = static_cast<std::uint64_t>(block - (address->v6 ? 1 : 2));
  range.text_ = IpAddress{address->v6, base}.text() + "/" + std::to_string(*prefix);
  return range;
}

std::uint64_t AddressRange::static_band() const {
  constexpr std::uint64_t kMin = 16, kMax = 256, kStep = 16;
  return size_ <= kMin ? 0 : std::clamp(size_ / kStep, kMin, kMax);
}

}  // namespace plinth::api
