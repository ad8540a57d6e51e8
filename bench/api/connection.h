// One client's HTTP/2 connection over TLS, non-blocking. OpenSSL and nghttp2 directly: what is measured must not be its own
// measure.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct ssl_st;
struct ssl_ctx_st;
struct nghttp2_session;

namespace plinth::bench {

struct Header {
  std::string name, value;
};

struct Request {
  std::string method = "GET";
  std::string path;
  std::vector<Header> headers;
  std::string body;
};

// What came back. `body` is kept only when the request asked for it (Connection::submit).
struct Answer {
  int status = 0;
  std::string grpc_status;  // of a gRPC call
  std::uint64_t body_bytes = 0;
  std::string body;
};

// The client's side of TLS 1.3 with AES-128-GCM, for every server that is measured.
class TlsClient {
 public:
  // PEM files; `certificate` may be "".
  TlsClient(const std::string& ca, const std::string& certificate, const std::string& key);
  ~TlsClient();
  ssl_ctx_st* context() const { return context_; }

 private:
  ssl_ctx_st* context_;
};

class Connection {
 public:
  using Done = std::function<void(Answer&)>;
  using Data = std::function<void(std::string_view)>;

  // Blocks until the handshake is done. `address` is "127.0.0.1:port".
  Connection(const TlsClient& tls, const std::string& address);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  int fd() const { return fd_; }
  // Reads and handles what is there, then sends what that caused. Call when fd() is readable or writable.
  void advance();
  bool wants_write() const { return !output_.empty(); }

  // `done` may submit the next request. `data` gets the body as it comes; without it the body is counted, or kept if
  // `keep_body`.
  void submit(Request request, Done done, bool keep_body = false, Data data = nullptr);
  void flush();

  // One request and its whole answer; nothing else may be under way.
  Answer call(const Request& request);
  // Waits until there is something to read, at most so long; false when there was nothing.
  bool wait(int timeout_ms);

 private:
  friend struct ConnectionCallbacks;
  struct Exchange;
  void handshake();
  void read_all();

  std::string authority_;
  int fd_ = -1;
  ssl_st* ssl_ = nullptr;
  nghttp2_session* session_ = nullptr;
  std::string output_;
  std::vector<char> input_;
};

}  // namespace plinth::bench
