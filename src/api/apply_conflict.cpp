#include <algorithm>

#include <fmt/format.h>

#include "api/ownership.h"

namespace plinth::api {
namespace {

std::string message(const OwnershipConflicts& conflicts) {
  if (conflicts.size() == 1) {
    return fmt::format("Apply failed with 1 conflict: conflict with {}: {}", conflicts[0].manager_text,
                       path_text(conflicts[0].path));
  }
  std::string out = fmt::format("Apply failed with {} conflicts:", conflicts.size());
  char separator = ' ';
  const std::string* manager = nullptr;
  for (const OwnershipConflict& conflict : conflicts) {
    if (manager == nullptr || *manager != conflict.identity) {
      out += fmt::format("{}conflicts with {}:", separator, conflict.manager_text);
      separator = '\n';
      manager = &conflict.identity;
    }
    out += "\n- " + path_text(conflict.path);
  }
  return out;
}

}  // namespace

Error conflict_error(const OwnershipConflicts& conflicts) {
  OwnershipConflicts sorted = conflicts;
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const OwnershipConflict& a, const OwnershipConflict& b) { return a.identity < b.identity; });
  Error error(Reason::kConflict, message(sorted));
  for (const OwnershipConflict& conflict : sorted) {
    error.add_cause("FieldManagerConflict", "conflict with " + conflict.manager_text, path_text(conflict.path));
  }
  return error;
}

}  // namespace plinth::api
