#include <doctest/doctest.h>

#include "node/runtime/runtime.h"

namespace plinth::node {

TEST_CASE("a runtime is ready by two conditions, whatever else it tells") {
  struct Case {
    std::vector<RuntimeCondition> conditions;
    const char* problem;
  };
  const RuntimeCondition runtime{"RuntimeReady", true, "", ""}, network{"NetworkReady", true, "", ""};
  const Case cases[] = {
      {{runtime, network}, ""},
      {{runtime, network, {"ContainerdHasNoDeprecationWarnings", false, "ContainerdHasDeprecationWarnings", "cgroup v1"}}, ""},
      {{runtime, {"NetworkReady", false, "NetworkPluginNotReady", "cni config uninitialized"}},
       "NetworkReady=false reason:NetworkPluginNotReady message:cni config uninitialized"},
      {{network}, "RuntimeReady is not told by the container runtime"},
      {{}, "RuntimeReady is not told by the container runtime; NetworkReady is not told by the container runtime"},
  };
  for (const Case& c : cases) {
    RuntimeStatus status;
    status.conditions = c.conditions;
    CHECK(runtime_problem(status) == c.problem);
  }
}

}  // namespace plinth::node
