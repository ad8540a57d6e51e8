#include "api/names.h"

#include <algorithm>
#include <initializer_list>

#include <fmt/format.h>

#include "api/go_text.h"
#include "base/utf8.h"

namespace plinth::api {
namespace {

constexpr std::string_view kDnsLabelPattern = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
constexpr std::string_view kSubdomainPattern = R"([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*)";
constexpr std::string_view kLabelKeyPattern = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower_alnum(char c) { return is_lower(c) || is_digit(c); }
bool is_alnum(char c) { return is_lower_alnum(c) || is_upper(c); }

bool is_dns_label_form(std::string_view s) {
  return !s.empty() && is_lower_alnum(s.front()) && is_lower_alnum(s.back()) &&
         std::all_of(s.begin(), s.end(), [](char c) { return is_lower_alnum(c) || c == '-'; });
}

bool is_subdomain_form(std::string_view s) {
  for (;;) {
    std::size_t dot = s.find('.');
    if (!is_dns_label_form(s.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    s.remove_prefix(dot + 1);
  }
}

bool is_label_key_form(std::string_view s) {
  return !s.empty() && is_alnum(s.front()) && is_alnum(s.back()) &&
         std::all_of(s.begin(), s.end(), [](char c) { return is_alnum(c) || c == '-' || c == '_' || c == '.'; });
}

// Upstream says characters of DNS names and bytes of labels.
std::string too_long(std::size_t max) { return fmt::format("must be no more than {} bytes", max); }
std::string too_long_name(std::size_t max) { return fmt::format("must be no more than {} characters", max); }

std::string not_of_form(std::string_view what, std::string_view pattern, std::initializer_list<std::string_view> examples) {
  std::string out(what);
  std::string_view lead = " (e.g. ";
  for (std::string_view example : examples) {
    out += fmt::format("{}'{}', ", lead, example);
    lead = " or ";
  }
  return out + fmt::format("regex used for validation is '{}')", pattern);
}

std::string bad_label_key_name() {
  return not_of_form(
      "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
      kLabelKeyPattern, {"MyName", "my.name", "123-abc"});
}

std::string bad_subdomain() {
  return not_of_form(
      "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end "
      "with "
      "an alphanumeric character",
      kSubdomainPattern, {"example.com"});
}

// Go's unicode.IsPrint, as its quoting applies it: what is not printed as itself is escaped.
bool is_printable(char32_t rune, std::string_view bytes) {
  if (rune < 0x80) return rune >= 0x20 && rune < 0x7f;
  return rune == 0xfffd || go_quoted(bytes).size() == bytes.size() + 2;
}

// A generated name ends in letters: a trailing dash of the prefix stands before them.
std::string mask_trailing_dash(std::string_view prefix) {
  std::string out(prefix);
  if (out.size() > 1 && out.back() == '-') out.back() = 'a';
  return out;
}

}  // namespace

Complaints check_dns1123_label(std::string_view text) {
  Complaints out;
  if (text.size() > kDnsLabelMax) out.push_back(too_long_name(kDnsLabelMax));
  if (is_dns_label_form(text)) return out;
  if (is_subdomain_form(text)) {
    out.push_back("must not contain dots");
  } else {
    out.push_back(
        not_of_form("a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must "
                    "start and end with an alphanumeric character",
                    kDnsLabelPattern, {"my-name", "123-abc"}));
  }
  return out;
}

Complaints check_dns1123_subdomain(std::string_view text) {
  Complaints out;
  if (text.size() > kDnsSubdomainMax) out.push_back(too_long_name(kDnsSubdomainMax));
  if (!is_subdomain_form(text)) out.push_back(bad_subdomain());
  return out;
}

Complaints check_dns1035_label(std::string_view text) {
  Complaints out;
  if (text.size() > kDnsLabelMax) out.push_back(too_long_name(kDnsLabelMax));
  if (!is_dns_label_form(text) || !is_lower(text.front())) {
    out.push_back(
        not_of_form("a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an "
                    "alphabetic character, and end with an alphanumeric character",
                    "[a-z]([-a-z0-9]*[a-z0-9])?", {"my-name", "abc-123"}));
  }
  return out;
}

Complaints check_wildcard_subdomain(std::string_view text) {
  Complaints out;
  if (text.size() > kDnsSubdomainMax) out.push_back(too_long_name(kDnsSubdomainMax));
  if (text.substr(0, 2) != "*." || !is_subdomain_form(text.substr(2))) {
    out.push_back(
        not_of_form("a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must "
                    "consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
                    fmt::format("\\*\\.{}", kSubdomainPattern), {"*.example.com"}));
  }
  return out;
}

Complaints check_c_identifier(std::string_view text) {
  bool good = !text.empty() && !is_digit(text.front()) &&
              std::all_of(text.begin(), text.end(), [](char c) { return is_alnum(c) || c == '_'; });
  if (good) return {};
  return {
      not_of_form("a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric "
                  "characters or '_'",
                  "[A-Za-z_][A-Za-z0-9_]*", {"my_name", "MY_NAME", "MyName"})};
}

Complaints check_label_key(std::string_view text) {
  Complaints out;
  std::string_view name = text;
  if (std::size_t slash = text.find('/'); slash != std::string_view::npos) {
    if (text.find('/', slash + 1) != std::string_view::npos) {
      return {"a valid label key " + bad_label_key_name() +
              " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"};
    }
    name = text.substr(slash + 1);
    if (slash == 0) {
      out.push_back("prefix part must be non-empty");
    } else {
      std::string_view prefix = text.substr(0, slash);
      if (prefix.size() > kDnsSubdomainMax) out.push_back("prefix part " + too_long(kDnsSubdomainMax));
      if (!is_subdomain_form(prefix)) out.push_back("prefix part " + bad_subdomain());
    }
  }
  if (name.empty()) {
    out.push_back("name part must be non-empty");
  } else if (name.size() > kLabelNameMax) {
    out.push_back("name part " + too_long(kLabelNameMax));
  }
  if (!is_label_key_form(name)) out.push_back("name part " + bad_label_key_name());
  return out;
}

Complaints check_label_value(std::string_view text) {
  Complaints out;
  if (text.size() > kLabelValueMax) out.push_back(too_long(kLabelValueMax));
  if (!text.empty() && !is_label_key_form(text)) {
    out.push_back(
        not_of_form("a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and "
                    "must start and end with an alphanumeric character",
                    fmt::format("({})?", kLabelKeyPattern), {"MyValue", "my_value", "12345"}));
  }
  return out;
}

Complaints check_path_segment_prefix(std::string_view text) {
  Complaints out;
  for (std::string_view illegal : {"/", "%"}) {
    if (text.find(illegal) != std::string_view::npos) out.push_back(fmt::format("may not contain '{}'", illegal));
  }
  return out;
}

Complaints check_path_segment_name(std::string_view text) {
  if (text == "." || text == "..") return {fmt::format("may not be '{}'", text)};
  return check_path_segment_prefix(text);
}

Complaints check_object_name(NameFormat format, std::string_view text, bool is_prefix) {
  if (format == NameFormat::kPathSegment) return is_prefix ? check_path_segment_prefix(text) : check_path_segment_name(text);
  std::string masked = is_prefix ? mask_trailing_dash(text) : std::string();
  if (is_prefix) text = masked;
  switch (format) {
    case NameFormat::kLabel:
      return check_dns1123_label(text);
    case NameFormat::kLabel1035:
      return check_dns1035_label(text);
    default:
      return check_dns1123_subdomain(text);
  }
}

void validate_labels(const Value& labels, std::string_view path, FieldErrors& errors) {
  for (const Member& label : labels.members()) {
    for (std::string& complaint : check_label_key(label.key())) {
      errors.push_back(field_invalid(std::string(path), label.key(), std::move(complaint)));
    }
    for (std::string& complaint : check_label_value(label.value.as_string())) {
      errors.push_back(field_invalid(std::string(path), label.value.as_string(), std::move(complaint)));
    }
  }
}

void validate_annotations(const Value& annotations, std::string_view path, FieldErrors& errors) {
  std::size_t total = 0;
  std::string lower;
  for (const Member& annotation : annotations.members()) {
    total += annotation.key().size() + annotation.value.as_string().size();
    lower.assign(annotation.key());
    // Annotation keys may use upper case everywhere, prefix included.
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](char c) { return is_upper(c) ? static_cast<char>(c + 32) : c; });
    for (std::string& complaint : check_label_key(lower)) {
      errors.push_back(field_invalid(std::string(path), annotation.key(), std::move(complaint)));
    }
  }
  if (total > kAnnotationsMax) errors.push_back(field_too_long(std::string(path), kAnnotationsMax));
}

void validate_field_manager(std::string_view manager, std::string_view path, FieldErrors& errors) {
  if (manager.size() > kFieldManagerMax) errors.push_back(field_too_long(std::string(path), kFieldManagerMax));
  for (std::size_t at = 0; at < manager.size();) {
    DecodedRune c = decode_rune(manager.substr(at));
    if (!is_printable(c.rune, manager.substr(at, c.length))) {
      std::string detail = fmt::format("invalid character U+{:04X} (at position {})", static_cast<std::uint32_t>(c.rune), at);
      errors.push_back(field_invalid(std::string(path), manager, std::move(detail)));
    }
    at += c.length;
  }
}

}  // namespace plinth::api
