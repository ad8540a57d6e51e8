// A kubeconfig with everything inline.
#pragma once

#include <string>

#include "platform/pki.h"

namespace plinth::platform {

// `server` is "https://host:port".
std::string admin_kubeconfig(const Pki& pki, const std::string& server);

}  // namespace plinth::platform
