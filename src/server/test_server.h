// An API server in a simulated world, without what a cluster always has; for tests.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "server/api_server.h"
#include "server/auth/secret_files.h"
#include "server/local_responder.h"
#include "store/store.h"
#include "world_sim/sim_world.h"

namespace plinth::server {

struct Answer {
  int status = 0;
  std::string retry_after, schema_uid, level_uid, body;
  bool over = false;
};

struct TestServer {
  explicit TestServer(ApiServerOptions options) {
    store::StoreOptions store_options;
    store_options.directory = ":memory:";
    store::StoreWiring wiring;
    wiring.loop = &loop;
    store = std::move(store::make_store(store_options, world.world(), wiring)).value();
    auth = std::move(auth::Auth::open(files, world.entropy(), {})).value();
    api = std::make_unique<ApiServer>(ApiServerParts{world.world(), store.get(), auth.get()}, std::move(options));
  }
  ~TestServer() {
    loop.post([this] { api->end_watches(); });
    world.run_for(std::chrono::milliseconds(1));
    store->close();
  }

  // Sends a request and lets the loop work on it, without waiting for the answer.
  std::shared_ptr<Answer> send(const std::string& method, const std::string& target, bool master, std::string body = "") {
    return send_as(master ? "admin" : "jane", master ? std::vector<std::string>{"system:masters"} : std::vector<std::string>{},
                   method, target, std::move(body));
  }
  std::shared_ptr<Answer> send_as(const std::string& name, std::vector<std::string> groups, const std::string& method,
                                  const std::string& target, std::string body = "") {
    auto answer = std::make_shared<Answer>();
    auto responder = std::make_shared<LocalResponder>(
        loop,
        [answer](const net::HttpResponse& head) {
          answer->status = head.status;
          answer->retry_after = head.headers.get("retry-after");
          answer->schema_uid = head.headers.get("x-kubernetes-pf-flowschema-uid");
          answer->level_uid = head.headers.get("x-kubernetes-pf-prioritylevel-uid");
        },
        [answer](ByteChain chunk) { answer->body += flatten(chunk); }, [answer](bool) { answer->over = true; });
    responders.push_back(responder);
    net::HttpRequest request;
    request.method = method;
    request.target = target;
    request.body = std::move(body);
    auto user = std::make_shared<auth::UserInfo>();
    user->name = name;
    user->groups = std::move(groups);
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

}  // namespace plinth::server
