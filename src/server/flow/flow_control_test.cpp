#include <algorithm>

#include <doctest/doctest.h>
#include <fmt/core.h>

#include "server/test_server.h"

namespace plinth::server {
namespace {

const std::string kFlow = "/apis/flowcontrol.apiserver.k8s.io/v1/";
const std::string kRbac = "/apis/rbac.authorization.k8s.io/v1/";
// Waits three seconds for a revision that does not come: a request that stays in flight.
const std::string kSlow = "/api/v1/configmaps?resourceVersion=999999";
const std::string kQuick = "/api/v1/configmaps";

// Twelve seats; the level "team" has three shares of eight.
struct Cluster {
  explicit Cluster(const std::string& limited, std::int64_t wait_seconds = 10, const std::string& method = "ByUser")
      : server(options(wait_seconds)) {
    make(kRbac + "clusterroles", "ClusterRole",
         R"("metadata":{"name":"all"},"rules":[{"apiGroups":["*"],"resources":["*"],"verbs":["*"]}])");
    make(kRbac + "clusterrolebindings", "ClusterRoleBinding",
         R"("metadata":{"name":"all"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"all"},)"
         R"("subjects":[{"apiGroup":"rbac.authorization.k8s.io","kind":"Group","name":"team"}])");
    make(kFlow + "prioritylevelconfigurations", "PriorityLevelConfiguration",
         fmt::format(R"("metadata":{{"name":"team"}},"spec":{{"type":"Limited","limited":{}}})", limited));
    make(
        kFlow + "flowschemas", "FlowSchema",
        fmt::format(
            R"("metadata":{{"name":"team"}},"spec":{{"matchingPrecedence":100,"priorityLevelConfiguration":{{"name":"team"}},)"
            R"("distinguisherMethod":{{"type":"{}"}},"rules":[{{"subjects":[{{"kind":"Group","group":{{"name":"team"}}}}],)"
            R"("resourceRules":[{{"verbs":["list","watch","get"],"apiGroups":[""],"resources":["configmaps"],"clusterScope":true,"namespaces":["*"]}}]}}]}})",
            method));
  }
  static ApiServerOptions options(std::int64_t wait_seconds) {
    ApiServerOptions options;
    options.requests_max = 12;
    options.request_wait_max = std::chrono::seconds(wait_seconds);
    return options;
  }
  void make(const std::string& target, const std::string& kind, const std::string& members) {
    const std::string api_version = target.substr(6, target.rfind('/') - 6);
    const auto answer =
        server.send("POST", target, true, fmt::format(R"({{"apiVersion":"{}","kind":"{}",{}}})", api_version, kind, members));
    pass(1);
    REQUIRE_MESSAGE(answer->status == 201, answer->body);
  }
  std::shared_ptr<Answer> ask(const std::string& who, const std::string& target) {
    return server.send_as(who, {"team", "system:authenticated"}, "GET", target);
  }
  // What is answered goes, as the requests of a connection do.
  void pass(int seconds) {
    for (int i = 0; i < seconds; ++i) {
      server.world.run_for(std::chrono::seconds(1));
      std::erase_if(server.responders, [](const auto& responder) { return responder->closed(); });
    }
  }

  TestServer server;
};

constexpr const char* kReject = R"({"nominalConcurrencyShares":3,"borrowingLimitPercent":0,"limitResponse":{"type":"Reject"}})";
constexpr const char* kQueue =
    R"({"nominalConcurrencyShares":3,"borrowingLimitPercent":0,"limitResponse":{"type":"Queue","queuing":{"queues":2,"handSize":1,"queueLengthLimit":3}}})";

}  // namespace

TEST_CASE("a level refuses what is beyond its seats, and only that") {
  Cluster cluster(kReject);
  std::vector<std::shared_ptr<Answer>> held;
  for (int i = 0; i < 5; ++i) held.push_back(cluster.ask("jane", kSlow));  // 12 * 3 / 8, rounded up
  const auto beyond = cluster.ask("joe", kQuick);
  CHECK(beyond->status == 429);
  CHECK(beyond->retry_after == "1");
  CHECK(beyond->body.find("\"reason\":\"TooManyRequests\"") != std::string::npos);
  CHECK(beyond->body.find("\"retryAfterSeconds\":1") != std::string::npos);
  // Other levels, watches and members of system:masters are not in its way, nor it in theirs.
  CHECK(cluster.ask("jane", "/api/v1/secrets")->status == 200);
  CHECK(cluster.ask("jane", kQuick + "?watch=true&timeoutSeconds=1")->status == 200);
  CHECK(cluster.server.send("GET", kQuick, true)->status == 200);
  CHECK_FALSE(held[0]->over);
  cluster.pass(4);
  for (const auto& answer : held) CHECK(answer->status == 504);
  CHECK(cluster.ask("joe", kQuick)->status == 200);
}

TEST_CASE("waiting requests have their turn by flow, for a limited time") {
  Cluster cluster(kQueue);
  for (int i = 0; i < 5; ++i) cluster.ask("jane", kSlow);
  std::vector<std::shared_ptr<Answer>> jane, joe;
  for (int i = 0; i < 3; ++i) jane.push_back(cluster.ask("jane", kSlow));
  joe.push_back(cluster.ask("joe", kQuick));
  CHECK(cluster.ask("jane", kQuick)->status == 429);  // three of one flow may wait
  CHECK_FALSE(joe[0]->over);
  cluster.pass(4);
  CHECK(joe[0]->status == 200);
  CHECK_FALSE(jane[0]->over);  // it has a seat now, and waits for its revision
  cluster.pass(4);
  for (const auto& answer : jane) CHECK(answer->status == 504);
}

TEST_CASE("who waits too long is told to come back") {
  Cluster cluster(kQueue, 2);
  std::vector<std::shared_ptr<Answer>> all;
  const auto count = [&](int status) {
    return std::count_if(all.begin(), all.end(), [&](const auto& a) { return a->status == status; });
  };
  for (int i = 0; i < 25; ++i) all.push_back(cluster.ask(fmt::format("user-{}", i), kSlow));
  CHECK(count(429) == 14);  // five have seats, two queues of three hold six
  cluster.pass(10);
  CHECK(count(429) == 20);
  CHECK(count(504) == 5);
}

TEST_CASE("seats are lent while they are not used") {
  Cluster cluster(R"({"nominalConcurrencyShares":5,"limitResponse":{"type":"Reject"}})");
  const auto busy = [&] {
    int count = 0;
    for (int i = 0; i < 12; ++i) count += cluster.ask("jane", kSlow)->status == 429 ? 0 : 1;
    cluster.pass(4);
    return count;
  };
  CHECK(busy() == 6);  // 12 * 5 / 10
  cluster.make(
      kFlow + "prioritylevelconfigurations", "PriorityLevelConfiguration",
      R"("metadata":{"name":"lender"},"spec":{"type":"Limited","limited":{"nominalConcurrencyShares":10,"lendablePercent":50,"limitResponse":{"type":"Reject"}}})");
  CHECK(busy() == 6);  // 12 * 5 / 20, and half of six
}

TEST_CASE("answers name the schema and the level") {
  Cluster cluster(kReject);
  const auto uid_of = [&](const std::string& target) {
    const std::string body = cluster.server.send("GET", kFlow + target, true)->body;
    const std::size_t at = body.find("\"uid\":\"");
    return at == std::string::npos ? std::string("none") : body.substr(at + 7, 36);
  };
  const auto answer = cluster.ask("jane", kQuick);
  CHECK(answer->schema_uid == uid_of("flowschemas/team"));
  CHECK(answer->level_uid == uid_of("prioritylevelconfigurations/team"));
  // Of the mandatory ones, which are not stored here, there is nothing to name.
  CHECK(cluster.ask("jane", "/version")->schema_uid.empty());
  CHECK(cluster.server.send("GET", "/metrics", true)
            ->body.find("apiserver_flowcontrol_nominal_limit_seats{priority_level=\"team\"} 5\n") != std::string::npos);
  // A schema without its level is none.
  const auto gone = cluster.server.send("DELETE", kFlow + "prioritylevelconfigurations/team", true);
  cluster.pass(1);
  CHECK(gone->status == 200);
  CHECK(cluster.ask("jane", kQuick)->schema_uid.empty());
}

}  // namespace plinth::server
