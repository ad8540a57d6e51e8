// Names in a definition: of the kind, of resources, of iterators.
#pragma once

#include "base/result.h"
#include "base/value.h"

namespace plinth::compose {

// `spec` is a definition's spec.
Result<void> check_names(const Value& spec);

}  // namespace plinth::compose
