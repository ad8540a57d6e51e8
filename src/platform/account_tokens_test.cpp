// Secrets that hold a ServiceAccount's token, over the whole control plane in simulation.
#include <doctest/doctest.h>

#include "base/base64.h"
#include "base/json.h"
#include "platform/sim_platform.h"

namespace plinth::platform {
namespace {

constexpr const char* kSecrets = "/api/v1/namespaces/default/secrets";
constexpr const char* kAccounts = "/api/v1/namespaces/default/serviceaccounts";

std::string token_secret(const std::string& name, const std::string& account) {
  return R"({"apiVersion":"v1","kind":"Secret","type":"kubernetes.io/service-account-token","metadata":{"name":")" + name +
         R"(","annotations":{"kubernetes.io/service-account.name":")" + account + "\"}}}";
}

Document get(SimPlatform& platform, const std::string& target) { return parse_json(platform.call("GET", target).body).value(); }

std::string data_of(const Document& secret, std::string_view key) {
  return base64_decode(secret["data"][key].as_string()).value_or("");
}

// Who the API takes the bearer for; "" when the token is no good.
std::string reviewed(SimPlatform& platform, const std::string& token) {
  const auto answer =
      platform.call("POST", "/apis/authentication.k8s.io/v1/tokenreviews",
                    R"({"apiVersion":"authentication.k8s.io/v1","kind":"TokenReview","spec":{"token":")" + token + "\"}}");
  const Document review = parse_json(answer.body).value();
  return std::string(review["status"]["user"]["username"].as_string());
}

}  // namespace

TEST_CASE("a token Secret is filled, its token is good, and it goes with its account") {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    SimPlatform platform(seed);
    REQUIRE(platform.boot().ok());
    platform.settle(std::chrono::seconds(1));
    CHECK(
        platform.call("POST", kAccounts, R"({"apiVersion":"v1","kind":"ServiceAccount","metadata":{"name":"robot"}})").status ==
        201);
    CHECK(platform.call("POST", kSecrets, token_secret("t", "robot")).status == 201);
    if (seed % 2 == 0) {
      platform.world().run_for(std::chrono::milliseconds(seed));
      platform.crash();
      REQUIRE(platform.boot().ok());
    }
    platform.settle(std::chrono::seconds(2));
    const std::string path = std::string(kSecrets) + "/t";
    Document secret = get(platform, path);
    CHECK(data_of(secret, "namespace") == "default");
    const std::string token = data_of(secret, "token");
    CHECK(reviewed(platform, token) == "system:serviceaccount:default:robot");
    const Document account = get(platform, std::string(kAccounts) + "/robot");
    CHECK(secret["metadata"]["annotations"]["kubernetes.io/service-account.uid"].as_string() ==
          account["metadata"]["uid"].as_string());

    // Nothing more to do: it stays as it is. What is taken out is put in again, the token among it.
    const std::string before = platform.call("GET", path).body;
    platform.settle(std::chrono::seconds(1));
    CHECK(platform.call("GET", path).body == before);
    CHECK(platform.call("PATCH", path, R"({"data":{"token":null,"namespace":null}})").status == 200);
    platform.settle(std::chrono::seconds(1));
    secret = get(platform, path);
    CHECK(data_of(secret, "namespace") == "default");
    CHECK(reviewed(platform, data_of(secret, "token")) == "system:serviceaccount:default:robot");

    CHECK(platform.call("DELETE", std::string(kAccounts) + "/robot").status == 200);
    platform.settle(std::chrono::seconds(2));
    CHECK(platform.call("GET", path).status == 404);
    CHECK(reviewed(platform, token) == "");
  }
}

TEST_CASE("a token Secret without an account goes; other Secrets are left alone; a token ends with its Secret") {
  SimPlatform platform(9);
  REQUIRE(platform.boot().ok());
  platform.settle(std::chrono::seconds(1));
  CHECK(platform.call("POST", kSecrets, token_secret("lost", "nobody")).status == 201);
  CHECK(
      platform
          .call(
              "POST", kSecrets,
              R"({"apiVersion":"v1","kind":"Secret","metadata":{"name":"plain","annotations":{"kubernetes.io/service-account.name":"nobody"}}})")
          .status == 201);
  CHECK(platform.call("POST", kSecrets, token_secret("good", "default")).status == 201);
  platform.settle(std::chrono::seconds(2));
  CHECK(platform.call("GET", std::string(kSecrets) + "/lost").status == 404);
  CHECK(platform.call("GET", std::string(kSecrets) + "/plain").body.find("token") == std::string::npos);
  const std::string token = data_of(get(platform, std::string(kSecrets) + "/good"), "token");
  CHECK(reviewed(platform, token) == "system:serviceaccount:default:default");
  CHECK(platform.call("DELETE", std::string(kSecrets) + "/good").status == 200);
  CHECK(reviewed(platform, token) == "");
}

}  // namespace plinth::platform
