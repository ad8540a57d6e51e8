// The text of an expression and what is wrong with it, shown with line, column and a caret.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace plinth::cel {

struct Location {
  std::uint32_t line;    // from 1
  std::uint32_t column;  // from 0, in code points
};

Location location_of(std::string_view source, std::uint32_t offset);

// "ERROR: <input>:1:5: message\n | text of the line\n | ....^"; the column printed counts from 1.
std::string describe(std::string_view source, std::uint32_t offset, std::string_view message,
                     std::string_view input_name = "<input>");

struct Issue {
  std::uint32_t position;  // byte offset
  std::string message;
};

// What is wrong with one expression. More than kIssuesMax are not kept.
class Issues {
 public:
  static constexpr std::size_t kIssuesMax = 100;
  void add(std::uint32_t position, std::string message);
  bool empty() const { return issues_.empty(); }
  const std::vector<Issue>& all() const { return issues_; }
  // In order of position, each described, joined by newlines; Invalid.
  Error error(std::string_view source, std::string_view input_name = "<input>") const;

 private:
  std::vector<Issue> issues_;
};

}  // namespace plinth::cel
