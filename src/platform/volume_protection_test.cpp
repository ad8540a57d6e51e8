// Claims and volumes that are deleted while they are in use, over the whole control plane in simulation.
#include <doctest/doctest.h>

#include "platform/sim_platform.h"

namespace plinth::platform {
namespace {

// A claim that a running pod names, and a volume that is bound to it.
void put_used_volume(SimPlatform& platform) {
  REQUIRE(platform.call("POST", "/api/v1/nodes", R"({"metadata":{"name":"n1"}})").status == 201);
  const std::string claim =
      R"({"metadata":{"name":"data"},"spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"}}}})";
  REQUIRE(platform.call("POST", "/api/v1/namespaces/default/persistentvolumeclaims", claim).status == 201);
  const std::string volume =
      R"({"metadata":{"name":"disk"},"spec":{"capacity":{"storage":"1Gi"},"accessModes":["ReadWriteOnce"],"hostPath":{"path":"/d"}}})";
  REQUIRE(platform.call("POST", "/api/v1/persistentvolumes", volume).status == 201);
  REQUIRE(platform.call("PATCH", "/api/v1/persistentvolumes/disk/status", R"({"status":{"phase":"Bound"}})").status == 200);
  const std::string pod = R"({"metadata":{"name":"user"},"spec":{"nodeName":"n1","containers":[{"name":"c","image":"i"}],)"
                          R"("volumes":[{"name":"v","persistentVolumeClaim":{"claimName":"data"}}]}})";
  const auto made = platform.call("POST", "/api/v1/namespaces/default/pods", pod);
  REQUIRE_MESSAGE(made.status == 201, made.body);
}

}  // namespace

TEST_CASE("claims and volumes go when nothing uses them any more") {
  const std::string claim = "/api/v1/namespaces/default/persistentvolumeclaims/data", volume = "/api/v1/persistentvolumes/disk";
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    CAPTURE(seed);
    SimPlatform platform(seed);
    REQUIRE(platform.boot().ok());
    platform.settle();
    put_used_volume(platform);
    CHECK(platform.call("DELETE", claim).status == 200);
    CHECK(platform.call("DELETE", volume).status == 200);
    platform.settle();
    CHECK(platform.call("GET", claim).body.find("kubernetes.io/pvc-protection") != std::string::npos);
    CHECK(platform.call("GET", volume).body.find("kubernetes.io/pv-protection") != std::string::npos);
    // A crash between what releases them and their release only delays it.
    CHECK(platform.call("DELETE", "/api/v1/namespaces/default/pods/user?gracePeriodSeconds=0").status == 200);
    CHECK(platform.call("PATCH", volume + "/status", R"({"status":{"phase":"Released"}})").status == 200);
    if (seed % 2 == 0) {
      platform.crash();
      REQUIRE(platform.boot().ok());
    }
    platform.settle();
    CHECK(platform.call("GET", claim).status == 404);
    CHECK(platform.call("GET", volume).status == 404);
  }
}

TEST_CASE("a claim that no node has seen, and one made for a pod that is gone, are not held") {
  SimPlatform platform(11);
  REQUIRE(platform.boot().ok());
  platform.settle();
  const std::string claims = "/api/v1/namespaces/default/persistentvolumeclaims";
  const std::string spec = R"("spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"}}}})";
  CHECK(platform.call("POST", claims, R"({"metadata":{"name":"waiting"},)" + spec).status == 201);
  CHECK(platform.call("POST", claims, R"({"metadata":{"name":"other-v"},)" + spec).status == 201);
  const std::string containers = R"("containers":[{"name":"c","image":"i"}],)";
  CHECK(platform
            .call("POST", "/api/v1/namespaces/default/pods",
                  R"({"metadata":{"name":"pending"},"spec":{)" + containers +
                      R"("volumes":[{"name":"v","persistentVolumeClaim":{"claimName":"waiting"}}]}})")
            .status == 201);
  // Its volume would have a claim of this name, but this one is not controlled by the pod.
  CHECK(platform
            .call("POST", "/api/v1/namespaces/default/pods",
                  R"({"metadata":{"name":"other"},"spec":{"nodeName":"n1",)" + containers +
                      R"("volumes":[{"name":"v","ephemeral":{"volumeClaimTemplate":{)" + spec + R"(}}]}})")
            .status == 201);
  for (const char* name : {"/waiting", "/other-v"}) {
    CHECK(platform.call("DELETE", claims + name).status == 200);
    platform.settle();
    CHECK(platform.call("GET", claims + name).status == 404);
  }
  // An object without its finalizer gets it again.
  CHECK(platform.call("POST", claims, R"({"metadata":{"name":"old"},)" + spec).status == 201);
  CHECK(platform.call("PATCH", claims + "/old", R"({"metadata":{"finalizers":null}})").status == 200);
  platform.settle();
  CHECK(platform.call("GET", claims + "/old").body.find("kubernetes.io/pvc-protection") != std::string::npos);
}

}  // namespace plinth::platform
