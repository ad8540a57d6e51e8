// One request being answered over HTTP/2. For .cpp files of net only.
#pragma once

#include <cstdint>
#include <optional>

#include "net/http.h"
#include "net/incoming_body.h"

namespace plinth::net {

class Http2Connection;

class Http2Exchange final : public Responder {
 public:
  Http2Exchange(Http2Connection& connection, Loop& loop, std::int32_t stream_id, std::int64_t started_ns)
      : connection_(&connection), loop_(loop), stream_id_(stream_id), started_ns_(started_ns) {}

  void send(HttpResponse response) override;
  void begin(HttpResponse head) override;
  void write(ByteChain chunk) override;
  void end() override;
  void end_with_trailers(Headers trailers) override;
  std::size_t queued_bytes() const override { return queued_; }
  void on_drained(Task task) override { drained_ = std::move(task); }
  void on_closed(Task task) override;
  void abort() override;
  bool closed() const override { return connection_ == nullptr; }
  Loop& loop() override { return loop_; }
  std::unique_ptr<Stream> upgrade(Headers, std::string&) override { return nullptr; }

  // Below: called by the connection.
  std::int32_t stream_id() const { return stream_id_; }
  std::int64_t started_ns() const { return started_ns_; }

  // The request as it arrives.
  HttpRequest request;
  std::size_t header_bytes = 0;
  std::optional<Error> refusal;        // answered instead of calling the handler
  std::shared_ptr<ArrivingBody> body;  // of a streamed request
  bool streamed = false;               // handed on with its head
  bool head_received = false;
  bool request_received = false;  // to its end
  bool dispatched = false;        // handed to the handler, or refused

  // The answer as it leaves.
  bool answered() const { return answered_; }
  bool ended() const { return ended_; }
  const Headers& trailers() const { return trailers_; }
  // Moves up to `size` bytes to `out`; small ones are copied to `small`, which goes before later parts of `out`.
  void take(std::size_t size, std::string& small, ByteChain& out);
  void mark_deferred() { deferred_ = true; }
  // True once for each time the queue was emptied while somebody wants to know.
  bool owes_drained() { return drained_ && queued_ == 0 && std::exchange(owes_drained_, false); }
  void drained();
  void lost();    // the stream ended before the answer was complete
  void detach();  // the answer is complete
  // Of an ended answer that the peer does not take; 0 while it moves.
  std::int64_t stalled_since_ns = 0;

 private:
  void queue(ByteChain bytes);
  void resume();

  Http2Connection* connection_;
  Loop& loop_;
  const std::int32_t stream_id_;
  const std::int64_t started_ns_;
  ByteChain queue_;
  std::size_t queue_first_ = 0;
  std::size_t first_offset_ = 0;
  std::size_t queued_ = 0;
  bool head_only_ = false;
  bool answered_ = false;  // the head was submitted
  bool ended_ = false;
  bool deferred_ = false;  // the session waits for more bytes
  bool owes_drained_ = false;
  bool lost_ = false;
  Headers trailers_;
  Task drained_;
  Task closed_;
};

}  // namespace plinth::net
