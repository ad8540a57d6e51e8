// Go's %q, which Kubernetes' messages quote names and values with.
#pragma once

#include <string>
#include <string_view>

namespace plinth {

// Double quotes; unprintable and ill-formed bytes escaped.
std::string quoted(std::string_view text);

}  // namespace plinth
