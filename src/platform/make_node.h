// How a platform is told which node it has.
#pragma once

#include <functional>
#include <memory>

#include "base/function.h"
#include "base/result.h"

namespace plinth::platform {

class NodeHost;
struct NodeHostParts;

using MakeNodeHost = std::function<Result<std::unique_ptr<NodeHost>>(const NodeHostParts&)>;
// Serves the API where pods can reach it, once the link to them is there; `done` runs on the controllers' loop.
using ServeApi = std::function<void(UniqueFunction<void(Result<void>)> done)>;

}  // namespace plinth::platform
