// A small HTTP/1.1 server: a thread for each connection.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

namespace silly_demo {

struct HttpRequest {
  std::string method, path, query;
  // The decoded value of a parameter; "" when it is not there.
  std::string parameter(const std::string& name) const;
};

struct HttpAnswer {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

class HttpServer {
 public:
  static constexpr int kConnectionsMax = 256;  // more are closed at once
  static constexpr int kIdleSeconds = 60;

  explicit HttpServer(std::function<HttpAnswer(const HttpRequest&)> handle);
  ~HttpServer();
  // Listens on all addresses, IPv6 included. "" or what went wrong.
  std::string start(unsigned short port);
  // Accepts no more; waits, at most `seconds`, for requests under way.
  void stop(int seconds);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace silly_demo
