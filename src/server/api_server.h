// The API server: authentication, authorization, routing, and the operations behind the routes.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "base/world.h"
#include "net/http.h"
#include "server/auth/auth.h"
#include "server/bootstrap.h"
#include "server/compressed_responder.h"
#include "server/context.h"
#include "server/exchange.h"
#include "server/metrics.h"
#include "server/paths/start_phase.h"

namespace plinth::net {
class IncomingBody;
}

namespace plinth::server {

class NodeSlots;

struct ApiServerOptions {
  std::string advertised_address;                        // "host:port" as discovery tells clients
  std::size_t requests_max = 600;                        // worked on at once, shared out among priority levels (server/flow)
  Duration request_wait_max = std::chrono::seconds(15);  // for its turn
  std::size_t forms_cache_bytes = 8 * 1024 * 1024;
  std::size_t decoded_cache_bytes = 4 * 1024 * 1024;
  std::size_t pinned_snapshots_max = 64;
  Duration pinned_snapshot_age_max = std::chrono::minutes(5);
  Compression compression = Compression::kRemotePeers;
  ServerLimits limits;
  api::AllocationSettings allocation;  // which addresses and ports are given out
};

// What the server is assembled from; everything outlives it.
struct ApiServerParts {
  World world;
  store::Store* store = nullptr;
  auth::Auth* auth = nullptr;
  Pool* pool = nullptr;  // for what would hold a loop for too long; null: there it is done all the same
};

class ApiServer {
 public:
  ApiServer(ApiServerParts parts, ApiServerOptions options);
  ~ApiServer();

  // A request from the network, on the responder's loop.
  void handle(net::HttpRequest request, std::shared_ptr<net::Responder> responder) {
    handle(std::move(request), nullptr, std::move(responder));
  }
  // The same while its body still arrives, which is for requests that are passed on (is_proxied()).
  void handle(net::HttpRequest request, std::shared_ptr<net::IncomingBody> body, std::shared_ptr<net::Responder> responder);
  // A request whose sender is known: controllers in this process. The same pipeline from authorization on.
  void dispatch(net::HttpRequest request, auth::UserPtr user, std::shared_ptr<net::Responder> responder) {
    dispatch(std::move(request), nullptr, std::move(user), std::move(responder));
  }

  // Seeds what a cluster always has (namespaces, default roles), directly in the store; `done` runs on `loop` when it is
  // durable.
  void bootstrap(SeedOptions options, Loop& loop, UniqueFunction<void(Result<void>)> done);
  // Before any request is handled: where it listens, when the port was chosen by then.
  void set_advertised_address(std::string address) { options_.advertised_address = std::move(address); }
  // From any thread; phases come in order.
  void reach(StartPhase phase) { phase_ = phase; }
  // What only a node can serve; null: nothing does. It outlives all requests.
  void set_node(NodeSlots* node);
  // Ends all watches cleanly; at shutdown.
  void end_watches();

  KindRegistry& registry();
  ServerContext& context();

 private:
  struct Parts;
  void dispatch(net::HttpRequest request, std::shared_ptr<net::IncomingBody> body, auth::UserPtr user,
                std::shared_ptr<net::Responder> responder);
  void admit(ExchangePtr exchange);
  void route(ExchangePtr exchange);
  void route_path(ExchangePtr exchange);
  void route_resource(ExchangePtr exchange);
  Result<void> authorize(const Exchange& exchange);
  std::string make_audit_id();

  ApiServerParts given_;
  ApiServerOptions options_;
  std::unique_ptr<Parts> parts_;
  const std::int64_t started_ns_;
  std::atomic<StartPhase> phase_{StartPhase::kOpen};
  std::atomic<NodeSlots*> node_{nullptr};
};

}  // namespace plinth::server
