// Requests to an API server over the network.
#pragma once

#include <memory>
#include <string>

#include "base/world.h"
#include "client/kubeconfig.h"
#include "client/rate_limit.h"
#include "client/transport.h"
#include "net/http.h"

namespace plinth::client {

// One way to a server, shared by everything that talks to it. Lives on one loop.
class RemoteServer {
 public:
  // TLS contexts are made here, so that a bad certificate is an error at once.
  static Result<std::shared_ptr<RemoteServer>> make(RemoteConfig config, Loop& loop, Network& network, Clock& clock);

  struct Limits {
    Duration timeout = std::chrono::seconds(60);
    std::size_t body_bytes_max = 64ull << 20;
    int retries_max = 4;  // of requests that the server was too busy for
    Duration retry_after_max = std::chrono::seconds(30);
  };

  // `as` "": as ourselves; else in the name of that ServiceAccount ("system:serviceaccount:ns:name"), by impersonation.
  void send(const Request& request, const std::string& as, UniqueFunction<void(Result<Response>)> done);
  // Requests beyond this rate wait, in order; watches do not count. Without it there is no limit of our own.
  void limit_rate(double per_second, double burst) { rate_ = RateLimit(per_second, burst); }
  // For requests from now on.
  void set_token(std::string token) { config_.token = std::move(token); }
  void set_timeout(Duration timeout) { limits_.timeout = timeout; }
  // A GET with another Accept.
  void get(const std::string& target, const std::string& accept, UniqueFunction<void(Result<Response>)> done);
  net::HttpClient::Cancel stream(const std::string& target, UniqueFunction<void(int status)> head,
                                 UniqueFunction<void(std::string_view)> chunk, UniqueFunction<void(Result<void>)> done);
  const std::string& address() const { return config_.address; }
  Loop& loop() { return loop_; }
  Clock& clock() { return clock_; }

 private:
  RemoteServer(RemoteConfig config, Loop& loop, Network& network, Clock& clock);
  net::HttpRequest http_request(const Request& request, const std::string& as) const;
  void attempt(std::shared_ptr<const Request> request, std::string as, int attempts,
               std::shared_ptr<UniqueFunction<void(Result<Response>)>> done);
  void attempt_now(std::shared_ptr<const Request> request, std::string as, int attempts,
                   std::shared_ptr<UniqueFunction<void(Result<Response>)>> done);

  RemoteConfig config_;
  Loop& loop_;
  Clock& clock_;
  Limits limits_;
  RateLimit rate_{0, 0};
  std::shared_ptr<TlsClientContext> tls_;
  std::unique_ptr<net::HttpClient> http_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);

 public:
  ~RemoteServer() { *alive_ = false; }
};

class RemoteTransport final : public Transport {
 public:
  // `as` as above, for requests that do not name another account.
  RemoteTransport(std::shared_ptr<RemoteServer> server, std::string as) : server_(std::move(server)), as_(std::move(as)) {}
  void call(Request request, UniqueFunction<void(Result<Response>)> done) override {
    server_->send(request, request.as_service_account.empty() ? as_ : request.as_service_account, std::move(done));
  }

 private:
  std::shared_ptr<RemoteServer> server_;
  std::string as_;
};

}  // namespace plinth::client
