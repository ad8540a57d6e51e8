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

TEST_CASE("an end that the runtime tells of before its status has it is noticed as soon as it has") {
  MachineBench bench(27);
  bench.create();
  bench.platform.settle(std::chrono::seconds(5));
  bench.check_ready();
  const auto container = [&] {
    const Document pod = bench.pod();
    return pod.at(pod["status"]["containerStatuses"].items()[0]);
  };
  const auto end = [&] {
    std::string id(container()["containerID"].as_string());
    bench.machine->runtime.end_container(id.substr(id.rfind('/') + 1), 3);
  };
  // Sooner than everything is looked at again anyway.
  bench.machine->runtime.set_status_lag(std::chrono::seconds(1));
  end();
  bench.platform.settle(std::chrono::milliseconds(900));
  CHECK(container()["restartCount"].as_int() == 0);
  bench.platform.settle(std::chrono::seconds(2));
  CHECK(container()["restartCount"].as_int() == 1);
  CHECK(container()["lastState"]["terminated"]["exitCode"].as_int() == 3);
  // That memory was the reason comes later still.
  bench.machine->runtime.set_status_lag(std::chrono::milliseconds(400));
  std::string id(container()["containerID"].as_string());
  bench.machine->runtime.end_container(id.substr(id.rfind('/') + 1), 137, "OOMKilled");
  bench.platform.settle(std::chrono::milliseconds(700));
  CHECK(container()["state"]["terminated"]["reason"].as_string() != "OOMKilled");
  bench.platform.settle(std::chrono::seconds(30));
  REQUIRE(container()["restartCount"].as_int() == 2);
  CHECK(container()["lastState"]["terminated"]["reason"].as_string() == "OOMKilled");
  // One that does not agree for longer than it is asked is found then.
  bench.machine->runtime.set_status_lag(std::chrono::seconds(12));
  end();
  bench.platform.settle(std::chrono::seconds(8));
  CHECK(container()["restartCount"].as_int() == 2);
  bench.platform.settle(node::NodeAgent::kRelist + std::chrono::seconds(40));
  CHECK(container()["restartCount"].as_int() == 3);
}

}  // namespace plinth::platform
