#include "net/client_connection.h"

#include "net/http1_writer.h"

namespace plinth::net {
namespace {

constexpr std::size_t kHeaderBytesMax = 256 * 1024;

}  // namespace

ClientConnection::ClientConnection(ConnectionPool& pool, std::unique_ptr<Stream> stream)
    : pool_(pool), stream_(std::move(stream)) {
  stream_->start(this);
}

void ClientConnection::carry(std::shared_ptr<ClientCall> call) {
  const HttpRequest& request = call->request();
  using Body = Http1ResponseParser::Body;
  parser_.emplace(kHeaderBytesMax, request.method == "HEAD" ? Body::kNone : Body::kExpected);
  head_told_ = answer_begun_ = false;
  ByteChain out;
  out.push_back(SharedBytes(write_request_head(request)));
  // Copied: the call keeps its request, which may have to be sent again.
  if (!request.body.empty()) out.push_back(SharedBytes(request.body));
  call_ = std::move(call);
  stream_->write(std::move(out));
}

void ClientConnection::abandon() {
  call_.reset();
  end();
}

void ClientConnection::on_data(std::string_view bytes) {
  if (ended_) return;
  if (!call_) return end();  // nobody asked
  answer_begun_ = true;
  std::string joined;
  if (!input_.empty()) {
    joined = std::exchange(input_, {});
    joined += bytes;
    bytes = joined;
  }
  if (tell(bytes) && !bytes.empty()) input_.assign(bytes);
}

// Feeds the parser and passes on what it found; false when the call is over. `bytes` keeps what was not used.
bool ClientConnection::tell(std::string_view& bytes) {
  while (true) {
    const std::size_t used = parser_->feed(bytes);
    bytes.remove_prefix(used);
    if (parser_->error()) {
      fail(Error(Reason::kBadRequest, "the answer is not HTTP/1.1: " + parser_->error()->message()));
      return false;
    }
    const auto call = call_;
    if (parser_->head_complete() && !head_told_) {
      head_told_ = true;
      call->on_head(parser_->status(), parser_->headers());
    }
    if (call_ && head_told_ && !parser_->body().empty()) {
      const std::string body = std::exchange(parser_->body(), {});
      if (!call->on_body(body)) abandon();
    }
    if (!call_) return false;
    if (parser_->complete()) {
      complete(bytes.empty());
      return false;
    }
    if (used == 0 || bytes.empty()) return true;
  }
}

void ClientConnection::complete(bool clean) {
  const auto call = std::move(call_);
  // 101 and answers that came with more bytes than they have leave the connection in no known state.
  const bool reusable = clean && parser_->keep_alive() && parser_->status() != 101;
  parser_.reset();
  if (reusable)
    pool_.idle(this);
  else
    end();
  call->on_end({}, true);
}

void ClientConnection::fail(Error error) {
  const auto call = std::move(call_);
  const bool begun = answer_begun_;
  end();
  if (call) call->on_end(std::move(error), begun);
}

void ClientConnection::on_read_closed() {
  if (ended_) return;
  if (!call_) return end();
  parser_->feed_end();
  std::string_view none;
  if (!parser_->error() && parser_->complete()) {
    if (tell(none) && call_) complete(false);
    return;
  }
  fail(Error(Reason::kServiceUnavailable, "the server closed the connection before its answer was complete"));
}

void ClientConnection::end() {
  if (ended_) return;
  ended_ = true;
  stream_->close();
  pool_.ended(this);
  if (const auto call = std::move(call_)) {
    call->on_end(Error(Reason::kServiceUnavailable, "the connection was cut off before the answer was complete"),
                 answer_begun_);
  }
}

}  // namespace plinth::net
