#include "net/http.h"

#include <algorithm>

namespace plinth::net {

void Headers::set(std::string_view name, std::string value) {
  std::erase_if(entries_, [name](const auto& entry) { return entry.first == name; });
  entries_.emplace_back(std::string(name), std::move(value));
}

std::string_view Headers::get(std::string_view name) const {
  for (const auto& [key, value] : entries_) {
    if (key == name) return value;
  }
  return {};
}

bool Headers::has(std::string_view name) const {
  return std::any_of(entries_.begin(), entries_.end(), [name](const auto& entry) { return entry.first == name; });
}

std::vector<std::string_view> Headers::all(std::string_view name) const {
  std::vector<std::string_view> out;
  for (const auto& [key, value] : entries_) {
    if (key == name) out.push_back(value);
  }
  return out;
}

}  // namespace plinth::net
