#include "net/http1_exchange.h"

namespace plinth::net {
namespace {

bool may_have_body(int status) { return status >= 200 && status != 204 && status != 304; }

}  // namespace

void Http1Exchange::send(HttpResponse response) {
  if (connection_ == nullptr || begun_) return;
  begun_ = true;
  if (!may_have_body(response.status)) {
    connection_->write_head(response, Framing::kOwn, 0);
  } else if (head_only_ && response.body.empty()) {
    connection_->write_head(response, Framing::kOwn, 0);  // the handler knows the length better, or not at all
  } else {
    connection_->write_head(response, Framing::kLength, total_size(response.body));
    if (!head_only_) connection_->write_body(std::move(response.body));
  }
  connection_->finish_exchange();
}

void Http1Exchange::begin(HttpResponse head) {
  if (connection_ == nullptr || begun_) return;
  begun_ = true;
  Framing framing = Framing::kChunked;
  if (head_only_ || !may_have_body(head.status)) {
    form_ = BodyForm::kNone;
    framing = Framing::kOwn;
  } else if (head.headers.has("content-length")) {
    framing = Framing::kOwn;
  } else if (version_ >= 11) {
    form_ = BodyForm::kChunked;
  } else {
    framing = Framing::kUntilEnd;
    connection_->close_after_exchange();
  }
  connection_->write_head(head, framing, 0);
  if (!head.body.empty()) return write(std::move(head.body));
  connection_->write_body({});
}

void Http1Exchange::write(ByteChain chunk) {
  if (connection_ == nullptr || !begun_ || form_ == BodyForm::kNone) return;
  if (form_ == BodyForm::kChunked)
    connection_->write_chunk(std::move(chunk));
  else
    connection_->write_body(std::move(chunk));
}

void Http1Exchange::end() {
  if (connection_ == nullptr || !begun_) return;
  if (form_ == BodyForm::kChunked) connection_->write_body({SharedBytes::literal(kLastChunk)});
  connection_->finish_exchange();
}

void Http1Exchange::abort() {
  if (connection_ != nullptr) connection_->abort_exchange();
}

void Http1Exchange::on_closed(Task task) {
  if (lost_) return loop_.post(std::move(task));
  if (connection_ != nullptr) closed_ = std::move(task);
}

std::unique_ptr<Stream> Http1Exchange::upgrade(Headers headers, std::string& rest) {
  if (connection_ == nullptr || begun_ || version_ < 11) return nullptr;
  begun_ = true;
  return connection_->give_away(std::move(headers), rest);
}

void Http1Exchange::drained() {
  if (!drained_) return;
  Task task = std::move(drained_);
  task();
  // The task may have set another one; otherwise it is kept for the next time.
  if (!drained_ && connection_ != nullptr) drained_ = std::move(task);
}

void Http1Exchange::lost() {
  connection_ = nullptr;
  lost_ = true;
  drained_ = nullptr;
  if (const Task task = std::move(closed_)) task();
}

void Http1Exchange::detach() {
  connection_ = nullptr;
  drained_ = nullptr;
  closed_ = nullptr;
}

}  // namespace plinth::net
