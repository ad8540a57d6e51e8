// Texts with "${name}" in them, as the parameters of classes may have.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace plinth::workloads {

// `variable` tells what stands for a name. Errors (Invalid) say which one it does not know, or that one has no end.
Result<std::string> resolve_parameter(std::string_view text,
                                      const std::function<std::optional<std::string>(std::string_view name)>& variable);

}  // namespace plinth::workloads
