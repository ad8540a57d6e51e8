// A NATS client as far as the application needs one: subscribe, answer, publish; it connects again after a loss.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "connection.h"

namespace silly_demo {

class NatsClient {
 public:
  static constexpr std::size_t kPayloadBytesMax = 8 << 20;
  // What a message is answered with, where it asks for an answer.
  using Handler = std::function<std::string(const std::string& message)>;

  // `url`: "nats://user:password@host:port", any part but the host may be left out.
  explicit NatsClient(const std::string& url);
  ~NatsClient();
  // Before run().
  void subscribe(const std::string& subject, Handler handler);
  // Dropped, with a line in the log, while there is no connection. Any thread.
  void publish(const std::string& subject, const std::string& payload);
  // Connects, serves and connects again, for ever.
  void run();

 private:
  std::string serve(const std::shared_ptr<Connection>& connection);
  bool take_line(Connection& connection, const std::string& line);
  bool take_message(Connection& connection, const std::string& head);

  std::string host_, port_ = "4222", user_, password_;
  std::map<std::string, Handler> handlers_;
  std::map<std::string, std::string> subjects_;  // by subscription id
  std::mutex mutex_;                             // of connection_ and of writes to it
  std::shared_ptr<Connection> connection_;
};

}  // namespace silly_demo
