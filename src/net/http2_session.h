// HTTP/2 as a server speaks it: frames, streams, windows. RFC 9113. For .cpp files of net only.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "net/http2_headers.h"
#include "net/http2_stream.h"
#include "net/http2_wire.h"

namespace plinth::net {

class Http2Connection;
class Http2Exchange;

// Bytes come in with receive() and leave with send_next(); the connection, which owns the streams (its exchanges), is told what
// happens to them. An idle session holds a decoder's table and some forty bytes.
//
// Priorities are not kept: streams with something to send take turns, a frame each. Of streams that ended nothing is kept but the
// numbers of those that we cut short: what a client still sends for them was on its way.
//
// Floods end the session: resets by the client or because of it (CVE-2023-44487, CVE-2025-8671), acknowledgements that are not
// taken, settings, continuations and empty frames beyond the limits in the .cpp files.
class Http2Session {
 public:
  // `streams`: the windows of streams open as their bodies are used, not as they come.
  Http2Session(Http2Connection& connection, const HttpLimits& limits, bool streams);

  // Everything of `bytes` is taken. When the session cannot go on, over() is true and what the peer is told waits to be sent.
  void receive(std::string_view bytes);
  // No frame is taken any more, or will be.
  bool over() const;
  // The peer is flooding: the connection is cut without a word.
  bool flooded() const { return flooded_; }

  bool wants_to_send() const { return !control_.empty() || (!ready_.empty() && !terminated_); }
  // Appends the next frame, or all that wait together; false when there is nothing to send now.
  bool send_next(std::string& small, ByteChain& chain, std::size_t& chain_bytes);

  // Of streams whose answer is under way:
  void submit_head(Http2Exchange& exchange, const HttpResponse& response, std::string_view date, bool with_body);
  void submit_continue(std::int32_t stream_id);
  // There is more to send, or the end.
  void resume(Http2Exchange& exchange) { make_ready(exchange); }
  // Tells the peer, and the connection that the stream is closed.
  void reset(std::int32_t stream_id, http2::Code code);
  // Bytes of a body that were used; only where windows open by use.
  void consume(Http2Exchange& exchange, std::size_t bytes);

  // A GOAWAY that lets requests under way arrive, then one that says which of them was the last.
  void announce_shutdown();
  void go_away();
  void terminate(http2::Code code);

 private:
  void take_frame(const http2::FrameHead& head, std::string_view payload);
  void take_data(const http2::FrameHead& head, std::string_view payload);
  void take_headers(const http2::FrameHead& head, std::string_view payload);
  void take_continuation(const http2::FrameHead& head, std::string_view payload);
  void take_block(std::int32_t stream_id, bool ends_stream, std::string_view block);
  void take_request(std::int32_t stream_id, bool ends_stream, std::string_view block);
  void take_trailers(Http2Exchange& exchange, bool ends_stream, std::string_view block);
  void skip_block(std::string_view block);
  void take_reset(const http2::FrameHead& head, std::string_view payload);
  void take_settings(const http2::FrameHead& head, std::string_view payload);
  bool apply_setting(std::uint16_t id, std::uint32_t value);
  bool resize_windows(std::uint32_t value);
  void take_ping(const http2::FrameHead& head, std::string_view payload);
  void take_window_update(const http2::FrameHead& head, std::string_view payload);
  void end_of_request(Http2Exchange& exchange);
  bool take_from_windows(const http2::FrameHead& head, Http2Exchange* exchange);
  void open_window(Http2Exchange& exchange, std::size_t bytes);
  void stream_error(std::int32_t stream_id, http2::Code code);
  void take_late(std::int32_t stream_id);
  bool is_idle(std::int32_t stream_id) const { return stream_id > last_stream_ || stream_id % 2 == 0; }
  void count_reset();
  void count_ack();

  void make_ready(Http2Exchange& exchange);
  void send_stream(Http2Exchange& exchange, std::string& small, ByteChain& chain, std::size_t& chain_bytes);
  void send_block(std::int32_t stream_id, std::string_view block, bool ends_stream, std::string& small);
  void send_body(Http2Exchange& exchange, std::string& small, ByteChain& chain, std::size_t& chain_bytes);
  void answer_sent(Http2Exchange& exchange);

  // Of ready_, before the rest moves up.
  static constexpr std::size_t kReadySentMax = 64;

  Http2Connection& connection_;
  HeaderDecoder decoder_;
  std::string partial_;  // of a frame that has not come whole
  std::string block_;    // of headers that are continued
  std::string control_;  // frames to be sent before others
  std::vector<std::int32_t> ready_;  // streams with something to send, in turn from ready_first_
  std::size_t ready_first_ = 0;
  std::vector<std::int32_t> cut_;  // streams that we reset, the last ones
  std::int64_t send_window_ = http2::kDefaultWindow;
  std::int64_t reset_tokens_at_ns_ = 0;
  double reset_tokens_;
  std::uint32_t stream_send_window_ = http2::kDefaultWindow;  // as the peer's settings have it, of new streams
  std::uint32_t received_ = 0;  // of the connection's window, not given back
  std::uint32_t streams_max_;
  std::size_t block_bytes_max_;
  std::int32_t last_stream_ = 0;
  std::int32_t block_stream_ = 0;  // whose headers are continued; 0 for none
  std::uint16_t acks_ = 0;         // unsent
  std::uint16_t empty_frames_ = 0;
  std::uint8_t continuations_ = 0;
  std::uint8_t preface_left_;
  bool streams_bodies_;
  bool block_ends_stream_ = false;
  bool settings_received_ = false;
  bool table_dropped_ = false;  // the encoder's; said in the first block
  bool go_away_sent_ = false;
  bool go_away_received_ = false;
  bool terminated_ = false;
  bool flooded_ = false;
};

}  // namespace plinth::net
