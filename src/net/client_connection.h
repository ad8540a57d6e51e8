// The client's side of one HTTP/1.1 connection. For .cpp files of net only.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "net/http1_parser.h"

namespace plinth::net {

class ClientConnection;

// A request on its way and who waits for the answer.
class ClientCall {
 public:
  virtual ~ClientCall() = default;
  virtual const HttpRequest& request() const = 0;
  virtual void on_head(int status, Headers& headers) = 0;
  // False when the call wants no more.
  virtual bool on_body(std::string_view bytes) = 0;
  // Last: the answer is complete, or why it is not. `answer_begun` is false when not a byte of it came.
  virtual void on_end(Result<void> outcome, bool answer_begun) = 0;
};

class ConnectionPool {
 public:
  virtual ~ConnectionPool() = default;
  virtual void idle(ClientConnection* connection) = 0;   // may be used again
  virtual void ended(ClientConnection* connection) = 0;  // is destroyed later
};

// Carries one call at a time. The pool owns it; it tells the pool how each call leaves it.
class ClientConnection final : private StreamEvents {
 public:
  ClientConnection(ConnectionPool& pool, std::unique_ptr<Stream> stream);

  // The call must outlive the exchange, or be dropped with abandon().
  void carry(std::shared_ptr<ClientCall> call);
  // Forgets the call and ends the connection: an answer that is not wanted cannot be skipped.
  void abandon();

  std::uint64_t serial = 0;  // given by the pool

 private:
  void on_data(std::string_view bytes) override;
  void on_read_closed() override;
  void on_closed() override { end(); }

  bool tell(std::string_view& bytes);
  void complete(bool clean);
  void fail(Error error);
  void end();

  ConnectionPool& pool_;
  std::unique_ptr<Stream> stream_;
  std::shared_ptr<ClientCall> call_;
  std::optional<Http1ResponseParser> parser_;
  std::string input_;
  bool head_told_ = false;
  bool answer_begun_ = false;
  bool ended_ = false;
};

}  // namespace plinth::net
