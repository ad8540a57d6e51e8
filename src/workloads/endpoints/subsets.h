// The subsets of Endpoints: addresses that answer on the same ports stand together.
#pragma once

#include <vector>

#include "base/value.h"

namespace plinth::workloads {

// One address with one of its ports (null: the Service has none).
struct SubsetEntry {
  Value address;
  Value port;
  bool ready = false;
};

// In a canonical order, so that equal contents are equal documents. At most `addresses_max` addresses, ready ones first;
// `truncated` tells whether some are left out.
Value pack_subsets(Draft& draft, const std::vector<SubsetEntry>& entries, std::size_t addresses_max, bool& truncated);

}  // namespace plinth::workloads
