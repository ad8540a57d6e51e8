#include "net/http2_exchange.h"

#include <algorithm>

#include <fmt/core.h>

#include "net/http2_connection.h"

namespace plinth::net {
namespace {

// Smaller parts are copied next to their frame's head: cheaper than a part of their own.
constexpr std::size_t kCopiedBytesMax = 2048;

}  // namespace

void Http2Exchange::send(HttpResponse response) {
  if (connection_ == nullptr || answered_) return;
  head_only_ = request.method == "HEAD";
  const bool has_body = response.status != 204 && response.status != 304;
  if (has_body && !(head_only_ && response.body.empty())) {
    response.headers.set("content-length", fmt::format("{}", total_size(response.body)));
  }
  answered_ = true;
  ended_ = true;
  closed_ = nullptr;
  if (has_body && !head_only_) queue(std::move(response.body));
  connection_->submit_head(*this, response, queued_ > 0);
}

void Http2Exchange::begin(HttpResponse head) {
  if (connection_ == nullptr || answered_) return;
  head_only_ = request.method == "HEAD";
  answered_ = true;
  if (head_only_ || head.status == 204 || head.status == 304) {
    head_only_ = true;
    ended_ = true;
    return connection_->submit_head(*this, head, false);
  }
  queue(std::move(head.body));
  connection_->submit_head(*this, head, true);
}

void Http2Exchange::write(ByteChain chunk) {
  if (connection_ == nullptr || !answered_ || ended_) return;
  queue(std::move(chunk));
  resume();
}

void Http2Exchange::end() {
  if (connection_ == nullptr || !answered_ || ended_) return;
  ended_ = true;
  closed_ = nullptr;
  resume();
}

void Http2Exchange::end_with_trailers(Headers trailers) {
  if (connection_ == nullptr || !answered_ || ended_) return;
  trailers_ = std::move(trailers);
  end();
}

void Http2Exchange::resume() { connection_->resume(*this, std::exchange(deferred_, false)); }

void Http2Exchange::abort() {
  if (connection_ != nullptr) connection_->abort_exchange(*this);
}

void Http2Exchange::queue(ByteChain bytes) {
  for (SharedBytes& part : bytes) {
    if (part.empty()) continue;
    queued_ += part.size();
    queue_.push_back(std::move(part));
  }
  if (queued_ > 0) owes_drained_ = true;
}

void Http2Exchange::take(std::size_t size, std::string& small, ByteChain& out) {
  queued_ -= size;
  stalled_since_ns = 0;
  while (size > 0) {
    SharedBytes& first = queue_[queue_first_];
    const std::size_t n = std::min(size, first.size() - first_offset_);
    if (n <= kCopiedBytesMax) {
      small += first.view().substr(first_offset_, n);
    } else {
      if (!small.empty()) out.push_back(SharedBytes(std::exchange(small, {})));
      out.push_back(first.slice(first_offset_, n));
    }
    size -= n;
    first_offset_ += n;
    if (first_offset_ < first.size()) continue;
    first = SharedBytes();
    ++queue_first_;
    first_offset_ = 0;
  }
  if (queue_first_ == queue_.size()) {
    queue_.clear();
    queue_first_ = 0;
  } else if (queue_first_ >= 64 && queue_first_ * 2 >= queue_.size()) {
    queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(queue_first_));
    queue_first_ = 0;
  }
}

void Http2Exchange::on_closed(Task task) {
  if (lost_) return loop_.post(std::move(task));
  if (connection_ != nullptr) closed_ = std::move(task);
}

void Http2Exchange::drained() {
  Task task = std::move(drained_);
  task();
  if (!drained_ && connection_ != nullptr) drained_ = std::move(task);
}

void Http2Exchange::lost() {
  lost_ = true;
  detach();
  if (const Task task = std::move(closed_)) task();
}

void Http2Exchange::detach() {
  connection_ = nullptr;
  drained_ = nullptr;
  if (body) body->drop();
  if (!lost_) closed_ = nullptr;
  queue_ = {};
  queue_first_ = 0;
  queued_ = 0;
}

}  // namespace plinth::net
