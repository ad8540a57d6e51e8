// SPDY/3.1 on either side of an upgraded connection: streams that the client opens, each a byte stream of its own.
//
// Flow control is the connection's: the Go library that Kubernetes clients use neither sends WINDOW_UPDATE nor waits for it, so
// a window would only ever fill up. A stream that is not read keeps kUnreadBytesMax; then the connection is not read until it
// is.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/world.h"
#include "net/spdy_frames.h"

namespace plinth::net {

class SpdyStream;

class SpdySessionEvents {
 public:
  virtual ~SpdySessionEvents() = default;
  // On a server: the client opened a stream. Letting it go refuses it; it is answered when this returns.
  virtual void on_stream(std::unique_ptr<SpdyStream> stream) = 0;
  // The last call: the other side closed the connection, broke the protocol, or is lost. Streams have been told.
  virtual void on_gone() = 0;
};

// On the connection's loop.
class SpdySession final : private StreamEvents, private SpdyFrameEvents, public std::enable_shared_from_this<SpdySession> {
 public:
  static constexpr std::size_t kStreamsMax = 1000;            // at once; more are refused
  static constexpr std::size_t kUnreadBytesMax = 256 * 1024;  // of one stream
  static constexpr std::size_t kUnreadAnswersMax = 4 << 20;   // queued bytes past which a PING ends the connection

  enum class Side : std::uint8_t { kServer, kClient };

  // `received` had been read after the upgrade.
  static std::shared_ptr<SpdySession> make(std::unique_ptr<Stream> connection, std::string received, Side side = Side::kServer);
  SpdySession(std::unique_ptr<Stream> connection, std::string received, Side side);

  void start(SpdySessionEvents* events);  // they outlive it, or its close()
  // On a client.
  std::unique_ptr<SpdyStream> open_stream(SpdyHeaders headers);
  // GOAWAY after what is queued; the connection stays until the other side has closed, or does not move any more.
  void close();
  std::size_t queued_bytes() const { return open_ ? connection_->queued_bytes() : 0; }
  Loop& loop() { return connection_->loop(); }
  const PeerInfo& peer() const { return connection_->peer(); }

  // For its streams:
  void send_data(std::uint32_t id, ByteChain bytes);
  void send_fin(std::uint32_t id);
  void send_reset(std::uint32_t id);
  void forget(std::uint32_t id);
  void look_at_unread();

 private:
  void on_data(std::string_view bytes) override;
  void on_drained() override;
  void on_read_closed() override;
  void on_closed() override;
  void on_syn_stream(std::uint32_t id, bool fin, SpdyHeaders headers) override;
  void on_stream_data(std::uint32_t id, std::string_view bytes) override;
  void on_fin(std::uint32_t id) override;
  void on_reset(std::uint32_t id) override;
  void on_ping(std::uint32_t id) override;
  void end();
  void linger();
  void write(SharedBytes bytes) {
    if (open_) connection_->write({std::move(bytes)});
  }

  const Side side_;
  std::unique_ptr<Stream> connection_;
  std::string received_;
  SpdyReader reader_;
  SpdyWriter writer_;
  SpdySessionEvents* events_ = nullptr;
  std::map<std::uint32_t, SpdyStream*> streams_;
  std::uint32_t last_id_ = 0;
  bool open_ = true;  // frames may be sent
  bool paused_ = false;
  TimerId linger_ = 0;
  std::size_t queued_at_linger_ = 0;
};

class SpdyStream final : public Stream {
 public:
  SpdyStream(std::shared_ptr<SpdySession> session, std::uint32_t id, SpdyHeaders headers)
      : session_(std::move(session)), id_(id), headers_(std::move(headers)) {}
  ~SpdyStream() override;

  std::string header(std::string_view name) const;
  std::uint32_t id() const { return id_; }

  void start(StreamEvents* events) override;
  void write(ByteChain bytes) override;
  std::size_t queued_bytes() const override { return closed_ ? 0 : session_->queued_bytes(); }
  void pause_reading(bool paused) override;
  void shutdown_write() override;
  void close() override;
  const PeerInfo& peer() const override { return session_->peer(); }
  Loop& loop() override { return session_->loop(); }

  // Called by the session. Any of them may destroy the stream.
  void receive(std::string_view bytes);
  void receive_fin();
  void drained();
  void lost();
  std::size_t unread_bytes() const { return unread_.size(); }

 private:
  void deliver_later();
  void deliver();
  void end();

  std::shared_ptr<SpdySession> session_;
  const std::uint32_t id_;
  const SpdyHeaders headers_;
  StreamEvents* events_ = nullptr;
  std::string unread_;
  bool paused_ = false, fin_received_ = false, fin_told_ = false, fin_sent_ = false, closed_ = false, close_told_ = false;
  bool owes_drained_ = false, delivering_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace plinth::net
