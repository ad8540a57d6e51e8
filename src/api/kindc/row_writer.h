// Writes the rows of the built-in kinds as C++ constants.
#pragma once

#include <string>

#include "base/result.h"
#include "kind_data.h"

namespace plinth::kindc {

// The text of a source file that defines builtin_kinds().
Result<std::string> write_rows(const KindData& data);

}  // namespace plinth::kindc
