#include "cel/lib/go_url.h"

#include <algorithm>

#include <fmt/core.h>

#include "base/quoted.h"
#include "base/text.h"

namespace plinth::cel {
namespace {

bool alphanumeric(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool one_of(char c, std::string_view set) { return set.find(c) != std::string_view::npos; }
bool unreserved(char c) { return alphanumeric(c) || one_of(c, "-_.~"); }

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Percent escapes decoded; empty when one is malformed.
std::optional<std::string> unescape(std::string_view text, bool plus_is_space) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      if (i + 2 >= text.size() || hex_value(text[i + 1]) < 0 || hex_value(text[i + 2]) < 0) return std::nullopt;
      out += static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
      i += 2;
    } else {
      out += plus_is_space && text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

std::string escape_path(std::string_view path) {
  std::string out;
  for (char c : path) {
    if (unreserved(c) || one_of(c, "$&+,/:;=@"))
      out += c;
    else
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

bool valid_encoding(std::string_view path) {
  return std::all_of(path.begin(), path.end(), [](char c) { return unreserved(c) || one_of(c, "!$&'()*+,;=:@[]%/"); });
}

bool valid_port(std::string_view text) {  // "" or ":digits"
  if (text.empty()) return true;
  return text[0] == ':' && std::all_of(text.begin() + 1, text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

class UrlParser {
 public:
  explicit UrlParser(std::string_view text) : text_(text) {}

  std::optional<GoUrl> run(std::string* error) {
    bool ok = parse();
    if (!ok) *error = fmt::format("parse {}: {}", quoted(text_), error_);
    return ok ? std::optional(std::move(url_)) : std::nullopt;
  }

 private:
  bool fail(std::string_view message) {
    error_ = message;
    return false;
  }

  bool parse() {
    auto control = [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; };
    if (std::any_of(text_.begin(), text_.end(), control)) return fail("net/url: invalid control character in URL");
    if (text_.empty()) return fail("empty url");
    std::string_view rest = text_;
    if (auto [before, fragment] = cut(rest, "#"); fragment) {
      if (!unescape(*fragment, false)) return fail("invalid URL escape in fragment");
      rest = before;
    }
    if (!take_scheme(rest)) return false;
    url_.text = url_.scheme.empty() ? std::string(text_) : url_.scheme + std::string(text_.substr(url_.scheme.size()));
    auto [path, query] = cut(rest, "?");
    url_.query = std::string(query.value_or(""));
    if (path.empty() || path[0] != '/') return url_.scheme.empty() ? fail("invalid URI for request") : true;
    if (!url_.scheme.empty() && path.substr(0, 2) == "//") {
      std::size_t end = std::min(path.find('/', 2), path.size());
      if (!authority(path.substr(2, end - 2))) return false;
      path = path.substr(end);
    }
    return set_path(path);
  }

  bool take_scheme(std::string_view& rest) {
    for (std::size_t i = 0; i < rest.size(); ++i) {
      char c = rest[i];
      bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
      if (letter || (i != 0 && (alphanumeric(c) || one_of(c, "+-.")))) continue;
      if (c != ':') return true;
      if (i == 0) return fail("missing protocol scheme");
      url_.scheme = to_lower(rest.substr(0, i));
      rest.remove_prefix(i + 1);
      return true;
    }
    return true;
  }

  bool authority(std::string_view text) {
    std::size_t at = text.rfind('@');
    if (at != std::string_view::npos) {
      std::string_view user = text.substr(0, at);
      auto valid = [](char c) { return alphanumeric(c) || one_of(c, "-._:~!$&'()*+,;=%@"); };
      if (!std::all_of(user.begin(), user.end(), valid) || !unescape(user, false)) return fail("net/url: invalid userinfo");
      text.remove_prefix(at + 1);
    }
    return host(text);
  }

  bool host(std::string_view text) {
    if (!text.empty() && text[0] == '[') {
      std::size_t end = text.rfind(']');
      if (end == std::string_view::npos) return fail("missing ']' in host");
      if (!valid_port(text.substr(end + 1)))
        return fail(fmt::format("invalid port {} after host", quoted(text.substr(end + 1))));
    } else if (std::size_t colon = text.rfind(':'); colon != std::string_view::npos) {
      if (!valid_port(text.substr(colon))) return fail(fmt::format("invalid port {} after host", quoted(text.substr(colon))));
    }
    for (std::size_t i = 0; i < text.size(); ++i) {
      char c = text[i];
      // Only bytes past ASCII may be escaped in a host, and the percent sign of a zone.
      bool low_escape = c == '%' && i + 1 < text.size() && hex_value(text[i + 1]) < 8 && text.substr(i, 3) != "%25";
      bool allowed = (c & 0x80) != 0 || unreserved(c) || one_of(c, "!$&'()*+,;=:[]<>\"%");
      if (low_escape || !allowed)
        return fail(fmt::format("invalid character {} in host name", quoted(std::string_view(&text[i], 1))));
    }
    auto plain = unescape(text, false);
    if (!plain) return fail("invalid URL escape in host");
    url_.host = *plain;
    return true;
  }

  bool set_path(std::string_view path) {
    auto plain = unescape(path, false);
    if (!plain) return fail("invalid URL escape in path");
    url_.escaped_path = valid_encoding(path) ? std::string(path) : escape_path(*plain);
    return true;
  }

  std::string_view text_;
  GoUrl url_;
  std::string error_;
};

}  // namespace

std::string_view GoUrl::port() const {
  std::string_view all = host;
  std::size_t colon = all.rfind(':');
  if (colon == std::string_view::npos || !valid_port(all.substr(colon))) return {};
  return all.substr(colon + 1);
}

std::string_view GoUrl::hostname() const {
  std::string_view all = host;
  std::size_t colon = all.rfind(':');
  if (colon != std::string_view::npos && valid_port(all.substr(colon))) all = all.substr(0, colon);
  if (all.size() >= 2 && all.front() == '[' && all.back() == ']') all = all.substr(1, all.size() - 2);
  return all;
}

std::vector<std::pair<std::string, std::string>> GoUrl::parameters() const {
  std::vector<std::pair<std::string, std::string>> out;
  for (std::string_view pair : split(query, '&')) {
    if (pair.empty() || pair.find(';') != std::string_view::npos) continue;
    auto [name, value] = cut(pair, "=");
    auto plain_name = unescape(name, true), plain_value = unescape(value.value_or(""), true);
    if (plain_name && plain_value) out.emplace_back(std::move(*plain_name), std::move(*plain_value));
  }
  return out;
}

std::optional<GoUrl> parse_url(std::string_view text, std::string* error) { return UrlParser(text).run(error); }

}  // namespace plinth::cel
