// What /healthz, /livez and /readyz say: all checks, without some of them, or one of them.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "server/request_info.h"

namespace plinth::server {

struct HealthCheck {
  std::string_view name;
  std::string problem;  // "": it passes
};

struct HealthAnswer {
  int status = 200;  // 404: there is no such check
  std::string text;
};

// `path` is "/livez" or "/livez/NAME"; `query` may have `verbose` and `exclude=NAME`, any number of times.
HealthAnswer health_answer(std::string_view path, const Query& query, std::span<const HealthCheck> checks);

}  // namespace plinth::server
