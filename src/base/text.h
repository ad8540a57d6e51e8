// Small things done to text: cutting, joining, strict numbers, URL escapes and queries.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace plinth {

// Parts between separators; one empty part for empty text. Views into `text`.
std::vector<std::string_view> split(std::string_view text, char separator);
// Before and after the first separator; the second is absent when there is none.
std::pair<std::string_view, std::optional<std::string_view>> cut(std::string_view text, std::string_view separator);
std::string join(const std::vector<std::string>& parts, std::string_view separator);
std::string join(const std::vector<std::string_view>& parts, std::string_view separator);
// Without space, tabs, carriage returns and line feeds at both ends.
std::string_view trim(std::string_view text);
std::string to_lower(std::string_view text);  // ASCII only
bool equal_ignore_case(std::string_view a, std::string_view b);
bool contains(std::string_view text, std::string_view part);

// The whole text as a number: no space, no plus sign, no prefix, in range.
template <typename Integer>
std::optional<Integer> parse_integer(std::string_view text, int base = 10) {
  Integer value{};
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

// Empty when an escape is malformed.
std::optional<std::string> percent_decode(std::string_view text);
// What net/url does to a path segment or a query component: everything but unreserved characters is escaped; a space
// becomes %20 in a path and '+' in a query.
std::string escape_path_segment(std::string_view text);
std::string escape_query(std::string_view text);

// The parameters of a URL's query in order, names and values decoded ('+' is a space).
class Query {
 public:
  // Empty when an escape is malformed or a ';' stands between parameters.
  static std::optional<Query> parse(std::string_view text);

  // The first value of that name; empty when absent.
  std::string_view get(std::string_view name) const;
  bool has(std::string_view name) const;
  std::vector<std::string_view> all(std::string_view name) const;
  const std::vector<std::pair<std::string, std::string>>& parameters() const { return parameters_; }

 private:
  std::vector<std::pair<std::string, std::string>> parameters_;
};

}  // namespace plinth
