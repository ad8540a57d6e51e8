// What a cluster needs so that the controllers can run attached to it: CRDs, an account, its rights.
#pragma once

#include <string>
#include <vector>

#include "base/value.h"

namespace plinth::platform {

inline constexpr std::string_view kAttachAccount = "plinth-attach";

// In the order in which they are to be applied.
std::vector<Document> attach_manifests(const std::string& name_space);

}  // namespace plinth::platform
