// Paths into a template, as messages spell them: a.b[0]["x.y"].
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace plinth::compose {

struct PathStep {
  std::string key;        // of an object's member
  std::size_t index = 0;  // of a list's item
  bool is_index = false;
  friend bool operator==(const PathStep&, const PathStep&) = default;
};
using FieldPath = std::vector<PathStep>;

std::string path_text(const FieldPath& path);
// `path` with one more key.
std::string path_child(std::string_view path, std::string_view key);
std::string path_item(std::string_view path, std::size_t index);

}  // namespace plinth::compose
