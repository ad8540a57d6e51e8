#include "client/remote_transport.h"

#include <algorithm>

#include "base/text.h"

namespace plinth::client {
namespace {

Duration retry_after(const net::HttpResponse& response, Duration longest) {
  const auto seconds = parse_integer<std::int64_t>(response.headers.get("retry-after")).value_or(1);
  return std::min<Duration>(std::chrono::seconds(std::max<std::int64_t>(seconds, 1)), longest);
}

}  // namespace

RemoteServer::RemoteServer(RemoteConfig config, Loop& loop, Network& network, Clock& clock)
    : config_(std::move(config)), loop_(loop), clock_(clock), http_(net::make_http_client(loop, network, clock)) {}

Result<std::shared_ptr<RemoteServer>> RemoteServer::make(RemoteConfig config, Loop& loop, Network& network, Clock& clock) {
  auto server = std::shared_ptr<RemoteServer>(new RemoteServer(std::move(config), loop, network, clock));
  const RemoteConfig& c = server->config_;
  if (c.tls) server->tls_ = TRY(net::make_client_context(c.ca_pem, c.identity, c.insecure));
  return server;
}

net::HttpRequest RemoteServer::http_request(const Request& request, const std::string& as) const {
  net::HttpRequest http;
  http.method = request.method;
  http.target = config_.path_prefix + request.target;
  http.body = request.body;
  http.headers.add("user-agent", "plinth/controllers");
  http.headers.add("accept", "application/json");
  if (!request.body.empty())
    http.headers.add("content-type", request.content_type.empty() ? "application/json" : request.content_type);
  if (!config_.token.empty()) http.headers.add("authorization", "Bearer " + config_.token);
  // The server adds the groups of a service account by itself; naming them would need the right to each.
  if (!as.empty()) http.headers.add("impersonate-user", as);
  return http;
}

void RemoteServer::send(const Request& request, const std::string& as, UniqueFunction<void(Result<Response>)> done) {
  attempt(std::make_shared<const Request>(request), as, 0,
          std::make_shared<UniqueFunction<void(Result<Response>)>>(std::move(done)));
}

void RemoteServer::attempt(std::shared_ptr<const Request> request, std::string as, int attempts,
                           std::shared_ptr<UniqueFunction<void(Result<Response>)>> done) {
  const Duration wait = rate_.reserve(clock_.monotonic_ns());
  if (wait.count() == 0) return attempt_now(std::move(request), std::move(as), attempts, std::move(done));
  loop_.after(wait, [this, alive = alive_, request = std::move(request), as = std::move(as), attempts, done = std::move(done)] {
    if (*alive) attempt_now(request, as, attempts, done);
  });
}

void RemoteServer::attempt_now(std::shared_ptr<const Request> request, std::string as, int attempts,
                               std::shared_ptr<UniqueFunction<void(Result<Response>)>> done) {
  net::HttpClient::Options options;
  options.timeout = limits_.timeout;
  options.body_bytes_max = limits_.body_bytes_max;
  options.server_name = config_.server_name;
  net::HttpRequest http = http_request(*request, as);
  http_->send(config_.address, tls_, std::move(http), options,
              [this, alive = alive_, request, as, attempts, done](Result<net::HttpResponse> answer) mutable {
                if (!*alive) return;
                if (!answer.ok()) return (*done)(std::move(answer).error());
                if (answer->status != 429 || attempts >= limits_.retries_max)
                  return (*done)(Response{answer->status, flatten(answer->body)});
                loop_.after(retry_after(*answer, limits_.retry_after_max), [this, alive, request, as, attempts, done] {
                  if (*alive) attempt(request, as, attempts + 1, done);
                });
              });
}

void RemoteServer::get(const std::string& target, const std::string& accept, UniqueFunction<void(Result<Response>)> done) {
  Request request;
  request.method = "GET";
  request.target = target;
  net::HttpRequest http = http_request(request, "");
  http.headers.set("accept", accept);
  net::HttpClient::Options options;
  options.timeout = limits_.timeout;
  options.body_bytes_max = limits_.body_bytes_max;
  options.server_name = config_.server_name;
  http_->send(config_.address, tls_, std::move(http), options, [done = std::move(done)](Result<net::HttpResponse> answer) {
    if (!answer.ok()) return done(std::move(answer).error());
    done(Response{answer->status, flatten(answer->body)});
  });
}

net::HttpClient::Cancel RemoteServer::stream(const std::string& target, UniqueFunction<void(int status)> head,
                                             UniqueFunction<void(std::string_view)> chunk,
                                             UniqueFunction<void(Result<void>)> done) {
  Request request;
  request.method = "GET";
  request.target = target;
  net::HttpClient::Options options;
  options.timeout = limits_.timeout;
  options.server_name = config_.server_name;
  return http_->stream(
      config_.address, tls_, http_request(request, ""), options,
      [head = std::move(head)](const net::HttpResponse& answer) { head(answer.status); }, std::move(chunk), std::move(done));
}

}  // namespace plinth::client
