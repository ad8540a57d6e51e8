// What was measured, as Markdown.
#pragma once

#include <string>
#include <vector>

namespace plinth::bench {

class Report {
 public:
  void section(const std::string& title, const std::string& method);
  void columns(const std::vector<std::string>& names);
  void row(const std::vector<std::string>& cells);
  // A figure with its goal: "held" or "missed" is said by `good`.
  void figure(const std::string& name, const std::string& value, const std::string& goal, bool good);
  void print_to(const std::string& file) const;

 private:
  void line(const std::string& text);
  std::string text_;
  bool in_figures_ = false;
};

// Machine, kernel, file system and versions, one item a line.
std::string machine();

}  // namespace plinth::bench
