#include "api/formats.h"

#include <algorithm>
#include <array>
#include <cstdlib>

#include <arpa/inet.h>
#include <re2/re2.h>

#include "api/go_base64.h"
#include "api/names.h"
#include "base/time_text.h"

namespace plinth::api {
namespace {

bool full_match(const re2::RE2& expression, std::string_view text) {
  return re2::RE2::FullMatch(re2::StringPiece(text.data(), text.size()), expression);
}

bool is_ipv4(std::string_view text) {
  std::array<unsigned char, 4> bytes{};
  return text.find('\0') == std::string_view::npos && inet_pton(AF_INET, std::string(text).c_str(), bytes.data()) == 1;
}

bool is_ipv6(std::string_view text) {
  std::array<unsigned char, 16> bytes{};
  return text.find('\0') == std::string_view::npos && inet_pton(AF_INET6, std::string(text).c_str(), bytes.data()) == 1;
}

bool is_cidr(std::string_view text) {
  const auto slash = text.rfind('/');
  if (slash == std::string_view::npos) return false;
  const std::string_view bits = text.substr(slash + 1);
  const bool digits =
      !bits.empty() && bits.size() <= 3 && std::all_of(bits.begin(), bits.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (!digits || (bits.size() > 1 && bits[0] == '0')) return false;
  const int n = std::atoi(std::string(bits).c_str());
  const std::string_view address = text.substr(0, slash);
  return (n <= 32 && is_ipv4(address)) || (n <= 128 && is_ipv6(address));
}

bool is_date(std::string_view text) { return text.size() == 10 && parse_rfc3339(std::string(text) + "T00:00:00Z").has_value(); }

// Looser than RFC 3339: letters of any case, any zone digits.
bool is_date_time(std::string_view text) {
  static const re2::RE2 kTime("([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](.[0-9]+)?([zZ]|[+-][0-9]{2}:[0-9]{2})");
  if (text.size() < 11 || (text[10] != 'T' && text[10] != 't')) return false;
  return is_date(text.substr(0, 10)) && full_match(kTime, text.substr(11));
}

bool is_duration(std::string_view text) {
  static const re2::RE2 kWords(
      "[+-]?\\s*([0-9]+(\\.[0-9]+)?\\s*(ns|nano|nanos|nanosecond|nanoseconds|us|\xc2\xb5s|micro|micros|microsecond|"
      "microseconds|ms|milli|millis|millisecond|"
      "milliseconds|s|sec|secs|second|seconds|m|min|mins|minute|minutes|h|hr|hour|hours|d|day|days|w|wk|week|weeks)\\s*)+");
  return parse_duration(text).has_value() || full_match(kWords, text);
}

bool is_hostname(std::string_view text) {
  static const re2::RE2 kHostname(
      "([a-zA-Z0-9\\p{S}\\p{L}]((-?[a-zA-Z0-9\\p{S}\\p{L}]{0,62})?)|([a-zA-Z0-9\\p{S}\\p{L}](([a-zA-Z0-9-\\p{S}\\p{L}]{0,61}[a-"
      "zA-Z0-9\\p{S}\\p{L}])?)(\\.)){1,}"
      "([a-zA-Z\\p{L}]){2,63})");
  if (text.size() > 255 || !full_match(kHostname, text)) return false;
  std::size_t label = 0;
  for (char c : text) {
    label = c == '.' ? 0 : label + 1;
    if (label > 63) return false;
  }
  return true;
}

// An addr-spec, alone or in angle brackets after a display name.
bool is_email(std::string_view text) {
  static const re2::RE2 kAddress(
      "\\s*(?:[^<>@\"]*<)?((?:[A-Za-z0-9!#$%&'*+/=?^_`{|}~\\x80-\\xff-]+(?:\\.[A-Za-z0-9!#$%&'*+/"
      "=?^_`{|}~\\x80-\\xff-]+)*|\"(?:[^\"\\\\]|\\\\.)*\")@"
      "(?:[A-Za-z0-9!#$%&'*+/=?^_`{|}~\\x80-\\xff-]+(?:\\.[A-Za-z0-9!#$%&'*+/"
      "=?^_`{|}~\\x80-\\xff-]+)*|\\[[0-9.:A-Fa-f]+\\]))(>?)\\s*",
      re2::RE2::Latin1);
  std::string address, closing;
  if (!re2::RE2::FullMatch(re2::StringPiece(text.data(), text.size()), kAddress, &address, &closing)) return false;
  return closing.empty() == (text.find('<') == std::string_view::npos);
}

// An absolute URI or an absolute path, without spaces or control characters.
bool is_uri(std::string_view text) {
  static const re2::RE2 kUri("(?:[a-zA-Z][a-zA-Z0-9+.-]*:[^\\x00-\\x20\\x7f]*|/[^\\x00-\\x20\\x7f]*)", re2::RE2::Latin1);
  static const re2::RE2 kBadEscape("%(?:[^0-9a-fA-F]|.[^0-9a-fA-F]|.?$)", re2::RE2::Latin1);
  return full_match(kUri, text) && !re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), kBadEscape);
}

bool is_uuid(std::string_view format, std::string_view text) {
  static const re2::RE2 kAny("(?i)[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}");
  static const re2::RE2 k3("(?i)[0-9a-f]{8}-?[0-9a-f]{4}-?3[0-9a-f]{3}-?[0-9a-f]{4}-?[0-9a-f]{12}");
  static const re2::RE2 k4("(?i)[0-9a-f]{8}-?[0-9a-f]{4}-?4[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}");
  static const re2::RE2 k5("(?i)[0-9a-f]{8}-?[0-9a-f]{4}-?5[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}");
  return full_match(format == "uuid3" ? k3 : format == "uuid4" ? k4 : format == "uuid5" ? k5 : kAny, text);
}

bool is_mac(std::string_view text) {
  static const re2::RE2 kMac(
      "(?i)(?:[0-9a-f]{2}(?::[0-9a-f]{2}){5}|[0-9a-f]{2}(?::[0-9a-f]{2}){7}|[0-9a-f]{2}(?::[0-9a-f]{2}){19}|[0-9a-f]{2}(?:-[0-"
      "9a-f]{2}){5}|"
      "[0-9a-f]{2}(?:-[0-9a-f]{2}){7}|[0-9a-f]{2}(?:-[0-9a-f]{2}){19}|[0-9a-f]{4}(?:\\.[0-9a-f]{4}){2}|[0-9a-f]{4}(?:\\.[0-9a-"
      "f]{4}){3}|[0-9a-f]{4}(?:\\.[0-9a-f]{4}){9})");
  return full_match(kMac, text);
}

// IANA service names.
Complaints check_port_name(std::string_view text) {
  Complaints out;
  if (text.size() > 15) out.push_back("must be no more than 15 characters long");
  const auto lower = [](char c) { return c >= 'a' && c <= 'z'; };
  const auto allowed = [&](char c) { return lower(c) || (c >= '0' && c <= '9') || c == '-'; };
  if (text.empty() || !std::all_of(text.begin(), text.end(), allowed))
    out.push_back("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
  if (!std::any_of(text.begin(), text.end(), lower)) out.push_back("must contain at least one letter (a-z)");
  if (text.find("--") != std::string_view::npos) out.push_back("must not contain consecutive hyphens");
  if (!text.empty() && (text.front() == '-' || text.back() == '-')) out.push_back("must not begin or end with a hyphen");
  return out;
}

}  // namespace

bool format_matches(std::string_view format, std::string_view text) {
  if (format == "date-time" || format == "datetime") return is_date_time(text);
  if (format == "date") return is_date(text);
  if (format == "duration") return is_duration(text);
  if (format == "ipv4") return is_ipv4(text);
  if (format == "ipv6") return is_ipv6(text);
  if (format == "cidr") return is_cidr(text);
  if (format == "hostname") return is_hostname(text);
  if (format == "email") return is_email(text);
  if (format == "uri") return is_uri(text);
  if (format.substr(0, 4) == "uuid") return is_uuid(format, text);
  if (format == "mac") return is_mac(text);
  if (format == "byte") return go_base64_decode(text).ok();
  if (format == "k8s-short-name") return check_dns1123_label(text).empty();
  if (format == "k8s-long-name") return check_dns1123_subdomain(text).empty();
  const auto matches = [&](const char* pattern) { return full_match(re2::RE2(pattern), text); };
  if (format == "bsonobjectid") return matches("[0-9a-fA-F]{24}");
  if (format == "hexcolor") return matches("#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})");
  if (format == "ssn") return matches("\\d{3}[- ]?\\d{2}[- ]?\\d{4}");
  return true;
}

Complaints builtin_format_complaints(std::string_view format, std::string_view text) {
  if (format.substr(0, 4) != "k8s-") return {};
  if (format == "k8s-short-name") return check_dns1123_label(text);
  if (format == "k8s-long-name") return check_dns1123_subdomain(text);
  if (format == "k8s-dns1035-label") return check_dns1035_label(text);
  if (format == "k8s-label-key") return check_label_key(text);
  if (format == "k8s-label-value") return check_label_value(text);
  if (format == "k8s-port-name") return check_port_name(text);
  if (format == "k8s-ip" && !is_ipv4(text) && !is_ipv6(text))
    return {"must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"};
  if (format == "k8s-cidr" && !is_cidr(text)) return {"must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"};
  return {};
}

}  // namespace plinth::api
