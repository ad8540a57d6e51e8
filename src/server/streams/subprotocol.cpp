#include "server/streams/subprotocol.h"

#include <algorithm>

namespace plinth::server {

std::vector<std::string> header_list(const net::Headers& headers, std::string_view name) {
  std::vector<std::string> out;
  for (std::string_view value : headers.all(name)) {
    while (!value.empty()) {
      std::string_view item = value.substr(0, value.find(','));
      value.remove_prefix(std::min(value.size(), item.size() + 1));
      while (!item.empty() && (item.front() == ' ' || item.front() == '\t')) item.remove_prefix(1);
      while (!item.empty() && (item.back() == ' ' || item.back() == '\t')) item.remove_suffix(1);
      if (!item.empty()) out.emplace_back(item);
    }
  }
  return out;
}

std::optional<std::string> choose_subprotocol(const std::vector<std::string>& offered,
                                              std::span<const std::string_view> served) {
  for (const std::string& wanted : offered) {
    if (std::find(served.begin(), served.end(), wanted) != served.end()) return wanted;
  }
  return std::nullopt;
}

bool wants_spdy(const net::HttpRequest& request) {
  const auto lists = [&request](std::string_view header, std::string_view word) {
    const auto values = header_list(request.headers, header);
    return std::any_of(values.begin(), values.end(), [&](const std::string& value) {
      return std::equal(value.begin(), value.end(), word.begin(), word.end(),
                        [](char a, char b) { return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + 32) : a) == b; });
    });
  };
  return request.version < 20 && lists("connection", "upgrade") && lists("upgrade", "spdy/3.1");
}

}  // namespace plinth::server
