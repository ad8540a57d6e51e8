// Credentials of image registries, from a pod's imagePullSecrets.
#pragma once

#include <string_view>
#include <vector>

#include "client/cache.h"
#include "node/pod/pod.h"
#include "node/runtime/runtime.h"

namespace plinth::node {

// Those whose registry (and path) fit the image, the most particular first; then one that is empty when there are none.
std::vector<ImageAuth> pull_auths(const Pod& pod, std::string_view image, const client::View& view);

// The entries of a .dockerconfigjson that fit.
std::vector<ImageAuth> auths_of(std::string_view docker_config_json, std::string_view image);

}  // namespace plinth::node
