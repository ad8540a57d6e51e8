#include "net/http1_connection.h"

#include <algorithm>

#include "net/http1_exchange.h"

namespace plinth::net {
namespace {

// Requests sent ahead of answers; past this the socket is not read until the answer in progress is given.
constexpr std::size_t kInputAheadMax = 64 * 1024;
// How long a peer may take to close after our last answer, while what it still sends is thrown away. Closing at once would
// make its kernel drop the answer unread.
constexpr Duration kLinger = std::chrono::seconds(2);

bool could_be_http2(std::string_view bytes) {
  const std::size_t size = std::min(bytes.size(), kHttp2Preface.size());
  return bytes.substr(0, size) == kHttp2Preface.substr(0, size);
}

}  // namespace

std::unique_ptr<ServerConnection> make_http1_connection(ConnectionOwner& owner, std::unique_ptr<Stream> stream) {
  return std::make_unique<Http1Connection>(owner, std::move(stream));
}

Http1Connection::Http1Connection(ConnectionOwner& owner, std::unique_ptr<Stream> stream)
    : owner_(owner), stream_(std::move(stream)), parser_(owner.limits().header_bytes_max, owner.limits().body_bytes_max) {
  if (owner_.body_router() || owner_.streams_body()) parser_.leave_body_open();
  set_deadline(owner_.limits().idle_timeout);
  stream_->start(this);
}

Http1Connection::~Http1Connection() {
  if (self_) *self_ = nullptr;
  drop_body();
  if (const auto exchange = std::move(exchange_)) exchange->lost();
}

void Http1Connection::on_data(std::string_view bytes) {
  if (lingering_) return;
  if (!input_.empty()) {
    input_.append(bytes);
    if (!takes_input()) return limit_input();
    return process_kept_input();
  }
  if (!takes_input()) {
    input_.assign(bytes);
    return limit_input();
  }
  process(bytes);
}

void Http1Connection::limit_input() {
  if (input_.size() > kInputAheadMax) stream_->pause_reading(true);
}

void Http1Connection::process_kept_input() {
  const std::string bytes = std::exchange(input_, {});
  process(bytes);
}

// Handles complete requests until one is not answered at once or the bytes end.
void Http1Connection::process(std::string_view bytes) {
  if (!served_any_ && parser_.at_start() && serves_http2_now(bytes)) return;
  processing_ = true;
  bool more = true;
  while (more && stream_ && takes_input() && !lingering_ && !bytes.empty()) {
    const std::size_t used = parse(bytes);
    bytes.remove_prefix(used);
    more = used > 0 || parser_.complete();
    if (is_streamed()) {
      unparsed_ = bytes;
      advance_streamed();
      continue;
    }
    if (!parser_.complete()) continue;
    unparsed_ = bytes;
    dispatch();
  }
  processing_ = false;
  if (!stream_) return;
  if (!lingering_) keep_rest(bytes);
  flush();
}

// The preface of a client that knows beforehand that this server speaks HTTP/2 (only without TLS, where there is no ALPN).
bool Http1Connection::serves_http2_now(std::string_view bytes) {
  if (!stream_->peer().alpn.empty() || !could_be_http2(bytes)) return false;
  if (bytes.size() < kHttp2Preface.size()) {
    input_.assign(bytes);
    return true;
  }
  stream_->start(nullptr);
  owner_.serve_http2(std::move(stream_), std::string(bytes));
  owner_.ended(this);
  return true;
}

std::size_t Http1Connection::parse(std::string_view bytes) {
  const bool fresh = parser_.at_start();
  const std::size_t used = parser_.feed(bytes);
  if (fresh) streamed_.reset();
  if (fresh && !parser_.at_start() && !parser_.complete()) set_deadline(owner_.limits().header_timeout);
  if (owner_.body_router() && !parser_.error() && parser_.head_complete()) route_body();
  if (owner_.streams_body() && !parser_.error() && parser_.head_complete() && !streamed_) {
    streamed_ = owner_.streams_body()(parser_.method(), parser_.target());
    if (!*streamed_) parser_.limit_body();
  }
  if (parser_.error()) {
    if (exchange_)
      lose_exchange();
    else
      refuse(*parser_.error());
  } else if (parser_.head_complete() && !parser_.complete() && parser_.wants_continue() && !continue_sent_) {
    continue_sent_ = true;
    output_.push_back(SharedBytes::literal(kContinue));
  }
  return used;
}

// A body that is taken piece by piece may last as long as it makes progress.
void Http1Connection::route_body() {
  if (!body_routed_) {
    body_routed_ = true;
    HttpRequest head = parser_.head();
    head.peer = stream_->peer();
    const std::string_view length = head.headers.get("content-length");
    const bool has_body = head.headers.has("transfer-encoding") || (!length.empty() && length != "0");
    if (has_body) body_ = owner_.body_router()(head);
    if (!body_) parser_.limit_body();
  }
  if (body_) feed_body();
}

void Http1Connection::feed_body() {
  std::string bytes = parser_.take_body();
  if (bytes.empty()) return;
  set_deadline(owner_.limits().idle_timeout);
  body_->take(std::move(bytes));
  if (!body_->full() || parser_.complete()) return;
  stream_->pause_reading(true);
  if (!self_) self_ = std::make_shared<Http1Connection*>(this);
  body_->on_room([self = self_] {
    if (*self == nullptr || !(*self)->stream_) return;
    (*self)->set_deadline((*self)->owner_.limits().idle_timeout);
    (*self)->stream_->pause_reading(false);
  });
}

void Http1Connection::dispatch() {
  clear_deadline();
  continue_sent_ = false;
  body_routed_ = false;
  served_any_ = true;
  keep_alive_ = parser_.keep_alive();
  HttpRequest request = parser_.take();
  request.peer = stream_->peer();
  exchange_ = std::make_shared<Http1Exchange>(*this, owner_.loop(), request);
  if (const auto body = std::exchange(body_, nullptr)) return body->complete(std::move(request), exchange_);
  owner_.handler()(std::move(request), exchange_);
}

bool Http1Connection::is_streamed() { return owner_.stream_handler() && streamed_.value_or(!owner_.streams_body()); }

void Http1Connection::advance_streamed() {
  if (lingering_ || parser_.error()) return;
  if (!incoming_) {
    if (!parser_.head_complete()) return;
    dispatch_streamed();
  }
  if (!incoming_) return;
  const auto body = incoming_;
  if (!parser_.body().empty()) {
    set_deadline(owner_.limits().idle_timeout);
    body->feed(std::exchange(parser_.body(), {}));
  }
  if (!incoming_ || !parser_.complete()) return;
  (void)parser_.take();
  incoming_.reset();
  clear_deadline();
  body->finish();
}

void Http1Connection::dispatch_streamed() {
  const bool whole = parser_.complete();
  set_deadline(owner_.limits().idle_timeout);
  continue_sent_ = false;
  served_any_ = true;
  keep_alive_ = parser_.keep_alive();
  HttpRequest request = parser_.take_head();
  request.peer = stream_->peer();
  exchange_ = std::make_shared<Http1Exchange>(*this, owner_.loop(), request);
  const bool expected = !whole || !parser_.body().empty();
  incoming_ = std::make_shared<ArrivingBody>(expected, [self = self()](bool paused, std::size_t) {
    if (*self != nullptr && (*self)->stream_) (*self)->stream_->pause_reading(paused);
  });
  owner_.stream_handler()(std::move(request), incoming_, exchange_);
}

void Http1Connection::drop_body() {
  if (const auto body = std::move(incoming_)) body->drop();
}

// The peer is at fault, or gone; the answer cannot be completed.
void Http1Connection::lose_exchange() {
  drop_body();
  const auto exchange = std::move(exchange_);
  end_now();
  exchange->lost();
}

std::shared_ptr<Http1Connection*> Http1Connection::self() {
  if (!self_) self_ = std::make_shared<Http1Connection*>(this);
  return self_;
}

void Http1Connection::refuse(const Error& error) {
  HttpResponse response;
  response.status = error.code();
  response.headers.add("content-type", "application/json");
  response.body.push_back(SharedBytes(owner_.error_body(error)));
  keep_alive_ = false;
  write_head(response, Framing::kLength, total_size(response.body));
  write_body(std::move(response.body));
  end_gracefully();
}

void Http1Connection::keep_rest(std::string_view rest) {
  unparsed_ = {};
  if (rest.empty()) return;
  input_.assign(rest);
  limit_input();
}

void Http1Connection::write_head(const HttpResponse& response, Framing framing, std::size_t length) {
  const bool close = !keep_alive_ || draining_ || read_closed_ || response.headers.get("connection") == "close";
  keep_alive_ = !close;
  const ResponseHead head{response.status, framing, length, close, owner_.date()};
  output_.push_back(SharedBytes(write_response_head(head, response.headers)));
}

void Http1Connection::write_body(ByteChain bytes) {
  for (SharedBytes& part : bytes) output_.push_back(std::move(part));
  if (!processing_) flush();
}

void Http1Connection::write_chunk(ByteChain bytes) {
  append_chunk(output_, std::move(bytes));
  if (!processing_) flush();
}

void Http1Connection::flush() {
  if (output_.empty() || !stream_) return;
  stream_->write(std::exchange(output_, {}));
}

void Http1Connection::finish_exchange() {
  const auto exchange = std::move(exchange_);
  exchange->detach();
  if (incoming_ != nullptr) {
    // Answered before the whole request came: what follows of it cannot be told from a next one.
    if (parser_.complete())
      (void)parser_.take();
    else
      keep_alive_ = false;
    drop_body();
  }
  if (!keep_alive_ || draining_ || read_closed_) return end_gracefully();
  set_deadline(owner_.limits().idle_timeout);
  if (processing_) return;
  flush();
  stream_->pause_reading(false);
  if (input_.empty()) return;
  // The next request is handled in a task of its own, not inside the handler of this one.
  owner_.loop().post([self = self()] {
    if (*self != nullptr && (*self)->stream_ && !(*self)->exchange_ && !(*self)->lingering_) (*self)->process_kept_input();
  });
}

void Http1Connection::abort_exchange() {
  output_.clear();
  drop_body();
  const auto exchange = std::move(exchange_);
  exchange->detach();
  end_now();
}

std::unique_ptr<Stream> Http1Connection::give_away(Headers headers, std::string& rest) {
  if (!headers.has("connection")) headers.add("connection", "Upgrade");
  output_.push_back(SharedBytes(write_response_head({101, Framing::kOwn, 0, false, {}}, headers)));
  flush();
  const auto exchange = std::move(exchange_);
  exchange->detach();
  drop_body();
  rest = processing_ ? std::string(unparsed_) : std::exchange(input_, {});
  stream_->start(nullptr);
  stream_->pause_reading(false);
  std::unique_ptr<Stream> stream = std::move(stream_);
  owner_.ended(this);
  return stream;
}

std::size_t Http1Connection::queued_bytes() const { return stream_ ? stream_->queued_bytes() + total_size(output_) : 0; }

void Http1Connection::drain() {
  draining_ = true;
  if (stream_ && !exchange_ && !lingering_ && parser_.at_start() && input_.empty()) end_gracefully();
}

void Http1Connection::end_gracefully() {
  lingering_ = true;
  input_ = {};
  flush();
  if (!stream_) return;
  stream_->pause_reading(false);
  stream_->shutdown_write();
  set_deadline(kLinger);
}

void Http1Connection::end_now() {
  lingering_ = true;
  clear_deadline();
  stream_->close();
}

void Http1Connection::on_drained() {
  if (const auto exchange = exchange_) exchange->drained();
}

void Http1Connection::on_read_closed() {
  read_closed_ = true;
  if (lingering_) return;
  if (!exchange_) return end_gracefully();
  // A client that only ended its own side still gets the one answer it waits for; nobody reads a stream of them.
  if (!exchange_->begun() && incoming_ == nullptr) return;
  lose_exchange();
}

void Http1Connection::on_closed() {
  stream_.reset();
  clear_deadline();
  owner_.ended(this);
  drop_body();
  if (const auto exchange = std::move(exchange_)) exchange->lost();
}

void Http1Connection::on_deadline() {
  if (!stream_) return;
  const std::size_t queued = stream_->queued_bytes();
  // A slow reader that makes progress is no idle one.
  if (queued > 0 && queued != queued_at_deadline_) {
    queued_at_deadline_ = queued;
    return set_deadline(lingering_ ? kLinger : owner_.limits().idle_timeout);
  }
  if (exchange_ && incoming_ != nullptr) {
    // Whose turn it is to go on: the handler's, or the peer's.
    if (incoming_->paused()) return set_deadline(owner_.limits().idle_timeout);
    return lose_exchange();
  }
  const bool request_begun = !parser_.at_start() || !input_.empty();
  if (lingering_ || !request_begun) return end_now();
  Error late(Reason::kTimeout, "Request Timeout: the request did not arrive in time");
  late.set_code(408);
  refuse(late);
}

void Http1Connection::set_deadline(Duration from_now) {
  deadline_ns_ = owner_.clock().monotonic_ns() + from_now.count();
  owner_.deadline_changed(this);
}

void Http1Connection::clear_deadline() { deadline_ns_ = 0; }

}  // namespace plinth::net
