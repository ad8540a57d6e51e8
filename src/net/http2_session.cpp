#include "net/http2_session.h"

#include <algorithm>

#include "net/http2_connection.h"

namespace plinth::net {
namespace {

using http2::Code;
using http2::FrameHead;

// Body bytes that a client may send ahead on one stream, and on a connection.
constexpr std::uint32_t kStreamWindow = 256 * 1024;
constexpr std::uint32_t kConnectionWindow = 1024 * 1024;
// Streams that a client resets, or makes us reset: so many at once, and so many a second on average.
constexpr double kResetsMax = 1000, kResetsPerSecond = 33;
// Acknowledgements (of settings and pings) that wait because the client does not read.
constexpr std::uint16_t kAcksMax = 1000;
constexpr std::size_t kSettingsMax = 32;  // of one frame
constexpr std::uint8_t kContinuationsMax = 8;
// Frames of data in a row that hold none.
constexpr std::uint16_t kEmptyFramesMax = 1000;
constexpr std::size_t kCutStreamsMax = 100;  // that are remembered
// Of a header block, beyond what its fields may be in all.
constexpr std::size_t kBlockBytesMore = http2::kFrameBytesMax;
constexpr std::size_t kSettingBytes = 6, kPingBytes = 8, kPriorityBytes = 5, kGoAwayBytesMin = 8;

void append_setting(std::string& out, http2::Setting id, std::uint32_t value) {
  out += static_cast<char>(id >> 8);
  out += static_cast<char>(id);
  http2::append_u32(out, value);
}

void append_window_update(std::string& out, std::int32_t stream_id, std::uint32_t bytes) {
  http2::append_frame_head(out, 4, http2::kWindowUpdate, http2::kNone, stream_id);
  http2::append_u32(out, bytes);
}

// False when the padding is longer than the frame: RFC 9113 section 6.1.
bool strip_padding(const FrameHead& head, std::string_view& payload) {
  if (!head.has(http2::kPadded)) return true;
  if (payload.empty()) return false;
  const std::size_t padding = static_cast<unsigned char>(payload[0]);
  if (padding >= payload.size()) return false;
  payload = payload.substr(1, payload.size() - 1 - padding);
  return true;
}

}  // namespace

Http2Session::Http2Session(Http2Connection& connection, const HttpLimits& limits, bool streams)
    : connection_(connection),
      reset_tokens_at_ns_(connection.now_ns()),
      reset_tokens_(kResetsMax),
      streams_max_(static_cast<std::uint32_t>(limits.streams_per_connection_max)),
      block_bytes_max_(limits.header_bytes_max + kBlockBytesMore),
      preface_left_(kHttp2Preface.size()),
      streams_bodies_(streams) {
  std::string settings;
  append_setting(settings, http2::kMaxConcurrentStreams, streams_max_);
  append_setting(settings, http2::kInitialWindowSize, kStreamWindow);
  append_setting(settings, http2::kMaxHeaderListSize, static_cast<std::uint32_t>(limits.header_bytes_max));
  append_setting(settings, http2::kNoRfc7540Priorities, 1);
  http2::append_frame_head(control_, settings.size(), http2::kSettings, http2::kNone, 0);
  control_ += settings;
  append_window_update(control_, 0, kConnectionWindow - http2::kDefaultWindow);
}

bool Http2Session::over() const {
  return terminated_ || ((go_away_sent_ || go_away_received_) && connection_.stream_count() == 0);
}

void Http2Session::receive(std::string_view bytes) {
  std::string joined;
  if (!partial_.empty()) {
    joined = std::exchange(partial_, {});
    joined += bytes;
    bytes = joined;
  }
  if (preface_left_ > 0) {
    const std::size_t size = std::min<std::size_t>(preface_left_, bytes.size());
    if (bytes.substr(0, size) != kHttp2Preface.substr(kHttp2Preface.size() - preface_left_, size)) return terminate(Code::kProtocolError);
    preface_left_ = static_cast<std::uint8_t>(preface_left_ - size);
    bytes.remove_prefix(size);
  }
  while (!over() && !flooded_ && bytes.size() >= http2::kFrameHeadBytes) {
    const FrameHead head = http2::read_frame_head(bytes);
    if (head.length > http2::kFrameBytesMax) return terminate(Code::kFrameSizeError);
    if (bytes.size() < http2::kFrameHeadBytes + head.length) break;
    const std::string_view payload = bytes.substr(http2::kFrameHeadBytes, head.length);
    bytes.remove_prefix(http2::kFrameHeadBytes + head.length);
    take_frame(head, payload);
  }
  if (!over()) partial_.assign(bytes);
}

void Http2Session::take_frame(const FrameHead& head, std::string_view payload) {
  if (!settings_received_ && (head.type != http2::kSettings || head.has(http2::kAck))) return terminate(Code::kProtocolError);
  if (block_stream_ != 0 && head.type != http2::kContinuation) return terminate(Code::kProtocolError);
  switch (head.type) {
    case http2::kData: return take_data(head, payload);
    case http2::kHeaders: return take_headers(head, payload);
    case http2::kPriority:
      if (head.stream_id == 0) return terminate(Code::kProtocolError);
      if (payload.size() != kPriorityBytes) return stream_error(head.stream_id, Code::kFrameSizeError);
      return;
    case http2::kRstStream: return take_reset(head, payload);
    case http2::kSettings: return take_settings(head, payload);
    case http2::kPushPromise: return terminate(Code::kProtocolError);
    case http2::kPing: return take_ping(head, payload);
    case http2::kGoAway:
      if (head.stream_id != 0) return terminate(Code::kProtocolError);
      if (payload.size() < kGoAwayBytesMin) return terminate(Code::kFrameSizeError);
      go_away_received_ = true;
      return;
    case http2::kWindowUpdate: return take_window_update(head, payload);
    case http2::kContinuation: return take_continuation(head, payload);
    default: return;  // RFC 9113 section 5.5: unknown ones are passed over
  }
}

// ---- requests ----

void Http2Session::take_data(const FrameHead& head, std::string_view payload) {
  if (is_idle(head.stream_id)) return terminate(Code::kProtocolError);
  if (!strip_padding(head, payload)) return terminate(Code::kProtocolError);
  Http2Exchange* exchange = connection_.find(head.stream_id);
  if (!take_from_windows(head, exchange)) return;
  const bool ends = head.has(http2::kEndStream);
  empty_frames_ = payload.empty() && !ends ? static_cast<std::uint16_t>(empty_frames_ + 1) : std::uint16_t{0};
  if (empty_frames_ > kEmptyFramesMax) return terminate(Code::kEnhanceYourCalm);
  if (exchange == nullptr) return take_late(head.stream_id);
  if (exchange->request_received) return stream_error(head.stream_id, Code::kStreamClosed);
  Http2Stream& stream = exchange->stream;
  stream.body_bytes += static_cast<std::int64_t>(payload.size());
  if (stream.content_length >= 0 && stream.body_bytes > stream.content_length) return stream_error(head.stream_id, Code::kProtocolError);
  if (!payload.empty()) connection_.take_body(*exchange, payload);
  exchange = connection_.find(head.stream_id);
  if (exchange == nullptr) return;
  if (ends) return end_of_request(*exchange);
  open_window(*exchange, streams_bodies_ ? head.length - payload.size() : head.length);
}

// False when the client sent more than it may.
bool Http2Session::take_from_windows(const FrameHead& head, Http2Exchange* exchange) {
  received_ += head.length;
  if (received_ > kConnectionWindow) {
    terminate(Code::kFlowControlError);
    return false;
  }
  // One stream that is not read on must not hold up the others.
  if (received_ >= kConnectionWindow / 2) append_window_update(control_, 0, std::exchange(received_, 0));
  if (exchange == nullptr) return true;
  exchange->stream.received += head.length;
  if (exchange->stream.received <= kStreamWindow) return true;
  stream_error(head.stream_id, Code::kFlowControlError);
  return false;
}

void Http2Session::open_window(Http2Exchange& exchange, std::size_t bytes) {
  Http2Stream& stream = exchange.stream;
  stream.used += static_cast<std::uint32_t>(bytes);
  if (stream.used < kStreamWindow / 2 || exchange.request_received) return;
  stream.received -= stream.used;
  append_window_update(control_, exchange.stream_id(), std::exchange(stream.used, 0));
}

void Http2Session::consume(Http2Exchange& exchange, std::size_t bytes) { open_window(exchange, bytes); }

void Http2Session::end_of_request(Http2Exchange& exchange) {
  const Http2Stream& stream = exchange.stream;
  if (stream.content_length >= 0 && stream.body_bytes != stream.content_length) {
    return stream_error(exchange.stream_id(), Code::kProtocolError);
  }
  connection_.end_request(exchange);
}

void Http2Session::take_headers(const FrameHead& head, std::string_view payload) {
  if (head.stream_id % 2 == 0 || !strip_padding(head, payload)) return terminate(Code::kProtocolError);
  if (head.has(http2::kHasPriority)) {
    if (payload.size() < kPriorityBytes) return terminate(Code::kFrameSizeError);
    payload.remove_prefix(kPriorityBytes);  // deprecated by RFC 9113
  }
  const bool ends_stream = head.has(http2::kEndStream);
  if (head.has(http2::kEndHeaders)) return take_block(head.stream_id, ends_stream, payload);
  block_.assign(payload);
  block_stream_ = head.stream_id;
  block_ends_stream_ = ends_stream;
  continuations_ = 0;
}

void Http2Session::take_continuation(const FrameHead& head, std::string_view payload) {
  if (block_stream_ == 0 || head.stream_id != block_stream_) return terminate(Code::kProtocolError);
  if (++continuations_ > kContinuationsMax || block_.size() + payload.size() > block_bytes_max_) return terminate(Code::kEnhanceYourCalm);
  block_ += payload;
  if (!head.has(http2::kEndHeaders)) return;
  const std::string block = std::exchange(block_, {});
  take_block(std::exchange(block_stream_, 0), block_ends_stream_, block);
}

// Every block is decoded: what the decoder keeps is shared by all.
void Http2Session::take_block(std::int32_t stream_id, bool ends_stream, std::string_view block) {
  if (Http2Exchange* exchange = connection_.find(stream_id)) return take_trailers(*exchange, ends_stream, block);
  if (stream_id <= last_stream_ || go_away_sent_) {
    skip_block(block);
    if (stream_id <= last_stream_ && !terminated_) take_late(stream_id);
    return;
  }
  last_stream_ = stream_id;
  if (connection_.stream_count() < streams_max_) return take_request(stream_id, ends_stream, block);
  skip_block(block);
  if (!terminated_) stream_error(stream_id, Code::kRefusedStream);
}

// Something for a stream that ended.
void Http2Session::take_late(std::int32_t stream_id) {
  if (std::find(cut_.begin(), cut_.end(), stream_id) == cut_.end()) stream_error(stream_id, Code::kStreamClosed);
}

void Http2Session::skip_block(std::string_view block) {
  if (!decoder_.decode(block, [](std::string_view, std::string_view) {})) terminate(Code::kCompressionError);
}

void Http2Session::take_request(std::int32_t stream_id, bool ends_stream, std::string_view block) {
  Http2Exchange& exchange = connection_.begin_request(stream_id);
  exchange.stream.send_window = stream_send_window_;
  RequestFields fields;
  bool good = true;
  const bool decoded = decoder_.decode(block, [&](std::string_view name, std::string_view value) {
    good = good && fields.take(name, value);
    if (good) connection_.take_header(exchange, name, value);
  });
  if (!decoded) return terminate(Code::kCompressionError);
  if (!good || !fields.complete() || (ends_stream && fields.content_length() > 0)) return stream_error(stream_id, Code::kProtocolError);
  exchange.stream.content_length = fields.content_length();
  connection_.end_head(exchange, !ends_stream);
  if (!ends_stream) return;
  if (Http2Exchange* still = connection_.find(stream_id)) connection_.end_request(*still);
}

void Http2Session::take_trailers(Http2Exchange& exchange, bool ends_stream, std::string_view block) {
  bool good = ends_stream;
  const bool decoded = decoder_.decode(block, [&](std::string_view name, std::string_view value) { good = good && is_trailer(name, value); });
  if (!decoded) return terminate(Code::kCompressionError);
  if (exchange.request_received) return stream_error(exchange.stream_id(), Code::kStreamClosed);
  if (!good) return stream_error(exchange.stream_id(), Code::kProtocolError);
  end_of_request(exchange);
}

// ---- the connection ----

void Http2Session::take_reset(const FrameHead& head, std::string_view payload) {
  if (payload.size() != 4) return terminate(Code::kFrameSizeError);
  if (is_idle(head.stream_id)) return terminate(Code::kProtocolError);
  count_reset();
  connection_.stream_closed(head.stream_id);
}

void Http2Session::take_settings(const FrameHead& head, std::string_view payload) {
  if (head.stream_id != 0) return terminate(Code::kProtocolError);
  if (head.has(http2::kAck)) {
    if (!payload.empty()) terminate(Code::kFrameSizeError);
    return;
  }
  if (payload.size() % kSettingBytes != 0) return terminate(Code::kFrameSizeError);
  if (payload.size() / kSettingBytes > kSettingsMax) return terminate(Code::kEnhanceYourCalm);
  settings_received_ = true;
  for (; !payload.empty(); payload.remove_prefix(kSettingBytes)) {
    const auto id = static_cast<std::uint16_t>(http2::read_u32(payload) >> 16);
    if (!apply_setting(id, http2::read_u32(payload.substr(2)))) return;
  }
  http2::append_frame_head(control_, 0, http2::kSettings, http2::kAck, 0);
  count_ack();
}

bool Http2Session::apply_setting(std::uint16_t id, std::uint32_t value) {
  constexpr std::uint32_t kFrameSizeMax = (1u << 24) - 1;
  if (id == http2::kInitialWindowSize) return resize_windows(value);
  const bool wrong = (id == http2::kEnablePush && value > 1) ||
                     (id == http2::kMaxFrameSize && (value < http2::kFrameBytesMax || value > kFrameSizeMax));
  if (wrong) terminate(Code::kProtocolError);
  return !wrong;
}

bool Http2Session::resize_windows(std::uint32_t value) {
  bool fits = value <= http2::kWindowMax;
  const std::int64_t change = static_cast<std::int64_t>(value) - stream_send_window_;
  if (fits) {
    stream_send_window_ = value;
    connection_.for_each_exchange([&](Http2Exchange& exchange) {
      exchange.stream.send_window += change;
      fits = fits && exchange.stream.send_window <= http2::kWindowMax;
      if (exchange.stream.send_window > 0) make_ready(exchange);
    });
  }
  if (!fits) terminate(Code::kFlowControlError);
  return fits;
}

void Http2Session::take_ping(const FrameHead& head, std::string_view payload) {
  if (head.stream_id != 0) return terminate(Code::kProtocolError);
  if (payload.size() != kPingBytes) return terminate(Code::kFrameSizeError);
  if (head.has(http2::kAck)) return;
  http2::append_frame_head(control_, kPingBytes, http2::kPing, http2::kAck, 0);
  control_ += payload;
  count_ack();
}

void Http2Session::take_window_update(const FrameHead& head, std::string_view payload) {
  if (payload.size() != 4) return terminate(Code::kFrameSizeError);
  const std::uint32_t bytes = http2::read_u32(payload) & 0x7fffffff;
  if (head.stream_id == 0) {
    if (bytes == 0) return terminate(Code::kProtocolError);
    send_window_ += bytes;
    if (send_window_ > http2::kWindowMax) return terminate(Code::kFlowControlError);
    return connection_.for_each_exchange([&](Http2Exchange& exchange) {
      if (std::exchange(exchange.stream.is_blocked, false)) make_ready(exchange);
    });
  }
  if (is_idle(head.stream_id)) return terminate(Code::kProtocolError);
  Http2Exchange* exchange = connection_.find(head.stream_id);
  if (exchange == nullptr) return;
  if (bytes == 0) return stream_error(head.stream_id, Code::kProtocolError);
  exchange->stream.send_window += bytes;
  if (exchange->stream.send_window > http2::kWindowMax) return stream_error(head.stream_id, Code::kFlowControlError);
  make_ready(*exchange);
}

void Http2Session::count_ack() { flooded_ = flooded_ || ++acks_ > kAcksMax; }

void Http2Session::count_reset() {
  const std::int64_t now = connection_.now_ns();
  const double passed = static_cast<double>(now - std::exchange(reset_tokens_at_ns_, now)) / 1e9;
  reset_tokens_ = std::min(kResetsMax, reset_tokens_ + passed * kResetsPerSecond) - 1;
  if (reset_tokens_ < 0) terminate(Code::kEnhanceYourCalm);
}

void Http2Session::stream_error(std::int32_t stream_id, Code code) {
  count_reset();
  reset(stream_id, code);
}

void Http2Session::reset(std::int32_t stream_id, Code code) {
  if (cut_.size() == kCutStreamsMax) cut_.erase(cut_.begin());
  cut_.push_back(stream_id);
  http2::append_frame_head(control_, 4, http2::kRstStream, http2::kNone, stream_id);
  http2::append_u32(control_, static_cast<std::uint32_t>(code));
  connection_.stream_closed(stream_id);
}

namespace {

void append_go_away(std::string& out, std::int32_t last_stream, Code code) {
  http2::append_frame_head(out, kGoAwayBytesMin, http2::kGoAway, http2::kNone, 0);
  http2::append_u32(out, static_cast<std::uint32_t>(last_stream));
  http2::append_u32(out, static_cast<std::uint32_t>(code));
}

}  // namespace

void Http2Session::announce_shutdown() { append_go_away(control_, http2::kStreamIdMax, Code::kNoError); }

void Http2Session::go_away() {
  go_away_sent_ = true;
  append_go_away(control_, last_stream_, Code::kNoError);
}

void Http2Session::terminate(Code code) {
  if (std::exchange(terminated_, true)) return;
  partial_ = {};
  append_go_away(control_, last_stream_, code);
}

}  // namespace plinth::net
