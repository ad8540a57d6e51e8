// The ingress router over a platform: its listeners on the I/O loops, and routes that follow the cluster.
#pragma once

#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/world.h"
#include "client/cluster.h"
#include "net/tls.h"
#include "network/ingress/ingress_controllers.h"
#include "network/ingress/router.h"

namespace plinth::platform {

struct IngressOptions {
  // "host:port"; "auto": 127.0.0.1 with the usual port where that is free and allowed, else one that is free; "none".
  std::string http = "none", https = "none";
  std::set<std::string> classes;  // names of IngressClasses that are followed without an object of that name
  bool enabled() const { return http != "none" || https != "none"; }
};

struct IngressParts {
  std::vector<Loop*> loops;    // serve requests
  Network* network = nullptr;  // speaks TLS
  Clock* clock = nullptr;
  net::KeyPair identity;  // for names that no Ingress has a certificate for
  Logger log;
};

class IngressHost final : private client::ClusterEvents {
 public:
  // Listens; every request is answered 404 until follow().
  static Result<std::unique_ptr<IngressHost>> open(IngressParts parts, const IngressOptions& options);
  ~IngressHost() override;

  const network::IngressPlace& place() const { return place_; }
  Result<void> renew_identity(const net::KeyPair& identity);
  // On `loop`, from which it is also stopped.
  void follow(std::unique_ptr<client::Cluster> cluster, Loop& loop);
  void stop_following();
  // On the first of the loops.
  void stop_listening();
  struct Served {
    Loop* loop;
    net::HttpServer* server;  // used on that loop
  };
  std::vector<Served> servers() const;

 private:
  struct PerLoop {
    std::unique_ptr<net::Forwarder> forwarder;
    std::unique_ptr<net::HttpServer> http, https;
  };
  explicit IngressHost(IngressParts parts) : parts_(std::move(parts)) {}
  Result<void> listen(const std::string& asked, const char* usual, bool tls, std::string& place);
  Result<std::unique_ptr<Listener>> try_listen(const std::string& address, bool tls);
  void serve(std::unique_ptr<Stream> stream, bool tls);
  void on_change(const client::Change& change, const client::View& view) override;
  void on_progress() override {}
  void on_reset() override { schedule(); }
  void schedule();
  void rebuild();

  IngressParts parts_;
  network::IngressPlace place_;
  network::RouterTable table_;
  std::vector<PerLoop> per_loop_;
  std::shared_ptr<TlsServerContext> tls_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  std::unique_ptr<client::Cluster> cluster_;
  Loop* loop_ = nullptr;
  TimerId timer_ = 0;
  std::string identities_seen_;
};

}  // namespace plinth::platform
