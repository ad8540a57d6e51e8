// TLS over any stream.
#pragma once

#include <memory>
#include <string>

#include "base/world.h"
#include "net/openssl_ptr.h"

namespace plinth::net {

// Ciphertext goes through memory, so many records leave in one system call. Plaintext stays queued as the shared bytes it came
// as and is encrypted only as far as the network takes it. An idle connection holds no buffer.
class TlsStream final : public Stream, private StreamEvents {
 public:
  using HandshakeDone = UniqueFunction<void(Result<void>)>;

  TlsStream(SslPtr ssl, std::unique_ptr<Stream> plain);
  ~TlsStream() override;

  // Calls `done` once, later; the stream may be destroyed in it. Not called when the stream is destroyed before.
  void handshake(HandshakeDone done);

  void start(StreamEvents* events) override;
  void write(ByteChain bytes) override;
  std::size_t queued_bytes() const override { return queued_ + plain_->queued_bytes(); }
  void pause_reading(bool paused) override;
  void shutdown_write() override;
  void close() override;
  const PeerInfo& peer() const override { return peer_; }
  Loop& loop() override { return plain_->loop(); }

 private:
  enum class Alive : bool { kNo, kYes };
  friend struct TlsBio;

  void on_data(std::string_view bytes) override;
  void on_drained() override;
  void on_read_closed() override;
  void on_closed() override;

  // The steps below return kNo when a callback destroyed this.
  template <typename Step>
  Alive guarded(Step step);
  Alive advance();
  Alive step_handshake();
  Alive end_handshake(Result<void> outcome);
  Alive read_plaintext();
  Alive end_reading();
  Alive tell_drained();
  void encrypt();
  bool encrypt_one_record();
  void consume(std::size_t size);
  void flush();
  void finish_writing();
  void keep_rest_of_input();
  void schedule();
  void update_reading();
  void learn_peer();

  SslPtr ssl_;
  std::unique_ptr<Stream> plain_;
  StreamEvents* events_ = nullptr;
  bool* destroyed_ = nullptr;
  HandshakeDone handshake_done_;
  std::shared_ptr<TlsStream*> self_;  // made when something is scheduled; emptied by the destructor

  std::string_view input_;  // ciphertext to be read, during a callback
  std::string kept_;        // ciphertext kept until it may be read
  std::string output_;      // ciphertext to be sent, during a call
  ByteChain queue_;         // plaintext
  std::size_t queue_first_ = 0;
  std::size_t first_offset_ = 0;
  std::size_t queued_ = 0;  // bytes of queue_ that are not encrypted yet

  bool handshaken_ = false;
  bool paused_ = false;
  bool scheduled_ = false;
  bool owes_drained_ = false;
  bool plain_read_closed_ = false;
  bool read_closed_ = false;
  bool write_ending_ = false;
  bool write_ended_ = false;
  bool closing_ = false;
  bool closed_ = false;  // the plain stream told so
  PeerInfo peer_;
};

}  // namespace plinth::net
