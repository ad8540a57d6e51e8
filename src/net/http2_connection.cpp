#include "net/http2_connection.h"

#include <algorithm>
#include <charconv>

#include <fmt/core.h>
#include <nghttp2/nghttp2.h>

#include "net/http2_session.h"

namespace plinth::net {
namespace {

// Framed bytes that wait for the network; more is framed when they have gone.
constexpr std::size_t kFramedBytesMax = 256 * 1024;
// Unfinished request bodies of one connection, in units of HttpLimits::body_bytes_max. A stream beyond it is refused (the
// client may send it again), so that one connection cannot claim body_bytes_max for each of its streams.
constexpr std::size_t kBodiesPerConnectionMax = 8;
constexpr std::size_t kBodyReserveMin = 1024, kBodyReserveMax = 16 * 1024;
constexpr std::size_t kHeaderOverhead = 32;  // RFC 9113 section 10.5.1: what a field counts beyond its bytes
// From the announcement that the server goes away to the last stream that it takes.
constexpr Duration kGoAwayDelay = std::chrono::milliseconds(250);
constexpr Duration kLinger = std::chrono::seconds(2);

std::size_t announced_length(const HttpRequest& request) {
  const std::string_view text = request.headers.get("content-length");
  std::size_t length = 0;
  std::from_chars(text.data(), text.data() + text.size(), length);
  return length;
}

}  // namespace

std::unique_ptr<ServerConnection> make_http2_connection(ConnectionOwner& owner, std::unique_ptr<Stream> stream,
                                                        std::string received) {
  auto connection = std::make_unique<Http2Connection>(owner, std::move(stream));
  connection->start(std::move(received));
  return connection;
}

Http2Connection::Http2Connection(ConnectionOwner& owner, std::unique_ptr<Stream> stream)
    : owner_(owner), stream_(std::move(stream)) {
  session_ = open_server_session(*this, owner.limits(), static_cast<bool>(owner.stream_handler()));
}

Http2Connection::~Http2Connection() {
  if (self_) *self_ = nullptr;
  lose_all();
  nghttp2_session_del(session_);
}

std::shared_ptr<Http2Connection*> Http2Connection::self() {
  if (!self_) self_ = std::make_shared<Http2Connection*>(this);
  return self_;
}

void Http2Connection::start(std::string received) {
  set_deadline(owner_.limits().idle_timeout);
  stream_->start(this);
  early_ = std::move(received);
  // In a task of its own: the server does not know this connection yet.
  owner_.loop().post([self = self()] {
    if (*self != nullptr) (*self)->on_data({});
  });
}

void Http2Connection::on_data(std::string_view bytes) {
  if (!early_.empty()) receive(std::exchange(early_, {}));
  receive(bytes);
}

void Http2Connection::receive(std::string_view bytes) {
  if (!stream_ || ending_ || session_ == nullptr) return;
  receiving_ = true;
  const ssize_t used = nghttp2_session_mem_recv(session_, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  receiving_ = false;
  if (!stream_) return;
  if (used == NGHTTP2_ERR_FLOODED) return end_now();
  flush();
  if (used < 0 && !ending_) end_gracefully();
}

void Http2Connection::begin_request(std::int32_t stream_id) {
  const std::int64_t now = owner_.clock().monotonic_ns();
  auto exchange = std::make_shared<Http2Exchange>(*this, owner_.loop(), stream_id, now);
  exchange->request.version = 20;
  nghttp2_session_set_stream_user_data(session_, stream_id, exchange.get());
  if (exchanges_.empty()) set_deadline(owner_.limits().header_timeout);
  exchanges_.emplace(stream_id, std::move(exchange));
}

void Http2Connection::take_header(Http2Exchange& exchange, std::string_view name, std::string_view value) {
  exchange.header_bytes += name.size() + value.size() + kHeaderOverhead;
  const std::size_t limit = owner_.limits().header_bytes_max;
  if (exchange.header_bytes > limit) {
    if (!exchange.refusal) {
      exchange.refusal.emplace(Reason::kBadRequest, fmt::format("Request Header Fields Too Large: limit is {} bytes", limit));
      exchange.refusal->set_code(431);
    }
    return;
  }
  HttpRequest& request = exchange.request;
  if (name == ":method")
    request.method = value;
  else if (name == ":path")
    request.target = value;
  else if (name == ":authority")
    request.host = value;
  else if (name.starts_with(':'))
    return;
  else
    request.headers.add(std::string(name), std::string(value));
}

void Http2Connection::end_head(Http2Exchange& exchange, bool more_follows) {
  exchange.head_received = true;
  HttpRequest& request = exchange.request;
  if (request.host.empty()) request.host = request.headers.get("host");
  exchange.streamed =
      owner_.stream_handler() && (!owner_.streams_body() || owner_.streams_body()(request.method, request.target));
  const bool unlimited = exchange.streamed && owner_.streams_body();
  const std::size_t limit = owner_.limits().body_bytes_max;
  if (announced_length(request) > limit && !exchange.refusal && !unlimited) {
    exchange.refusal.emplace(Reason::kRequestEntityTooLarge, fmt::format("Request entity too large: limit is {}", limit));
  }
  if (exchange.refusal) return refuse(exchange);
  if (exchange.streamed) {
    if (more_follows && request.headers.get("expect") == "100-continue") submit_continue(session_, exchange.stream_id());
    return dispatch_streamed(exchange, more_follows);
  }
  // What is announced need not come: no more than a typical object is made room for.
  if (more_follows) request.body.reserve(std::min(std::max(announced_length(request), kBodyReserveMin), kBodyReserveMax));
  if (more_follows && request.headers.get("expect") == "100-continue") submit_continue(session_, exchange.stream_id());
}

void Http2Connection::dispatch_streamed(Http2Exchange& exchange, bool more_follows) {
  exchange.dispatched = true;
  const auto shared = exchanges_.at(exchange.stream_id());
  HttpRequest request = std::move(exchange.request);
  exchange.request.method = request.method;
  request.peer = stream_->peer();
  exchange.body =
      std::make_shared<ArrivingBody>(more_follows, [self = self(), id = exchange.stream_id()](bool, std::size_t bytes) {
        if (*self != nullptr) (*self)->consume(id, bytes);
      });
  owner_.stream_handler()(std::move(request), exchange.body, shared);
}

void Http2Connection::consume(std::int32_t stream_id, std::size_t bytes) {
  if (bytes == 0 || session_ == nullptr || ending_) return;
  nghttp2_session_consume_stream(session_, stream_id, bytes);
  schedule_flush();
}

void Http2Connection::take_body(Http2Exchange& exchange, std::string_view bytes) {
  if (exchange.body) {
    const auto body = exchange.body;
    return body->feed(bytes);
  }
  if (owner_.stream_handler()) consume(exchange.stream_id(), bytes.size());
  if (exchange.dispatched) return;
  const std::size_t limit = owner_.limits().body_bytes_max;
  if (exchange.request.body.size() + bytes.size() > limit) {
    exchange.refusal.emplace(Reason::kRequestEntityTooLarge, fmt::format("Request entity too large: limit is {}", limit));
    return refuse(exchange);
  }
  if (body_bytes_ + bytes.size() > limit * kBodiesPerConnectionMax) {
    exchange.dispatched = true;
    body_bytes_ -= exchange.request.body.size();
    exchange.request.body = {};
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, exchange.stream_id(), NGHTTP2_REFUSED_STREAM);
    return;
  }
  body_bytes_ += bytes.size();
  exchange.request.body += bytes;
}

void Http2Connection::end_request(Http2Exchange& exchange) {
  exchange.request_received = true;
  if (const auto body = exchange.body) return body->finish();
  if (!exchange.dispatched) dispatch(exchange);
}

void Http2Connection::dispatch(Http2Exchange& exchange) {
  exchange.dispatched = true;
  body_bytes_ -= exchange.request.body.size();
  const auto shared = exchanges_.at(exchange.stream_id());
  HttpRequest request = std::move(exchange.request);
  exchange.request.method = request.method;  // the answer to HEAD has no body
  request.peer = stream_->peer();
  owner_.handler()(std::move(request), shared);
}

void Http2Connection::refuse(Http2Exchange& exchange) {
  exchange.dispatched = true;
  body_bytes_ -= exchange.request.body.size();
  exchange.request.body = {};
  HttpResponse response;
  response.status = exchange.refusal->code();
  response.headers.add("content-type", "application/json");
  response.body.push_back(SharedBytes(owner_.error_body(*exchange.refusal)));
  exchange.send(std::move(response));
}

void Http2Connection::submit_head(Http2Exchange& exchange, const HttpResponse& response, bool with_body) {
  submit_response_head(session_, exchange, response, owner_.date(), with_body);
  schedule_flush();
}

void Http2Connection::resume(Http2Exchange& exchange, bool deferred) {
  if (deferred) nghttp2_session_resume_data(session_, exchange.stream_id());
  schedule_flush();
}

void Http2Connection::abort_exchange(Http2Exchange& exchange) {
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, exchange.stream_id(), NGHTTP2_INTERNAL_ERROR);
  const auto shared = exchanges_.at(exchange.stream_id());
  nghttp2_session_set_stream_user_data(session_, exchange.stream_id(), nullptr);
  schedule_flush();
  shared->detach();
}

int Http2Connection::frame_data(Http2Exchange& exchange, const unsigned char* frame_head, std::size_t size) {
  if (output_full()) {
    output_cut_ = true;
    return NGHTTP2_ERR_WOULDBLOCK;
  }
  if (exchange.queued_bytes() < size) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;  // its answer was aborted meanwhile
  constexpr std::size_t kFrameHeadBytes = 9;
  small_.append(reinterpret_cast<const char*>(frame_head), kFrameHeadBytes);
  exchange.take(size, small_, chain_);
  chain_bytes_ += size;
  if (exchange.queued_bytes() == 0 && !exchange.ended()) maybe_drained_.push_back(exchanges_.at(exchange.stream_id()));
  return 0;
}

// The last frame of an answer left. A client that still sends the request's body is told to stop: RFC 9113 section 8.1.
void Http2Connection::head_or_data_sent(Http2Exchange& exchange) {
  if (!exchange.request_received) {
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, exchange.stream_id(), NGHTTP2_NO_ERROR);
  }
  exchange.detach();
}

void Http2Connection::stream_closed(std::int32_t stream_id) {
  const auto found = exchanges_.find(stream_id);
  if (found == exchanges_.end()) return;
  const auto exchange = std::move(found->second);
  exchanges_.erase(found);
  if (!exchange->dispatched) body_bytes_ -= exchange->request.body.size();
  if (exchanges_.empty()) set_deadline(owner_.limits().idle_timeout);
  if (!exchange->closed()) exchange->lost();
}

void Http2Connection::schedule_flush() {
  if (receiving_ || flush_scheduled_) return;
  flush_scheduled_ = true;
  owner_.loop().post([self = self()] {
    Http2Connection* connection = *self;
    if (connection == nullptr) return;
    connection->flush_scheduled_ = false;
    if (connection->stream_) connection->flush();
  });
}

void Http2Connection::flush() {
  if (ending_) return;
  fill_output();
  if (!small_.empty()) chain_.push_back(SharedBytes(std::exchange(small_, {})));
  chain_bytes_ = 0;
  if (!chain_.empty()) stream_->write(std::exchange(chain_, {}));
  // When the network took everything at once, no on_drained() will ask for the rest.
  if (output_cut_ && stream_->queued_bytes() == 0) schedule_flush();
  tell_drained();
  end_when_done();
}

void Http2Connection::fill_output() {
  output_cut_ = false;
  while (!output_full()) {
    const std::uint8_t* data = nullptr;
    const ssize_t size = nghttp2_session_mem_send(session_, &data);
    if (size <= 0) return;
    small_.append(reinterpret_cast<const char*>(data), static_cast<std::size_t>(size));
  }
  output_cut_ = true;
}

bool Http2Connection::output_full() const { return chain_bytes_ + small_.size() + stream_->queued_bytes() >= kFramedBytesMax; }

void Http2Connection::tell_drained() {
  if (maybe_drained_.empty()) return;
  const auto candidates = std::exchange(maybe_drained_, {});
  for (const auto& weak : candidates) {
    const auto exchange = weak.lock();
    if (exchange && exchange->owes_drained()) exchange->drained();
  }
}

void Http2Connection::on_drained() { flush(); }

void Http2Connection::end_when_done() {
  if (!stream_ || ending_) return;
  if (draining_ && exchanges_.empty() && nghttp2_session_want_read(session_) != 0) {
    nghttp2_session_terminate_session(session_, NGHTTP2_NO_ERROR);
    return schedule_flush();
  }
  if (nghttp2_session_want_read(session_) == 0 && nghttp2_session_want_write(session_) == 0) end_gracefully();
}

void Http2Connection::drain() {
  if (draining_ || !stream_) return;
  draining_ = true;
  nghttp2_submit_shutdown_notice(session_);
  schedule_flush();
  owner_.loop().after(kGoAwayDelay, [self = self()] {
    Http2Connection* connection = *self;
    if (connection == nullptr || !connection->stream_ || connection->ending_) return;
    const std::int32_t last = nghttp2_session_get_last_proc_stream_id(connection->session_);
    nghttp2_submit_goaway(connection->session_, NGHTTP2_FLAG_NONE, last, NGHTTP2_NO_ERROR, nullptr, 0);
    connection->flush();
  });
}

void Http2Connection::end_gracefully() {
  ending_ = true;
  stream_->shutdown_write();
  set_deadline(kLinger);
  lose_all();
}

void Http2Connection::end_now() {
  ending_ = true;
  deadline_ns_ = 0;
  stream_->close();
  lose_all();
}

void Http2Connection::lose_all() {
  const Exchanges all = std::exchange(exchanges_, {});
  for (const auto& [id, exchange] : all) {
    if (!exchange->closed()) exchange->lost();
  }
}

void Http2Connection::on_read_closed() {
  if (!ending_) end_now();
}

void Http2Connection::on_closed() {
  ending_ = true;
  deadline_ns_ = 0;
  stream_.reset();
  owner_.ended(this);
  lose_all();
}

// False when the exchange's time is over: a request that does not arrive, or an answer that is not taken.
bool Http2Connection::check_exchange(Http2Exchange& exchange, std::int64_t now_ns) {
  const HttpLimits& limits = owner_.limits();
  if (!exchange.dispatched) return now_ns - exchange.started_ns() < limits.header_timeout.count();
  if (!exchange.ended()) return true;
  if (exchange.stalled_since_ns == 0) exchange.stalled_since_ns = now_ns;
  return now_ns - exchange.stalled_since_ns < limits.idle_timeout.count();
}

void Http2Connection::on_deadline() {
  if (!stream_) return;
  const std::size_t queued = stream_->queued_bytes();
  const bool moving = queued > 0 && queued != std::exchange(queued_at_deadline_, queued);
  if (ending_) return moving ? set_deadline(kLinger) : end_now();
  if (exchanges_.empty()) {
    if (moving) return set_deadline(owner_.limits().idle_timeout);
    if (draining_) return end_now();
    draining_ = true;  // idle for too long: say goodbye
    set_deadline(kLinger);
    return flush();
  }
  const std::int64_t now = owner_.clock().monotonic_ns();
  for (const auto& [id, exchange] : exchanges_) {
    if (!check_exchange(*exchange, now)) nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
  }
  set_deadline(owner_.limits().header_timeout);
  flush();
}

void Http2Connection::set_deadline(Duration from_now) {
  deadline_ns_ = owner_.clock().monotonic_ns() + from_now.count();
  owner_.deadline_changed(this);
}

}  // namespace plinth::net
