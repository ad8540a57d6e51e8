// Leases of nodes: kube-node-lease is there from the start, a kubelet's PUT makes and renews its lease, and it goes with its
// node.
#include <doctest/doctest.h>

#include "base/json.h"
#include "platform/sim_platform.h"

namespace plinth::platform {

TEST_CASE("a node's lease is made and renewed by PUT and goes with the node") {
  const std::string lease = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/n1";
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    CAPTURE(seed);
    SimPlatform platform(seed);
    REQUIRE(platform.boot().ok());
    CHECK(platform.call("GET", "/api/v1/namespaces/kube-node-lease").status == 200);
    const auto node = platform.call("POST", "/api/v1/nodes", R"({"metadata":{"name":"n1"}})");
    const Document made = parse_json(node.body).value();
    CHECK(made["spec"]["taints"].size() == 1);
    const std::string uid(made["metadata"]["uid"].as_string());
    const auto body = [&](const char* renewed, std::string_view revision) {
      return R"({"metadata":{"name":"n1","namespace":"kube-node-lease","resourceVersion":")" + std::string(revision) +
             R"(","ownerReferences":[{"apiVersion":"v1","kind":"Node","name":"n1","uid":")" + uid +
             R"("}]},"spec":{"holderIdentity":"n1","leaseDurationSeconds":40,"renewTime":")" + renewed + "\"}}";
    };
    const auto first = platform.call("PUT", lease, body("2026-01-01T00:00:00.000000Z", ""));
    CHECK(first.status == 201);
    const Document stored = parse_json(first.body).value();
    const std::string_view revision = stored["metadata"]["resourceVersion"].as_string();
    CHECK(platform.call("PUT", lease, body("2026-01-01T00:00:10.000000Z", revision)).status == 200);
    CHECK(platform.call("PUT", lease, body("2026-01-01T00:00:20.000000Z", revision)).status == 409);
    platform.settle();
    CHECK(platform.call("GET", lease).body.find("00:00:10.000000Z") != std::string::npos);
    CHECK(platform.call("DELETE", "/api/v1/nodes/n1").status == 200);
    platform.settle();
    CHECK(platform.call("GET", lease).status == 404);
  }
}

}  // namespace plinth::platform
