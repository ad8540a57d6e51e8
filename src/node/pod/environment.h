// The environment of a container: envFrom, env, service links, and $(VAR) in values, commands and arguments.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "client/cache.h"
#include "node/pod/downward.h"
#include "node/pod/service_variables.h"
#include "node/runtime/runtime.h"

namespace plinth::node {

// In the order of definition; each name once. An error (a missing object or key that is not optional) becomes
// CreateContainerConfigError: it may go away by itself.
Result<Environment> make_environment(const Pod& pod, const PodContainer& container, const client::View& view,
                                     const DownwardFacts& facts, ServiceVariables& services);

// "$(NAME)" by what `lookup` says, "$$" as "$"; what is not known stays as it is.
std::string expand_variables(std::string_view text, const std::function<std::optional<std::string>(std::string_view)>& lookup);
std::vector<std::string> expand_all(const Value& texts, const Environment& environment);

}  // namespace plinth::node
