// IP addresses and networks: ip(), cidr() and what can be asked of them.
#include <fmt/core.h>

#include "base/quoted.h"
#include "cel/lib/ip_address.h"
#include "cel/lib/libraries.h"
#include "cel/lib/parts.h"

namespace plinth::cel {
namespace {

struct Ip : Opaque {
  IpAddress address;
};
struct Cidr : Opaque {
  IpNetwork network;
};

const IpAddress& address_of(const Value& value) { return static_cast<const Ip&>(value.as_opaque()).address; }
const IpNetwork& network_of(const Value& value) { return static_cast<const Cidr&>(value.as_opaque()).network; }

constexpr OpaqueType kIpType = {
    "net.IP",
    [](const Opaque& a, const Opaque& b) { return static_cast<const Ip&>(a).address == static_cast<const Ip&>(b).address; },
    [](const Opaque& v, std::string& out) { out += static_cast<const Ip&>(v).address.text(); },
};
constexpr OpaqueType kCidrType = {
    "net.CIDR",
    [](const Opaque& a, const Opaque& b) { return static_cast<const Cidr&>(a).network == static_cast<const Cidr&>(b).network; },
    [](const Opaque& v, std::string& out) { out += static_cast<const Cidr&>(v).network.text(); },
};

// What is wrong with the text is said in `error`. Mapped addresses are refused when they are written with dots, and read as the
// IPv4 address that they are when written in hexadecimal.
std::optional<IpAddress> read_ip(std::string_view text, std::string* error) {
  bool zone = text.find('%') != std::string_view::npos;
  if (zone && parse_ip(text.substr(0, text.find('%')))) {
    *error = fmt::format("IP address {} with zone value is not allowed", quoted(text));
    return std::nullopt;
  }
  auto ip = parse_ip(text);
  if (!ip) {
    *error = fmt::format("IP Address {} parse error during conversion from string", quoted(text));
    return std::nullopt;
  }
  if (!ip->is_v4_mapped()) return ip;
  if (text.find('.') != std::string_view::npos) {
    *error = fmt::format("IPv4-mapped IPv6 address {} is not allowed", quoted(text));
    return std::nullopt;
  }
  IpAddress v4;
  std::copy_n(ip->bytes.begin() + 12, 4, v4.bytes.begin());
  return v4;
}

std::optional<IpNetwork> read_network(std::string_view text, std::string* error) {
  if (text.find('%') != std::string_view::npos) {
    *error = fmt::format("CIDR {} with zone value is not allowed", quoted(text));
    return std::nullopt;
  }
  auto network = parse_network(text);
  if (!network) *error = fmt::format("network address parse error during conversion from string: {}", quoted(text));
  if (network && network->address.is_v4_mapped()) {
    *error = fmt::format("IPv4-mapped IPv6 address {} is not allowed", quoted(text));
    return std::nullopt;
  }
  return network;
}

Value ip_value(CallContext& context, const IpAddress& address) {
  return Value::opaque(context.memory.make<Ip>(Opaque{&kIpType}, address));
}
Value cidr_value(CallContext& context, const IpNetwork& network) {
  return Value::opaque(context.memory.make<Cidr>(Opaque{&kCidrType}, network));
}

Value to_ip(CallContext& context, Args args) {
  std::string error;
  auto ip = read_ip(args[0].as_string(), &error);
  return ip ? ip_value(context, *ip) : context.error(error);
}

Value to_cidr(CallContext& context, Args args) {
  std::string error;
  auto network = read_network(args[0].as_string(), &error);
  return network ? cidr_value(context, *network) : context.error(error);
}

Value is_ip(CallContext&, Args args) {
  std::string error;
  return Value::of(read_ip(args[0].as_string(), &error).has_value());
}

Value is_cidr(CallContext&, Args args) {
  std::string error;
  return Value::of(read_network(args[0].as_string(), &error).has_value());
}

Value is_canonical(CallContext& context, Args args) {
  std::string error;
  auto ip = read_ip(args[0].as_string(), &error);
  return ip ? Value::of(ip->text() == args[0].as_string()) : context.error(error);
}

Value text_of(CallContext& context, Args args) {
  std::string out;
  args[0].as_opaque().type->text(args[0].as_opaque(), out);
  return context.string(out);
}

Value family(CallContext&, Args args) { return Value::of(address_of(args[0]).v6 ? 6 : 4); }

template <bool (IpAddress::*kTest)() const>
Value test(CallContext&, Args args) {
  return Value::of((address_of(args[0]).*kTest)());
}

Value contains_ip(CallContext& context, Args args) {
  if (args[1].is(Kind::kOpaque)) return Value::of(network_of(args[0]).holds(address_of(args[1])));
  std::string error;
  auto ip = read_ip(args[1].as_string(), &error);
  return ip ? Value::of(network_of(args[0]).holds(*ip)) : context.error(error);
}

Value contains_cidr(CallContext& context, Args args) {
  if (args[1].is(Kind::kOpaque)) return Value::of(network_of(args[0]).holds(network_of(args[1])));
  std::string error;
  auto network = read_network(args[1].as_string(), &error);
  return network ? Value::of(network_of(args[0]).holds(*network)) : context.error(error);
}

Value cidr_ip(CallContext& context, Args args) { return ip_value(context, network_of(args[0]).address); }
Value masked(CallContext& context, Args args) { return cidr_value(context, network_of(args[0]).masked()); }
Value prefix_length(CallContext&, Args args) { return Value::of(network_of(args[0]).prefix); }
Value is_mask(CallContext&, Args args) { return Value::of(network_of(args[0]).masked() == network_of(args[0])); }

constexpr std::uint64_t kAddressBytes = 16;
constexpr std::uint64_t kContainsIpCost = traversal_cost(2 * kAddressBytes);
constexpr std::uint64_t kContainsCidrCost = kContainsIpCost + traversal_cost(kAddressBytes) + 1;

std::uint64_t contains_ip_cost(Sizes, std::uint64_t) { return kContainsIpCost; }
std::uint64_t contains_cidr_cost(Sizes, std::uint64_t) { return kContainsCidrCost; }
std::uint64_t contains_ip_text_cost(Sizes sizes, std::uint64_t) {
  return saturating_add(kContainsIpCost, traversal_cost(sizes[1]));
}
std::uint64_t contains_cidr_text_cost(Sizes sizes, std::uint64_t) {
  return saturating_add(kContainsCidrCost, traversal_cost(sizes[1]));
}
std::uint64_t canonical_cost(Sizes sizes, std::uint64_t) { return traversal_cost(saturating_multiply(2, sizes[0])); }

}  // namespace

Library network_library() {
  Library l("network");
  const Type s = Type::string(), b = Type::boolean(), i = Type::integer(), ip = Type::opaque("net.IP"),
             cidr = Type::opaque("net.CIDR");
  l.add_type("net.IP", ip);
  l.add_type("net.CIDR", cidr);
  l.global("ip", "string_to_ip", {s}, ip, to_ip).with_cost(cost_of_first);
  l.global("isIP", "is_ip", {s}, b, is_ip).with_cost(cost_of_first);
  l.global("ip.isCanonical", "ip_is_canonical", {s}, b, is_canonical).with_cost(canonical_cost);
  l.global("string", "ip_to_string", {ip}, s, text_of);
  l.member("family", "ip_family", {ip}, i, family);
  l.member("isUnspecified", "ip_is_unspecified", {ip}, b, test<&IpAddress::is_unspecified>);
  l.member("isLoopback", "ip_is_loopback", {ip}, b, test<&IpAddress::is_loopback>);
  l.member("isLinkLocalMulticast", "ip_is_link_local_multicast", {ip}, b, test<&IpAddress::is_link_local_multicast>);
  l.member("isLinkLocalUnicast", "ip_is_link_local_unicast", {ip}, b, test<&IpAddress::is_link_local_unicast>);
  l.member("isGlobalUnicast", "ip_is_global_unicast", {ip}, b, test<&IpAddress::is_global_unicast>);
  l.global("cidr", "string_to_cidr", {s}, cidr, to_cidr).with_cost(cost_of_first);
  l.global("isCIDR", "is_cidr", {s}, b, is_cidr).with_cost(cost_of_first);
  l.global("string", "cidr_to_string", {cidr}, s, text_of);
  l.member("containsIP", "cidr_contains_ip_string", {cidr, s}, b, contains_ip).with_cost(contains_ip_text_cost);
  l.member("containsIP", "cidr_contains_ip_ip", {cidr, ip}, b, contains_ip).with_cost(contains_ip_cost);
  l.member("containsCIDR", "cidr_contains_cidr_string", {cidr, s}, b, contains_cidr).with_cost(contains_cidr_text_cost);
  l.member("containsCIDR", "cidr_contains_cidr", {cidr, cidr}, b, contains_cidr).with_cost(contains_cidr_cost);
  l.member("ip", "cidr_ip", {cidr}, ip, cidr_ip);
  l.member("masked", "cidr_masked", {cidr}, cidr, masked);
  l.member("prefixLength", "cidr_prefix_length", {cidr}, i, prefix_length);
  l.member("isMask", "cidr_is_mask", {cidr}, b, is_mask);
  return l;
}

}  // namespace plinth::cel
