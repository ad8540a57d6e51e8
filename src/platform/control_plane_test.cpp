// The whole control plane in simulation: it survives power cuts, and a seed replays it byte for byte.
#include <map>

#include <doctest/doctest.h>

#include "base/json.h"
#include "platform/sim_platform.h"

namespace plinth::platform {
namespace {

constexpr const char* kConfigMaps = "/api/v1/namespaces/default/configmaps";

std::string config_map(const std::string& name, const std::string& value, const std::string& more = "") {
  return R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":")" + name + "\"" + more + R"(},"data":{"v":")" + value +
         "\"}}";
}

std::uint64_t revision_of(const std::string& body) {
  auto object = parse_json(body);
  REQUIRE(object.ok());
  return std::stoull(std::string((*object)["metadata"]["resourceVersion"].as_string()));
}

// Everything that a run answered, in order.
std::string transcript(std::uint64_t seed) {
  SimPlatform platform(seed);
  REQUIRE(platform.boot().ok());
  std::string out;
  for (int i = 0; i < 5; ++i) out += platform.call("POST", kConfigMaps, config_map("c" + std::to_string(i), "x")).body + "\n";
  out +=
      platform.call("POST", "/api/v1/namespaces", R"({"apiVersion":"v1","kind":"Namespace","metadata":{"generateName":"n-"}})")
          .body;
  platform.settle();
  return out + platform.call("GET", "/api/v1/serviceaccounts").body;
}

}  // namespace

TEST_CASE("what was acknowledged survives power cuts, and no revision comes twice") {
  for (std::uint64_t seed = 1; seed <= 15; ++seed) {
    CAPTURE(seed);
    SimPlatform platform(seed);
    REQUIRE(platform.boot().ok());
    std::map<std::string, std::pair<std::uint64_t, std::string>> acknowledged;
    std::uint64_t newest = 0;
    for (int life = 0; life < 3; ++life) {
      for (int i = 0; i < 8; ++i) {
        const std::string name = "c" + std::to_string(platform.world().random().below(6));
        const std::string value = std::to_string(life * 100 + i);
        auto answer = acknowledged.count(name) > 0
                          ? platform.call("PUT", std::string(kConfigMaps) + "/" + name, config_map(name, value))
                          : platform.call("POST", kConfigMaps, config_map(name, value));
        REQUIRE_MESSAGE(answer.status < 300, answer.body);
        const std::uint64_t revision = revision_of(answer.body);
        CHECK(revision > newest);
        newest = revision;
        acknowledged[name] = {revision, value};
      }
      platform.crash();
      REQUIRE(platform.boot().ok());
      for (const auto& [name, state] : acknowledged) {
        auto answer = platform.call("GET", std::string(kConfigMaps) + "/" + name);
        REQUIRE_MESSAGE(answer.status == 200, answer.body);
        CHECK(revision_of(answer.body) == state.first);
        auto object = parse_json(answer.body);
        REQUIRE(object.ok());
        CHECK((*object)["data"]["v"].as_string() == state.second);
      }
    }
  }
}

TEST_CASE("a seed replays byte for byte") {
  for (std::uint64_t seed : {1u, 2u, 3u}) {
    const std::string first = transcript(seed);
    CHECK(first == transcript(seed));
    CHECK(first.find("\"items\":[") != std::string::npos);
  }
  CHECK(transcript(1) != transcript(2));
}

TEST_CASE("two platforms run in turns without touching each other") {
  SimPlatform a(7), b(7);
  REQUIRE(a.boot().ok());
  REQUIRE(b.boot().ok());
  CHECK(a.call("POST", kConfigMaps, config_map("only-a", "1")).status == 201);
  CHECK(b.call("GET", std::string(kConfigMaps) + "/only-a").status == 404);
}

TEST_CASE("dependents follow their owner, and a namespace ends") {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    CAPTURE(seed);
    SimPlatform platform(seed);
    REQUIRE(platform.boot().ok());
    auto owner = platform.call("POST", kConfigMaps, config_map("owner", "1"));
    auto object = parse_json(owner.body);
    REQUIRE(object.ok());
    const std::string uid((*object)["metadata"]["uid"].as_string());
    const std::string reference =
        R"(,"ownerReferences":[{"apiVersion":"v1","kind":"ConfigMap","name":"owner","uid":")" + uid + "\"}]";
    CHECK(platform.call("POST", kConfigMaps, config_map("dependent", "1", reference)).status == 201);
    CHECK(platform.call("DELETE", std::string(kConfigMaps) + "/owner").status == 200);
    platform.settle();
    CHECK(platform.call("GET", std::string(kConfigMaps) + "/dependent").status == 404);

    CHECK(platform.call("POST", "/api/v1/namespaces", R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":"team"}})")
              .status == 201);
    CHECK(platform.call("POST", "/api/v1/namespaces/team/configmaps", config_map("c", "1")).status == 201);
    CHECK(platform.call("DELETE", "/api/v1/namespaces/team").status == 200);
    // A crash in the middle of the deletion only delays it.
    platform.world().run_for(std::chrono::milliseconds(1));
    platform.crash();
    REQUIRE(platform.boot().ok());
    platform.settle();
    CHECK(platform.call("GET", "/api/v1/namespaces/team").status == 404);
    CHECK(platform.call("GET", "/api/v1/namespaces/team/configmaps").body.find("\"c\"") == std::string::npos);
  }
}

}  // namespace plinth::platform
