// A node whose runtime outlives the platform: kills of the platform at any point, over the whole control
// plane in simulation.
#include "platform/machine_bench.h"

namespace plinth::platform {

TEST_CASE("pods that run are taken over by the next start") {
  MachineBench bench(21);
  bench.create();
  bench.platform.settle(std::chrono::seconds(5));
  bench.check_ready();
  const std::string id(bench.pod()["status"]["containerStatuses"].items()[0]["containerID"].as_string());
  bench.kill();
  bench.platform.settle(std::chrono::seconds(30));
  REQUIRE(bench.platform.boot().ok());
  bench.platform.settle(std::chrono::seconds(5));
  bench.check_ready();
  CHECK(bench.pod()["status"]["containerStatuses"].items()[0]["containerID"].as_string() == id);
  // One that was removed by force while nobody looked is ended all the same.
  CHECK(bench.platform.call("DELETE", "/api/v1/namespaces/default/pods/p", R"({"gracePeriodSeconds":0})").status == 200);
  bench.kill();
  REQUIRE(bench.platform.boot().ok());
  bench.platform.settle(std::chrono::seconds(20));
  bench.check_gone();
}

TEST_CASE("a kill of the platform at any point of a pod's life changes nothing in the end") {
  MachineBench bench(22);
  for (int steps = 0; steps < 1200; steps += 131) {
    CAPTURE(steps);
    bench.create();
    bench.kill_after(steps);
    bench.platform.settle(std::chrono::seconds(20));
    bench.check_ready();
    bench.remove();
    bench.kill_after(steps / 2);
    bench.platform.settle(std::chrono::seconds(20));
    bench.check_gone();
  }
}

}  // namespace plinth::platform
