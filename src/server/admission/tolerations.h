// Tolerations of pods as sets of taints.
#pragma once

#include "base/value.h"

namespace plinth::server {

// `first` and `second` as one list without those that another one covers; of equal ones the first stays.
std::vector<Value> merge_tolerations(const Value& first, const Value& second);

}  // namespace plinth::server
