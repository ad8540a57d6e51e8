// Volumes made of images, over the whole control plane in simulation.
#include <doctest/doctest.h>

#include "base/json.h"
#include "platform/node_host.h"
#include "platform/sim_platform.h"

namespace plinth::platform {
namespace {

struct Told {
  std::string reason, message, field_path;
};

struct Bench {
  Bench() : platform(31) {
    platform.make_node = sim_node({});
    REQUIRE(platform.boot().ok());
    platform.settle(std::chrono::seconds(2));
  }
  // A pod that lists its mount /v, made of `volume`, writes into it and goes on.
  void create(const std::string& name, const std::string& image, const std::string& mount = "") {
    const auto made = platform.call(
        "POST", "/api/v1/namespaces/default/pods",
        R"({"metadata":{"name":")" + name + R"("},"spec":{"nodeName":"sim","volumes":[{"name":"v","image":)" + image +
            R"(}],"containers":[{"name":"c","image":"app:1","command":["sh","-c","ls /v; cat /v/reference; echo x > /v/new; sleep 1000"],)"
            R"("volumeMounts":[{"name":"v","mountPath":"/v")" +
            mount + "}]}]}}");
    REQUIRE_MESSAGE(made.status == 201, made.body);
  }
  Document pod(const std::string& name) {
    return parse_json(platform.call("GET", "/api/v1/namespaces/default/pods/" + name).body).value();
  }
  Told waiting(const std::string& name) {
    const Document p = pod(name);
    const Value state = p["status"]["containerStatuses"].items()[0]["state"]["waiting"];
    return {std::string(state["reason"].as_string()), std::string(state["message"].as_string()), ""};
  }
  std::string log(const std::string& name) {
    return platform.call("GET", "/api/v1/namespaces/default/pods/" + name + "/log").body;
  }
  std::vector<Told> events(const std::string& pod_name) {
    std::vector<Told> out;
    const Document list = parse_json(platform.call("GET", "/api/v1/namespaces/default/events").body).value();
    for (const Value& e : list["items"].items()) {
      if (e["involvedObject"]["name"].as_string() != pod_name) continue;
      out.push_back({std::string(e["reason"].as_string()), std::string(e["message"].as_string()),
                     std::string(e["involvedObject"]["fieldPath"].as_string())});
    }
    return out;
  }
  bool told(const std::string& pod_name, const std::string& reason, const std::string& part, const std::string& field_path) {
    for (const Told& one : events(pod_name)) {
      if (one.reason == reason && one.message.find(part) != std::string::npos && one.field_path == field_path) return true;
    }
    return false;
  }
  SimPlatform platform;
};

}  // namespace

TEST_CASE("a container sees an image, or a folder of it, and cannot write there") {
  Bench bench;
  bench.create("all", R"({"reference":"models/small:1"})");
  bench.create("part", R"({"reference":"models/small:1"})", R"(,"subPath":"data")");
  bench.platform.settle(std::chrono::seconds(3));
  CHECK(bench.pod("all")["status"]["phase"].as_string() == "Running");
  CHECK(bench.log("all") == "data\nreference\nmodels/small:1\nsh: can't create /v/new: Read-only file system\n");
  CHECK(bench.log("part") == "reference\nmodels/small:1\nsh: can't create /v/new: Read-only file system\n");
  // The image of a volume is the pod's, that of the container the container's.
  CHECK(bench.told("all", "Pulling", "Pulling image \"models/small:1\"", ""));
  CHECK(bench.told("all", "Pulled", "Successfully pulled image \"models/small:1\"", ""));
  CHECK(bench.told("all", "Pulling", "Pulling image \"app:1\"", "spec.containers{c}"));
  const Document all = bench.pod("all");
  const Value mount = all["status"]["containerStatuses"].items()[0]["volumeMounts"].items()[0];
  CHECK(mount["name"].as_string() == "v");
  CHECK(mount["mountPath"].as_string() == "/v");

  // A restart of the container finds it again; what was pulled once is not pulled again.
  CHECK(bench.platform.call("DELETE", "/api/v1/namespaces/default/pods/all?gracePeriodSeconds=0").status == 200);
  bench.platform.settle(std::chrono::seconds(2));
  bench.create("again", R"({"reference":"models/small:1"})");
  bench.platform.settle(std::chrono::seconds(3));
  CHECK(bench.told("again", "Pulled", "Container image \"models/small:1\" already present on machine", ""));
  CHECK(bench.log("again").rfind("data\n", 0) == 0);
}

TEST_CASE("an image volume that cannot be had keeps its containers waiting, and says why") {
  Bench bench;
  bench.create("none", R"({"reference":"no-such-image:1"})");
  bench.create("never", R"({"reference":"models/other:1","pullPolicy":"Never"})");
  bench.create("name", R"({"reference":"Not A Name"})");
  bench.create("folder", R"({"reference":"models/small:1"})", R"(,"subPath":"no/such")");
  bench.create("outside", R"({"reference":"models/small:1"})", R"x(,"subPathExpr":"$(MISSING)")x");
  bench.platform.settle(std::chrono::seconds(5));
  CHECK(bench.waiting("none").reason == "ImagePullBackOff");
  CHECK(bench.waiting("none").message.find("Back-off pulling image \"no-such-image:1\": ErrImagePull:") == 0);
  CHECK(bench.told("none", "Failed", "Failed to pull image \"no-such-image:1\"", ""));
  CHECK(bench.told("none", "Failed", "Error: ErrImagePull", "spec.containers{c}"));
  CHECK(bench.told("none", "BackOff", "Back-off pulling image \"no-such-image:1\"", ""));
  CHECK(!bench.told("none", "Pulling", "app:1", "spec.containers{c}"));
  CHECK(bench.waiting("never").reason == "ErrImageNeverPull");
  CHECK(bench.told("never", "Failed", "Error: ErrImageNeverPull", "spec.containers{c}"));
  CHECK(bench.waiting("name").reason == "InvalidImageName");
  CHECK(bench.waiting("folder").reason == "CreateContainerError");
  CHECK(bench.waiting("folder").message.find("there is no directory \"no/such\"") != std::string::npos);
  CHECK(bench.waiting("outside").reason == "CreateContainerConfigError");
}

}  // namespace plinth::platform
