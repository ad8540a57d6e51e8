#include "compose/expression/field_path.h"

#include <algorithm>

namespace plinth::compose {

std::string path_child(std::string_view path, std::string_view key) {
  std::string out(path);
  const bool plain = !key.empty() && key.find_first_of(".[]\"/ ") == std::string_view::npos;
  if (plain) {
    if (!out.empty()) out += '.';
    return out += key;
  }
  return out += "[\"" + std::string(key) + "\"]";
}

std::string path_item(std::string_view path, std::size_t index) {
  return std::string(path) + "[" + std::to_string(index) + "]";
}

std::string path_text(const FieldPath& path) {
  std::string out;
  for (const PathStep& step : path) out = step.is_index ? path_item(out, step.index) : path_child(out, step.key);
  return out;
}

}  // namespace plinth::compose
