#include "api/strategies/text_checks.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <initializer_list>
#include <optional>

#include <fmt/core.h>

namespace plinth::api {
namespace {

constexpr std::size_t kPortNameMax = 15;

constexpr bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_alpha(char c) { return is_lower(c) || (c >= 'A' && c <= 'Z'); }
constexpr bool is_lower_or_digit(char c) { return is_lower(c) || is_digit(c); }
constexpr bool is_alnum(char c) { return is_alpha(c) || is_digit(c); }

template <typename F>
bool all(std::string_view text, F allowed) {
  return std::all_of(text.begin(), text.end(), allowed);
}

std::string pattern_text(std::string_view rule, std::string_view pattern, std::initializer_list<std::string_view> examples) {
  std::string out(rule);
  std::string list;
  for (const std::string_view example : examples) list += fmt::format("{}'{}', ", list.empty() ? "" : " or ", example);
  return out + fmt::format(" (e.g. {}regex used for validation is '{}')", list, pattern);
}

// Calls `check` for each part between `separator`; false when one fails.
template <typename F>
bool each_part(std::string_view text, char separator, F check) {
  for (;;) {
    const std::size_t end = text.find(separator);
    if (!check(text.substr(0, end))) return false;
    if (end == std::string_view::npos) return true;
    text.remove_prefix(end + 1);
  }
}

void add_parent_folder_complaints(std::string_view text, Complaints& complaints) {
  if (text == ".")
    complaints.emplace_back("must not be '.'");
  else if (text == "..")
    complaints.emplace_back("must not be '..'");
  else if (text.starts_with(".."))
    complaints.emplace_back("must not start with '..'");
}

// Groups of up to four hex digits; no value when a group is malformed. A dotted IPv4 tail counts as two.
std::optional<std::size_t> count_groups(std::string_view text) {
  if (text.empty()) return 0;
  std::size_t groups = 0;
  const bool fine = each_part(text, ':', [&](std::string_view group) {
    if (group.data() + group.size() == text.data() + text.size() && is_ipv4(group)) {
      groups += 2;
      return true;
    }
    ++groups;
    return !group.empty() && group.size() <= 4 &&
           all(group, [](char c) { return std::isxdigit(static_cast<unsigned char>(c)); });
  });
  return fine ? std::optional(groups) : std::nullopt;
}

// The address as 16 bytes; IPv4 in the last four. The text is a valid address.
std::array<std::uint8_t, 16> address_bytes(std::string_view text) {
  std::array<std::uint8_t, 16> bytes{};
  const auto put_v4 = [&](std::string_view v4, std::size_t at) {
    each_part(v4, '.', [&](std::string_view part) {
      bytes[at++] = static_cast<std::uint8_t>(std::stoi(std::string(part)));
      return true;
    });
  };
  if (text.find(':') == std::string_view::npos) {
    put_v4(text, 12);
    return bytes;
  }
  const std::size_t gap = text.find("::");
  const std::string_view tail = gap == std::string_view::npos ? std::string_view() : text.substr(gap + 2);
  const auto put = [&](std::string_view groups, std::size_t at) {
    if (groups.empty()) return;
    each_part(groups, ':', [&](std::string_view group) {
      if (group.find('.') != std::string_view::npos) {
        put_v4(group, at);
        return true;
      }
      const int value = std::stoi(std::string(group), nullptr, 16);
      bytes[at++] = static_cast<std::uint8_t>(value >> 8);
      bytes[at++] = static_cast<std::uint8_t>(value & 255);
      return true;
    });
  };
  put(text.substr(0, gap), 0);
  put(tail, 16 - 2 * count_groups(tail).value_or(0));
  return bytes;
}

}  // namespace

Complaints check_config_key(std::string_view text) {
  Complaints complaints;
  if (text.size() > kDnsSubdomainMax) complaints.push_back(fmt::format("must be no more than {} characters", kDnsSubdomainMax));
  if (text.empty() || !all(text, [](char c) { return is_alnum(c) || c == '-' || c == '_' || c == '.'; })) {
    complaints.push_back(pattern_text("a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
                                      "[-._a-zA-Z0-9]+", {"key.name", "KEY_NAME", "key-name"}));
  }
  add_parent_folder_complaints(text, complaints);
  return complaints;
}

Complaints check_port_name(std::string_view text) {
  Complaints complaints;
  if (text.size() > kPortNameMax) complaints.push_back(fmt::format("must be no more than {} characters", kPortNameMax));
  if (text.empty() || !all(text, [](char c) { return is_lower_or_digit(c) || c == '-'; })) {
    complaints.emplace_back("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
  }
  if (std::none_of(text.begin(), text.end(), is_lower)) complaints.emplace_back("must contain at least one letter (a-z)");
  if (text.find("--") != std::string_view::npos) complaints.emplace_back("must not contain consecutive hyphens");
  if (text.starts_with('-') || text.ends_with('-')) complaints.emplace_back("must not begin or end with a hyphen");
  return complaints;
}

Complaints check_env_var_name(std::string_view text) {
  if (text.empty()) return {"environment variable name must be non-empty"};
  if (!all(text, [](char c) { return c >= 0x20 && c < 0x7f && c != '='; })) {
    return {"a valid environment variable name must consist only of printable ASCII characters other than '='"};
  }
  return {};
}

Complaints check_http_header_name(std::string_view text) {
  if (!text.empty() && all(text, [](char c) { return is_alnum(c) || c == '-'; })) return {};
  return {
      pattern_text("a valid HTTP header must consist of alphanumeric characters or '-'", "[-A-Za-z0-9]+", {"X-Header-Name"})};
}

Complaints check_percentage(std::string_view text) {
  if (text.size() > 1 && text.back() == '%' && all(text.substr(0, text.size() - 1), is_digit)) return {};
  return {pattern_text("a valid percent string must be a numeric string followed by an ending '%'", "[0-9]+%", {"1%", "93%"})};
}

bool is_ipv4(std::string_view text) {
  std::size_t parts = 0;
  const bool fine = each_part(text, '.', [&](std::string_view part) {
    ++parts;
    if (part.empty() || part.size() > 3 || !all(part, is_digit) || (part.size() > 1 && part[0] == '0')) return false;
    int value = 0;
    for (const char c : part) value = value * 10 + (c - '0');
    return value <= 255;
  });
  return fine && parts == 4;
}

bool is_ipv6(std::string_view text) {
  if (text.find(':') == std::string_view::npos) return false;
  const std::size_t gap = text.find("::");
  if (gap == std::string_view::npos) return count_groups(text) == 8;
  const auto before = count_groups(text.substr(0, gap));
  const auto after = count_groups(text.substr(gap + 2));
  return before && after && *before + *after < 8;
}

Complaints check_ip_address(std::string_view text) {
  if (is_ipv4(text) || is_ipv6(text)) return {};
  return {"must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"};
}

Complaints check_cidr_block(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash != std::string_view::npos) {
    const std::string_view address = text.substr(0, slash);
    const std::string_view length = text.substr(slash + 1);
    const int max = is_ipv4(address) ? 32 : is_ipv6(address) ? 128 : -1;
    if (!length.empty() && length.size() <= 3 && all(length, is_digit) && (length.size() == 1 || length[0] != '0')) {
      if (std::stoi(std::string(length)) <= max) return {};
    }
  }
  return {"must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"};
}

bool is_strict_subnet(std::string_view inner, std::string_view outer) {
  const auto length = [](std::string_view block) { return std::stoul(std::string(block.substr(block.find('/') + 1))); };
  const std::string_view inner_ip = inner.substr(0, inner.find('/')), outer_ip = outer.substr(0, outer.find('/'));
  if (is_ipv6(inner_ip) != is_ipv6(outer_ip) || length(inner) <= length(outer)) return false;
  const auto a = address_bytes(inner_ip), b = address_bytes(outer_ip);
  const std::size_t bits = length(outer) + (is_ipv6(outer_ip) ? 0 : 96);
  for (std::size_t i = 0; i < bits; ++i) {
    if ((a[i / 8] ^ b[i / 8]) >> (7 - i % 8) & 1) return false;
  }
  return true;
}

Complaints check_search_domain(std::string_view text) {
  Complaints complaints;
  if (text.size() > kDnsSubdomainMax) complaints.push_back(fmt::format("must be no more than {} characters", kDnsSubdomainMax));
  const auto is_relaxed_label = [](std::string_view label) {
    if (label.starts_with('_')) label.remove_prefix(1);
    return !label.empty() && is_lower_or_digit(label.front()) && is_lower_or_digit(label.back()) &&
           all(label, [](char c) { return is_lower_or_digit(c) || c == '-' || c == '_'; });
  };
  if (!each_part(text, '.', is_relaxed_label)) {
    complaints.push_back(
        pattern_text("a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or "
                     "'.', and must start and end with an alphanumeric character",
                     "_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\\._?[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*", {"example.com"}));
  }
  return complaints;
}

}  // namespace plinth::api
