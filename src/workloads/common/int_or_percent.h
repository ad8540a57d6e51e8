// Counts that may be given as a percentage of another one.
#pragma once

#include <cstdint>

#include "base/value.h"

namespace plinth::workloads {

// An integer, or "25%" of `total`; 0 for anything else (validation lets nothing else through).
std::int64_t scaled_count(const Value& value, std::int64_t total, bool round_up);

}  // namespace plinth::workloads
