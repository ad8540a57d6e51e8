// Addresses and node ports of Services, over the whole control plane in simulation.
#include <map>
#include <set>

#include <doctest/doctest.h>

#include "api/strategies/service_types.h"
#include "base/json.h"
#include "platform/sim_platform.h"

namespace plinth::platform {
namespace {

constexpr const char* kServices = "/api/v1/namespaces/default/services";

std::string service(const std::string& name, const std::string& spec) {
  return R"({"apiVersion":"v1","kind":"Service","metadata":{"name":")" + name + R"("},"spec":{)" + spec + "}}";
}

std::string random_spec(world_sim::SimRandom& random) {
  std::string spec = R"("ports":[{"port":80}])";
  if (random.below(3) == 0) spec += R"(,"clusterIP":"10.0.0.)" + std::to_string(1 + random.below(14)) + "\"";
  if (random.below(2) == 0) {
    spec = R"("type":"NodePort",)" + spec;
    if (random.below(2) == 0)
      spec.replace(spec.find("80}"), 3, "80,\"nodePort\":" + std::to_string(30000 + random.below(6)) + "}");
  }
  return spec;
}

// What all stored Services hold, and what the store's ledgers say: they must be the same, and nothing held twice.
void check_claims(SimPlatform& platform) {
  std::map<std::string, std::string> held, claimed;
  const std::string list = platform.call("GET", "/api/v1/services").body;
  const Document services = parse_json(list).value();
  for (const Value& one : services["items"].items()) {
    const std::string uid(one["metadata"]["uid"].as_string());
    for (const api::Claim& claim : api::kServiceAllocator.claims(one)) {
      const std::string held_name = std::string(claim.ledger) + "/" + claim.name;
      const bool added = held.emplace(held_name, uid).second;
      CHECK_MESSAGE(added, held_name << " is held twice");
    }
  }
  for (const std::string_view ledger : api::kServiceAllocator.ledgers()) {
    platform.snapshot()->claims(ledger, [&](std::string_view name, std::string_view owner) {
      claimed[std::string(ledger) + "/" + std::string(name)] = owner;
      return true;
    });
  }
  CHECK(held == claimed);
}

}  // namespace

TEST_CASE("no address and no node port is held twice, whatever is asked for at once and wherever it crashes") {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    CAPTURE(seed);
    SimPlatform platform(seed);
    platform.allocation.service_range = api::AddressRange::parse("10.0.0.0/28").value();
    REQUIRE(platform.boot().ok());
    auto& random = platform.world().random();
    std::set<std::string> there;
    for (int life = 0; life < 3; ++life) {
      for (int round = 0; round < 3; ++round) {
        std::map<std::string, SimPlatform::Answer> creations;
        std::vector<SimPlatform::Answer> all;
        for (int i = 0; i < 6; ++i) {
          const std::string name = "s" + std::to_string(random.below(20));
          if (there.contains(name) && random.below(2) == 0) {
            all.push_back(platform.begin("DELETE", std::string(kServices) + "/" + name));
            there.erase(name);
          } else if (!there.contains(name) && !creations.contains(name)) {
            all.push_back(creations[name] = platform.begin("POST", kServices, service(name, random_spec(random))));
          }
        }
        const bool cut = round == 2;
        if (cut)
          platform.world().run_for(std::chrono::microseconds(random.below(3000)));
        else
          platform.wait_for(all);
        for (const auto& creation : creations) {
          if (!*creation.second) continue;
          const server::LocalAnswer& answer = **creation.second;
          if (answer.status == 201) there.insert(creation.first);
          const bool expected = answer.status == 201 || answer.status == 409 || answer.status == 422 || answer.status == 500;
          CHECK_MESSAGE(expected, answer.body);
        }
        if (!cut) check_claims(platform);
      }
      platform.crash();
      REQUIRE(platform.boot().ok());
      platform.settle();
      check_claims(platform);
      CHECK(platform.call("GET", std::string(kServices) + "/kubernetes").body.find("\"clusterIP\":\"10.0.0.1\"") !=
            std::string::npos);
      for (const std::string& name : there) CHECK(platform.call("GET", std::string(kServices) + "/" + name).status == 200);
    }
  }
}

TEST_CASE("claims are mended at the start: another release may have stored Services without") {
  SimPlatform platform(3);
  REQUIRE(platform.boot().ok());
  platform.settle();
  CHECK(platform.call("POST", kServices, service("a", R"("type":"NodePort","ports":[{"port":80,"nodePort":30100}])")).status ==
        201);
  using Kind = store::Reservation::Kind;
  const std::string owner = platform.snapshot()->claim_owner("node-ports", "30100").value_or("");
  store::Transaction damage;
  damage.reservations = {
      {Kind::kRelease, "node-ports", "30100", owner},
      {Kind::kClaim, "node-ports", "30200", "nobody"},
      {Kind::kRelease, "service-addresses", "10.96.0.1", *platform.snapshot()->claim_owner("service-addresses", "10.96.0.1")},
      {Kind::kClaim, "service-addresses", "10.96.0.1", "nobody"}};
  platform.commit(std::move(damage));
  platform.crash();
  REQUIRE(platform.boot().ok());
  platform.settle();
  check_claims(platform);
  CHECK(platform.call("POST", kServices, service("b", R"("type":"NodePort","ports":[{"port":80,"nodePort":30100}])")).status ==
        422);
}

TEST_CASE("changes of a Service give back and take, and a dry run takes nothing") {
  SimPlatform platform(5);
  REQUIRE(platform.boot().ok());
  platform.settle();
  const std::string a = std::string(kServices) + "/a";
  CHECK(platform
            .call("POST", std::string(kServices) + "?dryRun=All",
                  service("a", R"("type":"NodePort","ports":[{"port":80,"nodePort":30100}])"))
            .status == 201);
  check_claims(platform);
  CHECK(platform.call("POST", kServices, service("a", R"("type":"NodePort","ports":[{"port":80,"nodePort":30100}])")).status ==
        201);
  CHECK(platform.call("PATCH", a, R"({"spec":{"type":"ClusterIP"}})").status == 200);
  check_claims(platform);
  CHECK(platform.call("POST", kServices, service("b", R"("type":"NodePort","ports":[{"port":80,"nodePort":30100}])")).status ==
        201);
  auto refused = platform.call("PATCH", a, R"({"spec":{"type":"NodePort","ports":[{"port":80,"nodePort":30100}]}})");
  CHECK(refused.status == 422);
  CHECK(refused.body.find("provided port is already allocated") != std::string::npos);
  CHECK(platform.call("PATCH", a, R"({"spec":{"type":"ExternalName","externalName":"a.b","clusterIP":null,"clusterIPs":null}})")
            .status == 200);
  check_claims(platform);
  CHECK(platform.call("PATCH", a, R"({"metadata":{"finalizers":["x.y/z"]}})").status == 200);
  CHECK(platform.call("PATCH", a, R"({"spec":{"type":"ClusterIP"}})").status == 200);
  CHECK(platform.call("DELETE", a).status == 200);
  check_claims(platform);  // it is still there, and so is its address
  CHECK(platform.call("PATCH", a, R"({"metadata":{"finalizers":null}})").status == 200);
  CHECK(platform.call("GET", a).status == 404);
  check_claims(platform);
}

TEST_CASE("further ranges give out what the first one has no more, and stay while they are needed") {
  SimPlatform platform(7);
  platform.allocation.service_range = api::AddressRange::parse("10.0.0.0/29").value();  // five besides the API's
  REQUIRE(platform.boot().ok());
  platform.settle(std::chrono::seconds(1));
  for (int i = 0; i < 5; ++i)
    CHECK(platform.call("POST", kServices, service("s" + std::to_string(i), R"("ports":[{"port":80}])")).status == 201);
  CHECK(platform.call("POST", kServices, service("more", R"("ports":[{"port":80}])")).status == 500);
  const std::string ranges = "/apis/networking.k8s.io/v1/servicecidrs", addresses = "/apis/networking.k8s.io/v1/ipaddresses";
  CHECK(
      platform
          .call(
              "POST", ranges,
              R"({"apiVersion":"networking.k8s.io/v1","kind":"ServiceCIDR","metadata":{"name":"more"},"spec":{"cidrs":["10.7.0.0/24"]}})")
          .status == 201);
  CHECK(platform.call("POST", kServices, service("more", R"("ports":[{"port":80}])")).status == 201);
  CHECK(platform.call("POST", kServices, service("asked", R"("clusterIP":"10.7.0.3","ports":[{"port":80}])")).status == 201);
  CHECK(platform.call("POST", kServices, service("twice", R"("clusterIP":"10.7.0.3","ports":[{"port":80}])")).status == 422);
  platform.settle(std::chrono::seconds(1));
  CHECK(platform.call("GET", ranges + "/more").body.find(R"("message":"Kubernetes Service CIDR is ready")") !=
        std::string::npos);
  const std::string address = platform.call("GET", addresses + "/10.7.0.3").body;
  CHECK(address.find(R"("name":"asked")") != std::string::npos);
  CHECK(parse_json(platform.call("GET", addresses).body).value()["items"].size() == 8);

  CHECK(platform.call("DELETE", ranges + "/more").status == 200);
  platform.settle(std::chrono::seconds(1));
  CHECK(platform.call("GET", ranges + "/more").body.find(R"("reason":"Terminating")") != std::string::npos);
  CHECK(platform.call("POST", kServices, service("late", R"("clusterIP":"10.7.0.4","ports":[{"port":80}])")).status == 422);
  for (const char* name : {"more", "asked"}) CHECK(platform.call("DELETE", std::string(kServices) + "/" + name).status == 200);
  platform.crash();
  REQUIRE(platform.boot().ok());
  platform.settle(std::chrono::seconds(1));
  CHECK(platform.call("GET", ranges + "/more").status == 404);
  CHECK(platform.call("GET", addresses + "/10.7.0.3").status == 404);
  CHECK(parse_json(platform.call("GET", addresses).body).value()["items"].size() == 6);
  check_claims(platform);
}

}  // namespace plinth::platform
