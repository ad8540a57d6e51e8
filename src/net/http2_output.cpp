// What an Http2Session sends.
#include <algorithm>

#include "net/http2_connection.h"
#include "net/http2_session.h"

namespace plinth::net {

void Http2Session::submit_head(Http2Exchange& exchange, const HttpResponse& response, std::string_view date, bool with_body) {
  header_block::append_answer(exchange.stream.head, response, date);
  exchange.stream.with_body = with_body;
  make_ready(exchange);
}

void Http2Session::submit_continue(std::int32_t stream_id) {
  std::string block;
  header_block::append_status(block, 100);
  send_block(stream_id, block, false, control_);
}

void Http2Session::make_ready(Http2Exchange& exchange) {
  if (std::exchange(exchange.stream.is_ready, true)) return;
  ready_.push_back(exchange.stream_id());
}

bool Http2Session::send_next(std::string& small, ByteChain& chain, std::size_t& chain_bytes) {
  if (!control_.empty()) {
    small += std::exchange(control_, {});
    acks_ = 0;
    return true;
  }
  if (terminated_ || ready_.empty()) return false;
  const std::int32_t stream_id = ready_[ready_first_++];
  if (ready_first_ == ready_.size() || ready_first_ == kReadySentMax) {
    ready_.erase(ready_.begin(), ready_.begin() + static_cast<std::ptrdiff_t>(ready_first_));
    ready_first_ = 0;
  }
  if (Http2Exchange* exchange = connection_.find(stream_id)) {
    exchange->stream.is_ready = false;
    send_stream(*exchange, small, chain, chain_bytes);
  }
  return true;
}

void Http2Session::send_stream(Http2Exchange& exchange, std::string& small, ByteChain& chain, std::size_t& chain_bytes) {
  if (!exchange.stream.head.empty()) {
    const std::string block = std::exchange(exchange.stream.head, {});
    send_block(exchange.stream_id(), block, !exchange.stream.with_body, small);
    if (!exchange.stream.with_body) return answer_sent(exchange);
  }
  if (exchange.answered()) send_body(exchange, small, chain, chain_bytes);
}

void Http2Session::send_block(std::int32_t stream_id, std::string_view block, bool ends_stream, std::string& small) {
  std::string first;
  if (!std::exchange(table_dropped_, true)) {
    header_block::append_no_table(first);
    first += block;
    block = first;
  }
  http2::Type type = http2::kHeaders;
  unsigned flags = ends_stream ? http2::kEndStream : http2::kNone;
  do {
    const std::string_view part = block.substr(0, http2::kFrameBytesMax);
    block.remove_prefix(part.size());
    if (block.empty()) flags |= http2::kEndHeaders;
    http2::append_frame_head(small, part.size(), type, flags, stream_id);
    small += part;
    type = http2::kContinuation;
    flags = http2::kNone;
  } while (!block.empty());
}

void Http2Session::send_body(Http2Exchange& exchange, std::string& small, ByteChain& chain, std::size_t& chain_bytes) {
  const std::size_t queued = exchange.queued_bytes();
  if (queued == 0 && !exchange.ended()) return;
  Http2Stream& stream = exchange.stream;
  const auto window = static_cast<std::size_t>(std::max<std::int64_t>(0, std::min(stream.send_window, send_window_)));
  const std::size_t size = std::min({queued, http2::kFrameBytesMax, window});
  if (size == 0 && queued > 0) {
    stream.is_blocked = send_window_ <= 0;
    return;
  }
  const bool last = size == queued && exchange.ended();
  const bool trailers = last && !exchange.trailers().entries().empty();
  if (size > 0 || !trailers) {
    http2::append_frame_head(small, size, http2::kData, last && !trailers ? http2::kEndStream : http2::kNone, exchange.stream_id());
    exchange.take(size, small, chain);
    chain_bytes += size;
    stream.send_window -= static_cast<std::int64_t>(size);
    send_window_ -= static_cast<std::int64_t>(size);
  }
  if (trailers) {
    std::string block;
    header_block::append_trailers(block, exchange.trailers());
    send_block(exchange.stream_id(), block, true, small);
  }
  if (last) return answer_sent(exchange);
  if (size < queued) return make_ready(exchange);
  connection_.sent_all(exchange);
}

// A client that still sends the request's body is told to stop: RFC 9113 section 8.1.
void Http2Session::answer_sent(Http2Exchange& exchange) {
  const std::int32_t stream_id = exchange.stream_id();
  const bool unfinished = !exchange.request_received;
  exchange.detach();
  if (unfinished) reset(stream_id, http2::Code::kNoError);
  else connection_.stream_closed(stream_id);
}

}  // namespace plinth::net
