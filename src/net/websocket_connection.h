// A connection that has become a WebSocket, as its server holds it: frames in and out, pings answered, a clean end.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "net/websocket.h"

namespace plinth::net {

class WebSocketEvents {
 public:
  virtual ~WebSocketEvents() = default;
  // Text, binary, or the continuation of one; the bytes are valid during the call only.
  virtual void on_frame(WebSocketOpcode opcode, std::string_view payload) = 0;
  virtual void on_drained() = 0;  // queued_bytes() has become 0
  virtual void on_gone() = 0;     // the last call: the client closed it, broke its rules, or is lost
};

// On the stream's loop. May be closed or dropped inside of its own events; no event follows.
class WebSocketConnection final : private StreamEvents, public std::enable_shared_from_this<WebSocketConnection> {
 public:
  static constexpr std::size_t kFrameBytesMax = 1024 * 1024;
  static constexpr std::size_t kUnreadAnswersMax = 4 * 1024 * 1024;  // queued bytes past which a ping ends the connection

  // `received` had been read before the upgrade.
  static std::shared_ptr<WebSocketConnection> make(std::unique_ptr<Stream> stream, std::string received);
  WebSocketConnection(std::unique_ptr<Stream> stream, std::string received);

  // Nothing is delivered before; the events outlive the connection, or its close().
  void start(WebSocketEvents* events);
  void send(WebSocketOpcode opcode, ByteChain payload);
  std::size_t queued_bytes() const { return open_ ? stream_->queued_bytes() : 0; }
  // Pings wait, too.
  void pause_reading(bool paused);
  // Says goodbye after what is queued; the connection stays for as long as that takes, within a limit.
  void close(std::uint16_t code);
  Loop& loop() { return stream_->loop(); }

 private:
  void on_data(std::string_view bytes) override;
  void on_drained() override;
  void on_read_closed() override;
  void on_closed() override;
  void take(WebSocketOpcode opcode, std::string_view payload);
  void gone(std::uint16_t code);
  void linger();

  std::unique_ptr<Stream> stream_;
  std::string received_;
  WebSocketReader reader_{kFrameBytesMax};
  WebSocketEvents* events_ = nullptr;
  bool open_ = true;  // frames may be sent
  TimerId linger_ = 0;
  std::size_t queued_at_linger_ = 0;
};

}  // namespace plinth::net
