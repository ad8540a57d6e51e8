// Writes the table of schema errors with their own wording (kinds/wording.yaml).
#pragma once

#include <string>

#include "kind_data.h"

namespace plinth::kindc {

Result<std::string> write_wording(const KindData& data);

}  // namespace plinth::kindc
