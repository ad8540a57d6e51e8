// URLs as Go's net/url reads them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace plinth::cel {

struct GoUrl {
  std::string scheme;  // lower case
  std::string host;    // with port, unescaped
  std::string escaped_path;
  std::string query;  // as written
  std::string text;   // with the scheme in lower case

  std::string_view hostname() const;  // without port and brackets
  std::string_view port() const;
  // Names and values in order; malformed pairs are left out.
  std::vector<std::pair<std::string, std::string>> parameters() const;
};

// An absolute URI or an absolute path (url.ParseRequestURI), a fragment cut off. What is wrong is said in `error`.
std::optional<GoUrl> parse_url(std::string_view text, std::string* error);

}  // namespace plinth::cel
