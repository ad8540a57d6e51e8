#include <algorithm>

#include <fmt/core.h>

#include "node/runtime/runtime.h"

namespace plinth::node {

std::string runtime_problem(const RuntimeStatus& status) {
  std::string problem;
  for (const std::string_view type : {"RuntimeReady", "NetworkReady"}) {
    const auto told = std::find_if(status.conditions.begin(), status.conditions.end(),
                                   [&](const RuntimeCondition& one) { return one.type == type; });
    if (told != status.conditions.end() && told->status) continue;
    if (!problem.empty()) problem += "; ";
    problem += told == status.conditions.end()
                   ? fmt::format("{} is not told by the container runtime", type)
                   : fmt::format("{}=false reason:{} message:{}", type, told->reason, told->message);
  }
  return problem;
}

}  // namespace plinth::node
