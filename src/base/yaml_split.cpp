#include "base/yaml_split.h"

#include <algorithm>

namespace plinth {
namespace {

constexpr std::string_view kSpace = " \t\r\n";

bool is_separator(std::string_view line) {
  return line.starts_with("---") && (line.size() == 3 || kSpace.find(line[3]) != std::string_view::npos);
}

bool is_blank(std::string_view line) {
  std::size_t first = line.find_first_not_of(kSpace);
  return first == std::string_view::npos || line[first] == '#';
}

std::string_view first_line(std::string_view text) {
  std::size_t end = text.find('\n');
  return text.substr(0, end == std::string_view::npos ? text.size() : end + 1);
}

void add_chunk(std::vector<YamlChunk>& out, std::string_view text, std::size_t line_number) {
  YamlChunk chunk{text, text, line_number};
  std::string_view line = first_line(text);
  if (is_separator(line) && is_blank(line.substr(3))) chunk.body.remove_prefix(line.size());
  bool content = false;
  for (std::string_view rest = chunk.body; !rest.empty() && !content; rest.remove_prefix(first_line(rest).size())) {
    content = !is_blank(first_line(rest));
  }
  if (content) out.push_back(chunk);
}

}  // namespace

std::vector<YamlChunk> split_yaml_stream(std::string_view text) {
  std::vector<YamlChunk> out;
  std::size_t start = 0, start_line = 0, line_number = 0;
  bool directives = false;  // "%YAML 1.1" belongs to the separator that follows it
  for (std::size_t at = 0; at < text.size(); ++line_number) {
    std::string_view line = first_line(text.substr(at));
    if (is_separator(line) && at > start && !directives) {
      add_chunk(out, text.substr(start, at - start), start_line);
      start = at;
      start_line = line_number;
    }
    if (line.starts_with('%'))
      directives = true;
    else if (!is_blank(line))
      directives = false;
    at += line.size();
  }
  add_chunk(out, text.substr(start), start_line);
  return out;
}

}  // namespace plinth
