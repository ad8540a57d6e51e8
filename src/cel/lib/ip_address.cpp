#include "cel/lib/ip_address.h"

#include <algorithm>

#include <fmt/core.h>

#include "base/text.h"

namespace plinth::cel {
namespace {

std::optional<std::uint8_t> decimal_octet(std::string_view text) {
  if (text.empty() || text.size() > 3 || (text.size() > 1 && text[0] == '0')) return std::nullopt;
  for (char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
  }
  return parse_integer<std::uint8_t>(text);
}

bool parse_v4(std::string_view text, std::uint8_t* out) {
  auto parts = split(text, '.');
  if (parts.size() != 4) return false;
  for (std::size_t i = 0; i < 4; ++i) {
    auto octet = decimal_octet(parts[i]);
    if (!octet) return false;
    out[i] = *octet;
  }
  return true;
}

std::optional<std::uint16_t> hex_group(std::string_view text) {
  if (text.empty() || text.size() > 4) return std::nullopt;
  return parse_integer<std::uint16_t>(text, 16);
}

// Groups of one side of "::", with a dotted tail allowed at the end; false when malformed.
bool parse_groups(std::string_view text, bool dotted_tail, std::array<std::uint8_t, 16>& out, std::size_t* count) {
  *count = 0;
  if (text.empty()) return true;
  auto groups = split(text, ':');
  for (std::size_t i = 0; i < groups.size(); ++i) {
    if (dotted_tail && i + 1 == groups.size() && groups[i].find('.') != std::string_view::npos) {
      if (*count + 4 > out.size() || !parse_v4(groups[i], out.data() + *count)) return false;
      *count += 4;
      continue;
    }
    auto group = hex_group(groups[i]);
    if (!group || *count + 2 > out.size()) return false;
    out[(*count)++] = static_cast<std::uint8_t>(*group >> 8);
    out[(*count)++] = static_cast<std::uint8_t>(*group);
  }
  return true;
}

std::optional<IpAddress> parse_v6(std::string_view text) {
  IpAddress ip;
  ip.v6 = true;
  std::array<std::uint8_t, 16> head{}, tail{};
  std::size_t head_bytes = 0, tail_bytes = 0;
  std::size_t gap = text.find("::");
  if (gap == std::string_view::npos) {
    if (!parse_groups(text, true, ip.bytes, &head_bytes) || head_bytes != 16) return std::nullopt;
    return ip;
  }
  std::string_view after = text.substr(gap + 2);
  if (!parse_groups(text.substr(0, gap), false, head, &head_bytes) || !parse_groups(after, true, tail, &tail_bytes))
    return std::nullopt;
  if (head_bytes + tail_bytes > 14) return std::nullopt;
  std::copy_n(head.begin(), head_bytes, ip.bytes.begin());
  std::copy_n(tail.begin(), tail_bytes, ip.bytes.end() - static_cast<std::ptrdiff_t>(tail_bytes));
  return ip;
}

std::string v4_text(const std::uint8_t* b) { return fmt::format("{}.{}.{}.{}", b[0], b[1], b[2], b[3]); }

// The longest run of at least two zero groups, the first of equals: {from, length}.
std::pair<int, int> zero_run(const std::array<std::uint8_t, 16>& bytes) {
  std::pair<int, int> best{-1, 1};
  for (int i = 0; i < 8;) {
    int n = 0;
    while (i + n < 8 && bytes[2 * (i + n)] == 0 && bytes[2 * (i + n) + 1] == 0) ++n;
    if (n > best.second) best = {i, n};
    i += n + 1;
  }
  return best;
}

}  // namespace

std::optional<IpAddress> parse_ip(std::string_view text) {
  if (text.find(':') != std::string_view::npos) return parse_v6(text);
  IpAddress ip;
  if (!parse_v4(text, ip.bytes.data())) return std::nullopt;
  return ip;
}

bool IpAddress::is_unspecified() const {
  return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t b) { return b == 0; });
}

bool IpAddress::is_loopback() const {
  if (!v6) return bytes[0] == 127;
  return std::all_of(bytes.begin(), bytes.end() - 1, [](std::uint8_t b) { return b == 0; }) && bytes[15] == 1;
}

bool IpAddress::is_multicast() const { return v6 ? bytes[0] == 0xff : (bytes[0] & 0xf0) == 0xe0; }

bool IpAddress::is_link_local_multicast() const {
  return v6 ? bytes[0] == 0xff && (bytes[1] & 0x0f) == 0x02 : bytes[0] == 224 && bytes[1] == 0 && bytes[2] == 0;
}

bool IpAddress::is_link_local_unicast() const {
  return v6 ? bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80 : bytes[0] == 169 && bytes[1] == 254;
}

bool IpAddress::is_global_unicast() const {
  bool broadcast = !v6 && std::all_of(bytes.begin(), bytes.begin() + 4, [](std::uint8_t b) { return b == 255; });
  return !is_unspecified() && !broadcast && !is_loopback() && !is_multicast() && !is_link_local_unicast();
}

bool IpAddress::is_v4_mapped() const {
  if (!v6 || bytes[10] != 0xff || bytes[11] != 0xff) return false;
  return std::all_of(bytes.begin(), bytes.begin() + 10, [](std::uint8_t b) { return b == 0; });
}

std::string IpAddress::text() const {
  if (!v6) return v4_text(bytes.data());
  if (is_v4_mapped()) return "::ffff:" + v4_text(bytes.data() + 12);
  auto [from, length] = zero_run(bytes);
  std::string out;
  for (int i = 0; i < 8; ++i) {
    if (i == from) {
      out += "::";
      i += length - 1;
      continue;
    }
    if (!out.empty() && out.back() != ':') out += ':';
    out += fmt::format("{:x}", bytes[2 * i] << 8 | bytes[2 * i + 1]);
  }
  return out;
}

std::optional<IpNetwork> parse_network(std::string_view text) {
  std::size_t slash = text.rfind('/');
  if (slash == std::string_view::npos) return std::nullopt;
  auto ip = parse_ip(text.substr(0, slash));
  auto prefix = decimal_octet(text.substr(slash + 1));
  if (!ip || !prefix || *prefix > ip->bits()) return std::nullopt;
  return IpNetwork{*ip, *prefix};
}

IpNetwork IpNetwork::masked() const {
  IpNetwork out = *this;
  for (int i = prefix; i < address.bits(); ++i) {
    out.address.bytes[static_cast<std::size_t>(i / 8)] &= static_cast<std::uint8_t>(~(0x80 >> (i % 8)));
  }
  return out;
}

bool IpNetwork::holds(const IpAddress& ip) const {
  return ip.v6 == address.v6 && IpNetwork{ip, prefix}.masked().address == masked().address;
}
bool IpNetwork::holds(const IpNetwork& other) const { return prefix <= other.prefix && holds(other.address); }
std::string IpNetwork::text() const { return fmt::format("{}/{}", address.text(), prefix); }

}  // namespace plinth::cel
