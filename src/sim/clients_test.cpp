// What every client of a cluster promises, and what a remote one does when the network does not.
#include "base/json.h"
#include "client/remote_cluster.h"
#include "sim/client_kinds.h"

namespace plinth::sim {
namespace {

using namespace std::chrono_literals;
using client::Change;
using client::Object;
using client::Resource;
using client::View;

constexpr const char* kConfigMaps = "/api/v1/namespaces/default/configmaps";
const Resource kMaps{"", "v1", "configmaps", "ConfigMap", true};

std::string config_map(const std::string& name, const std::string& metadata = "") {
  return R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":")" + name + "\"" + metadata + R"(},"data":{"v":"1"}})";
}

// A client of its own beside the controllers'.
struct Follower final : client::ClusterEvents {
  Follower(SimPlatform& given, std::unique_ptr<client::Cluster> made) : platform(given), cluster(std::move(made)) {
    cluster->start(*this, [this](Result<void> outcome) { ready = outcome.ok(); });
    platform.world().run_until([this] { return ready; }, 60s);
    REQUIRE(ready);
  }
  ~Follower() override { cluster->stop(); }
  void on_change(const Change& change, const View&) override {
    if (!change.object.resource.is("", "configmaps") || change.object.name[0] != 't') return;
    told += (change.deleted ? "-" : change.created ? "+" : "~") + change.object.name + " ";
    CHECK(change.object.revision > newest);
    newest = change.object.revision;
  }
  void on_progress() override {}
  void on_reset() override {}

  SimPlatform& platform;
  std::unique_ptr<client::Cluster> cluster;
  std::string told;
  std::uint64_t newest = 0;
  bool ready = false;
};

std::unique_ptr<client::RemoteCluster> remote(SimPlatform& platform, Network& network, client::RemoteConfig config = {}) {
  config.address = SimPlatform::kAddress;
  config.tls = false;
  auto server = client::RemoteServer::make(std::move(config), platform.loop(), network, platform.world().clock());
  client::RemoteClusterOptions options;
  options.wanted = [](const Resource& r) { return r.is("", "configmaps"); };
  return std::make_unique<client::RemoteCluster>(std::move(*server), std::move(options), Logger());
}

struct RemotePlatform : SimPlatform {
  explicit RemotePlatform(std::uint64_t seed, SimPlatformOptions options = {}) : SimPlatform(seed, with_remote(options)) {
    REQUIRE(boot().ok());
  }
  static SimPlatformOptions with_remote(SimPlatformOptions options) {
    options.client = ClientKind::kRemote;
    return options;
  }
  void create(const std::string& name) { CHECK(call("POST", kConfigMaps, config_map(name)).status == 201); }
  std::unique_ptr<Network> network = network_of_administrator();
};

std::size_t count(const View& view) {
  std::size_t n = 0;
  view.list(kMaps, "default", [&](const Object& object) {
    n += object.name[0] == 't' ? 1 : 0;
    return true;
  });
  return n;
}

}  // namespace

TEST_CASE("a view shows what there is, by name, uid, owner and kind") {
  over_each_client(2, [](SimPlatform& platform) {
    const auto made = platform.call("POST", kConfigMaps, config_map("t-owner"));
    REQUIRE(made.status == 201);
    const Document owner = parse_json(made.body).value();
    const std::string uid(owner["metadata"]["uid"].as_string());
    CHECK(platform
              .call("POST", kConfigMaps,
                    config_map(
                        "t-owned",
                        R"(,"ownerReferences":[{"apiVersion":"v1","kind":"ConfigMap","name":"t-owner","uid":")" + uid + "\"}]"))
              .status == 201);
    platform.settle();
    const auto view = platform.control().controllers().cluster().view();
    const auto maps = view->find_resource("", "configmaps");
    REQUIRE(maps);
    CHECK(maps->kind == "ConfigMap");
    CHECK(maps->namespaced);
    CHECK_FALSE(view->find_resource("apps", "configmaps"));
    const auto object = view->get(*maps, "default", "t-owner");
    REQUIRE(object);
    CHECK(object->uid == uid);
    CHECK((*object)["kind"].as_string() == "ConfigMap");
    CHECK((*object)["apiVersion"].as_string() == "v1");
    CHECK((*object)["data"]["v"].as_string() == "1");
    CHECK(std::to_string(object->revision) == owner["metadata"]["resourceVersion"].as_string());
    CHECK(view->seen(*maps) >= object->revision);
    CHECK(view->by_uid(uid)->name == "t-owner");
    REQUIRE(view->owned_by(uid).size() == 1);
    CHECK(view->owned_by(uid)[0].name == "t-owned");
    CHECK(count(*view) == 2);
    CHECK(view->managed_fields(*object).find("\"manager\"") != std::string::npos);
    CHECK(platform.call("DELETE", std::string(kConfigMaps) + "/t-owned").status == 200);
    platform.settle();
    CHECK(count(*platform.control().controllers().cluster().view()) == 1);
    CHECK(count(*view) == 2);  // a view that is held does not change
  });
}

TEST_CASE("requests are answered, also those that are refused") {
  over_each_client(2, [](SimPlatform& platform) {
    const auto transport = platform.control().controllers().cluster().transport("generic-garbage-collector");
    auto call = [&](client::Request request) {
      auto answer = std::make_shared<std::optional<Result<client::Response>>>();
      transport->call(std::move(request), [answer](Result<client::Response> given) { answer->emplace(std::move(given)); });
      CHECK_FALSE(answer->has_value());
      platform.world().run_until([&] { return answer->has_value(); }, 60s);
      REQUIRE(answer->has_value());
      REQUIRE((*answer)->ok());
      return std::move(***answer);
    };
    CHECK(call({"GET", "/api/v1/namespaces/default"}).status == 200);
    const auto missing = client::check_response(call({"GET", "/api/v1/namespaces/none"}));
    REQUIRE_FALSE(missing.ok());
    CHECK(missing.error().reason() == Reason::kNotFound);
    CHECK(missing.error().code() == 404);
    // With the rights of the account, and no others.
    CHECK(
        call({"POST", "/api/v1/namespaces", "", R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":"x"}})"}).status ==
        403);
  });
}

TEST_CASE("a remote client is told each change once and in order, over cuts and lists of many pages") {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    CAPTURE(seed);
    RemotePlatform platform(seed);
    Follower follower(platform, remote(platform, *platform.network));
    for (int i = 0; i < 10; ++i) {
      platform.create("t" + std::to_string(i));
      if (i % 3 == 0) platform.world().network().reset_connections(SimPlatform::kAddress);
      platform.settle(i % 2 == 0 ? 3s : 0s);
    }
    CHECK(platform.call("DELETE", std::string(kConfigMaps) + "/t0").status == 200);
    platform.settle();
    CHECK(follower.told == "+t0 +t1 +t2 +t3 +t4 +t5 +t6 +t7 +t8 +t9 -t0 ");
    CHECK(count(*follower.cluster->view()) == 9);
  }
}

TEST_CASE("a remote client catches up after a partition, and lists anew when its place is gone") {
  SimPlatformOptions options;
  options.segment_bytes = 64 << 10;
  options.history_bytes_max = 128 << 10;
  RemotePlatform platform(5, options);
  platform.create("t-before");
  Follower follower(platform, remote(platform, *platform.network));
  platform.world().network().partition(SimPlatform::kAddress);
  CHECK(platform.call("DELETE", std::string(kConfigMaps) + "/t-before").status == 200);
  platform.create("t-after");
  const std::string fill(3'000, 'x');
  for (int i = 0; i < 200; ++i) {
    platform.call("PATCH", std::string(kConfigMaps) + "/t-after", R"({"data":{"fill":")" + fill + std::to_string(i) + "\"}}");
  }
  platform.world().network().reset_connections(SimPlatform::kAddress);
  platform.settle(2s);
  platform.world().network().heal(SimPlatform::kAddress);
  platform.settle(120s);
  CHECK(follower.told.find("-t-before") != std::string::npos);
  CHECK(follower.told.find("+t-after") != std::string::npos);
  CHECK(count(*follower.cluster->view()) == 1);
}

TEST_CASE("a remote client with a token") {
  RemotePlatform platform(6);
  platform.settle();
  const auto bound = platform.call("POST", "/api/v1/namespaces/default/serviceaccounts/default/token",
                                   R"({"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","spec":{}})");
  REQUIRE_MESSAGE(bound.status == 201, bound.body);
  client::RemoteConfig config;
  config.token = parse_json(bound.body).value()["status"]["token"].as_string();
  const auto anyone = platform.world().network().as(PeerInfo());
  CHECK(
      platform
          .call(
              "POST", "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
              R"({"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRoleBinding","metadata":{"name":"t"},"roleRef":{"apiGroup":)"
              R"("rbac.authorization.k8s.io","kind":"ClusterRole","name":"view"},"subjects":[{"kind":"ServiceAccount","name":"default",)"
              R"("namespace":"default"}]})")
          .status == 201);
  platform.settle(1s);
  Follower follower(platform, remote(platform, *anyone, std::move(config)));
  platform.create("t");
  platform.settle(5s);
  CHECK(follower.told == "+t ");
}

}  // namespace plinth::sim
