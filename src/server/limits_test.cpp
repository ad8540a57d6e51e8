// What happens at the limits of requests in flight and of watchers, through the API server.
#include <optional>

#include <doctest/doctest.h>

#include "server/api_server.h"
#include "server/auth/secret_files.h"
#include "server/local_responder.h"
#include "store/store.h"
#include "world_sim/sim_world.h"

namespace plinth::server {
namespace {

struct Answer {
  int status = 0;
  std::string retry_after, body;
  bool over = false;
};

struct Server {
  explicit Server(ApiServerOptions options) {
    store::StoreOptions store_options;
    store_options.directory = ":memory:";
    store::StoreWiring wiring;
    wiring.loop = &loop;
    store = std::move(store::make_store(store_options, world.world(), wiring)).value();
    auth = std::move(auth::Auth::open(files, world.entropy(), {})).value();
    api = std::make_unique<ApiServer>(ApiServerParts{world.world(), store.get(), auth.get()}, std::move(options));
  }
  ~Server() { store->close(); }

  // Sends a request and lets the loop work on it, without waiting for the answer.
  std::shared_ptr<Answer> send(const std::string& method, const std::string& target, bool master) {
    auto answer = std::make_shared<Answer>();
    auto responder = std::make_shared<LocalResponder>(
        loop,
        [answer](const net::HttpResponse& head) {
          answer->status = head.status;
          answer->retry_after = head.headers.get("retry-after");
        },
        [answer](ByteChain chunk) { answer->body += flatten(chunk); }, [answer](bool) { answer->over = true; });
    responders.push_back(responder);
    net::HttpRequest request;
    request.method = method;
    request.target = target;
    auto user = std::make_shared<auth::UserInfo>();
    user->name = master ? "admin" : "jane";
    if (master) user->groups.emplace_back("system:masters");
    loop.post([this, request = std::move(request), user, responder]() mutable {
      api->dispatch(std::move(request), user, responder);
    });
    world.run_for(std::chrono::milliseconds(1));
    return answer;
  }

  world_sim::SimWorld world{5};
  world_sim::SimLoop& loop = world.new_loop("io");
  auth::MemorySecretFiles files;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<auth::Auth> auth;
  std::unique_ptr<ApiServer> api;
  std::vector<std::shared_ptr<LocalResponder>> responders;
};

// Waits three seconds for a revision that does not come: a request that stays in flight.
const std::string kSlow = "/api/v1/configmaps?resourceVersion=999999";
const std::string kQuick = "/api/v1/configmaps";

TEST_CASE("requests beyond those in flight are told to come back") {
  ApiServerOptions options;
  options.read_requests_max = 2;
  options.write_requests_max = 1;
  Server server(options);
  const auto first = server.send("GET", kSlow, true), second = server.send("GET", kSlow, true);
  const auto third = server.send("GET", kQuick, false);
  CHECK(third->status == 429);
  CHECK(third->retry_after == "1");
  CHECK(third->body.find("\"reason\":\"TooManyRequests\"") != std::string::npos);
  CHECK(third->body.find("\"retryAfterSeconds\":1") != std::string::npos);
  // Writes have places of their own, and who may do everything is never turned away.
  CHECK(server.send("DELETE", "/api/v1/namespaces/x/configmaps/y", false)->status == 403);
  CHECK(server.send("GET", kQuick, true)->status == 200);
  CHECK_FALSE(first->over);
  server.world.run_for(std::chrono::seconds(4));
  CHECK(first->status == 504);
  CHECK(second->over);
  server.responders.clear();
  CHECK(server.send("GET", kQuick, false)->status == 403);  // a place again; what it may do is another matter
}

TEST_CASE("watches beyond the limit are told to come back, and take no place among the requests in flight") {
  ApiServerOptions options;
  options.read_requests_max = 1;
  options.limits.watchers_max = 2;
  Server server(options);
  const std::string watch = kQuick + "?watch=true&timeoutSeconds=5";
  const auto first = server.send("GET", watch, true), second = server.send("GET", watch, true);
  CHECK(first->status == 200);
  CHECK(second->status == 200);
  const auto third = server.send("GET", watch, true);
  CHECK(third->status == 429);
  CHECK(third->retry_after == "1");
  CHECK(server.send("GET", kQuick, false)->status == 403);
  server.world.run_for(std::chrono::seconds(6));
  CHECK(first->over);
  server.responders.clear();
  CHECK(server.send("GET", watch, true)->status == 200);
}

}  // namespace
}  // namespace plinth::server
