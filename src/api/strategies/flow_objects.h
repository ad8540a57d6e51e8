// The flow schemas and priority levels that a server cannot be without, and those that it starts with (apiserver
// pkg/apis/flowcontrol/bootstrap, 1.34).
#pragma once

#include <span>
#include <string_view>

namespace plinth::api {

// JSON of whole objects. The spec of a mandatory one is fixed; of the level "exempt" all of it but spec.exempt.
std::span<const std::string_view> mandatory_flow_objects();
std::span<const std::string_view> suggested_flow_objects();

}  // namespace plinth::api
