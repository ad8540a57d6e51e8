// The two calls of etcd's gRPC interface that are measured, framed by hand.
#pragma once

#include <string>
#include <string_view>

#include "api/connection.h"

namespace plinth::bench {

Request etcd_put(std::string_view key, std::string_view value);
Request etcd_range(std::string_view key);  // linearizable
bool etcd_ok(const Answer& answer);

}  // namespace plinth::bench
