// Functions of expressions that need what this layer knows: quantities and named formats, as Kubernetes' libraries have them.
#pragma once

#include "cel/function.h"

namespace plinth::api {

cel::Library quantities_library();  // quantity(), isQuantity(), add, compareTo ...
cel::Library formats_library();     // format.named("uri"), format.dns1123Label(), validate()

}  // namespace plinth::api
