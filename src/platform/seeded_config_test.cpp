// What the server tells others of itself in kube-system, over the whole control plane in simulation.
#include <doctest/doctest.h>

#include "base/json.h"
#include "platform/sim_platform.h"

namespace plinth::platform {
namespace {

constexpr const char* kMaps = "/api/v1/namespaces/kube-system/configmaps/";

Document read(SimPlatform& platform, const std::string& name) {
  const auto answer = platform.call("GET", kMaps + name);
  REQUIRE_MESSAGE(answer.status == 200, answer.body);
  return parse_json(answer.body).value();
}

void boot_again(SimPlatform& platform) {
  platform.crash();
  REQUIRE(platform.boot().ok());
}

}  // namespace

TEST_CASE("the authorities of client certificates and of proxies are told, and follow a change of them") {
  const std::string name = "extension-apiserver-authentication";
  SimPlatform platform(1);
  platform.ca_pem = "one";
  platform.front_proxy_ca_pem = "proxy";
  REQUIRE(platform.boot().ok());
  Document told = read(platform, name);
  CHECK(told["data"]["client-ca-file"].as_string() == "one");
  CHECK(told["data"]["requestheader-client-ca-file"].as_string() == "proxy");
  CHECK(told["data"]["requestheader-allowed-names"].as_string() == R"(["front-proxy-client"])");

  CHECK(platform.call("PATCH", kMaps + name, R"({"data":{"other":"x"}})").status == 200);
  const std::string revision(read(platform, name)["metadata"]["resourceVersion"].as_string());
  boot_again(platform);
  CHECK(read(platform, name)["metadata"]["resourceVersion"].as_string() == revision);

  platform.ca_pem = "two";
  boot_again(platform);
  told = read(platform, name);
  CHECK(told["data"]["client-ca-file"].as_string() == "two");
  CHECK(told["data"]["other"].as_string() == "x");
}

TEST_CASE("the day since which uses of token Secrets are noted is told once") {
  SimPlatform platform(1);
  REQUIRE(platform.boot().ok());
  const std::string name = "kube-apiserver-legacy-service-account-token-tracking";
  const std::string since(read(platform, name)["data"]["since"].as_string());
  CHECK(since.size() == 10);
  platform.settle(std::chrono::hours(48));
  boot_again(platform);
  CHECK(read(platform, name)["data"]["since"].as_string() == since);
}

}  // namespace plinth::platform
