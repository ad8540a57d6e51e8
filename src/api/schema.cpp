#include "api/schema.h"

#include <algorithm>

namespace plinth::api {

const Field* Schema::field(std::string_view name) const {
  const auto at = std::lower_bound(fields.begin(), fields.end(), name, [](const Field& f, std::string_view key) { return f.name < key; });
  return at != fields.end() && at->name == name ? &*at : nullptr;
}

}  // namespace plinth::api
