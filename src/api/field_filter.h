// Which fields an endpoint does not touch, whatever a request says about them: status on the main endpoint, spec on /status.
#pragma once

#include <initializer_list>
#include <string_view>
#include <vector>

#include "api/field_set.h"

namespace plinth::api {

// Immutable, safe to share between threads. Names given to it must outlive it.
class FieldFilter {
 public:
  FieldFilter() = default;  // lets everything pass
  // What is in the set goes, with everything below it.
  static FieldFilter without(FieldSet fields);
  static FieldFilter without(std::initializer_list<std::initializer_list<std::string_view>> paths) {
    return without(FieldSet::of(paths));
  }
  // Only what is at, above or below one of the paths stays. "*" stands for any element, list items included.
  static FieldFilter only(std::initializer_list<std::initializer_list<std::string_view>> paths);

  bool passes_all() const { return without_.empty() && only_.empty(); }
  FieldSet filter(const FieldSet& set) const;

 private:
  FieldSet without_;
  std::vector<std::vector<std::string_view>> only_;
};

}  // namespace plinth::api
