// HTTP as the server layer sees it: one message shape for HTTP/1.1 and HTTP/2, server and client side.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/function.h"
#include "base/result.h"
#include "base/world.h"

namespace plinth::net {

// Header names are lower case.
class Headers {
 public:
  void add(std::string name, std::string value) { entries_.emplace_back(std::move(name), std::move(value)); }
  void set(std::string_view name, std::string value);
  // First value; empty when absent.
  std::string_view get(std::string_view name) const;
  bool has(std::string_view name) const;
  std::vector<std::string_view> all(std::string_view name) const;
  const std::vector<std::pair<std::string, std::string>>& entries() const { return entries_; }

 private:
  std::vector<std::pair<std::string, std::string>> entries_;
};

struct HttpRequest {
  std::string method;
  std::string target;  // path and query as sent
  std::string host;    // Host or :authority
  int version = 11;    // 11 or 20
  Headers headers;
  std::string body;
  PeerInfo peer;
};

struct HttpResponse {
  int status = 200;
  Headers headers;
  ByteChain body;
};

// Where a request's answer goes. Used on the connection's loop only (`loop()`); safe to call after the client left
// (then everything is dropped).
class Responder {
 public:
  virtual ~Responder() = default;
  // A complete answer; content-length is set here.
  virtual void send(HttpResponse response) = 0;
  // A streamed answer: head first, then chunks, each flushed at once, then end().
  virtual void begin(HttpResponse head) = 0;
  virtual void write(ByteChain chunk) = 0;
  virtual void end() = 0;
  // As end(), with fields after the body where the protocol has them (HTTP/2); elsewhere they are left out.
  virtual void end_with_trailers(Headers trailers) {
    (void)trailers;
    end();
  }
  // Bytes accepted but not yet taken by the peer.
  virtual std::size_t queued_bytes() const = 0;
  // `task` runs, later, each time queued_bytes() has become 0 after a write() had left bytes queued; it replaces an earlier
  // one.
  virtual void on_drained(Task task) = 0;
  // Called once when the peer goes away before the answer is complete. Not called after send()/end() completed.
  virtual void on_closed(Task task) = 0;
  // Cuts the stream off without a clean end.
  virtual void abort() = 0;
  virtual bool closed() const = 0;
  virtual Loop& loop() = 0;
  // HTTP/1.1 only: answers 101 with `headers` and hands the raw stream over (nullptr on HTTP/2). `rest` gets bytes that had
  // already been read.
  virtual std::unique_ptr<Stream> upgrade(Headers headers, std::string& rest) = 0;
};

using HttpHandler = std::function<void(HttpRequest, std::shared_ptr<Responder>)>;

struct HttpLimits {
  std::size_t header_bytes_max = 64 * 1024;
  std::size_t body_bytes_max = 3 * 1024 * 1024;  // beyond: 413 with a Status
  std::size_t connections_max = 10'000;
  std::size_t streams_per_connection_max = 1'000;      // HTTP/2
  Duration idle_timeout = std::chrono::minutes(3);     // keep-alive without a request
  Duration header_timeout = std::chrono::seconds(30);  // from first byte to complete request
};

// Serves one accepted stream until it closes; the protocol follows ALPN (or the HTTP/2 preface on plain streams).
// Owned by the caller's HttpServer.
class HttpServer {
 public:
  virtual ~HttpServer() = default;
  virtual void serve(std::unique_ptr<Stream> stream) = 0;  // on the stream's loop
  // No new requests (GOAWAY, connection: close); `done` runs when the last connection ended or `grace` is over.
  virtual void drain(Duration grace, Task done) = 0;
  virtual std::size_t connections() const = 0;
};
// One server per loop. Errors of the protocol itself are answered with a Status body made by `error_body`.
using ErrorBody = std::function<std::string(const Error&)>;
std::unique_ptr<HttpServer> make_http_server(Loop& loop, Clock& clock, HttpLimits limits, HttpHandler handler,
                                             ErrorBody error_body);

// The non-blocking client: admission webhooks, the remote cluster client. HTTP/1.1. On one loop; callbacks run on it, never
// before the call returned. Redirects are answers like others. A request that is safe to repeat is sent again once when a
// kept-alive connection turns out to be dead.
class HttpClient {
 public:
  virtual ~HttpClient() = default;  // calls under way end without a callback
  struct Options {
    Duration timeout = std::chrono::seconds(10);    // to the complete answer; of stream(): to its head
    std::size_t body_bytes_max = 16 * 1024 * 1024;  // of send(); more is an error
    std::string server_name;                        // what the server's certificate must be for; empty: the host of the address
  };
  using Done = UniqueFunction<void(Result<HttpResponse>)>;
  // Ends a call: none of its callbacks runs any more. Does nothing when it is over. May be dropped.
  using Cancel = UniqueFunction<void()>;
  // `address` is "host:port". Connections are kept alive and reused per (address, server name, tls). An empty request.host
  // means the address. Errors: Timeout, ServiceUnavailable (no connection, cut off), RequestEntityTooLarge, BadRequest (not
  // HTTP).
  virtual Cancel send(const std::string& address, std::shared_ptr<TlsClientContext> tls, HttpRequest request, Options options,
                      Done done) = 0;
  // Streamed answer (watch): `head` once (its body is empty), `chunk` any number of times, `done` last.
  virtual Cancel stream(const std::string& address, std::shared_ptr<TlsClientContext> tls, HttpRequest request, Options options,
                        UniqueFunction<void(const HttpResponse&)> head, UniqueFunction<void(std::string_view)> chunk,
                        UniqueFunction<void(Result<void>)> done) = 0;
};
// Limits: 1,000 calls at once, 8 idle connections per server for 90 s.
std::unique_ptr<HttpClient> make_http_client(Loop& loop, Network& network, Clock& clock);

}  // namespace plinth::net
