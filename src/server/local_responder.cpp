#include "server/local_responder.h"

namespace plinth::server {

void LocalResponder::stop() {
  if (over_) return;
  over_ = true;
  head_ = nullptr;
  chunk_ = nullptr;
  done_ = nullptr;
  if (Task task = std::move(on_closed_)) task();
}

void LocalResponder::send(net::HttpResponse response) {
  if (over_) return;
  ByteChain body = std::move(response.body);
  begin(std::move(response));
  write(std::move(body));
  end();
}

void LocalResponder::begin(net::HttpResponse head) {
  if (!over_ && head_) head_(head);
}

void LocalResponder::write(ByteChain chunk) {
  if (!over_ && chunk_) chunk_(std::move(chunk));
}

void LocalResponder::finish(bool complete) {
  if (over_) return;
  over_ = true;
  on_closed_ = nullptr;
  head_ = nullptr;
  chunk_ = nullptr;
  if (Done done = std::move(done_)) done(complete);
}

std::shared_ptr<LocalResponder> collect_answer(Loop& loop, UniqueFunction<void(LocalAnswer)> done) {
  auto answer = std::make_shared<LocalAnswer>();
  return std::make_shared<LocalResponder>(
      loop, [answer](const net::HttpResponse& head) { answer->status = head.status; },
      [answer](ByteChain chunk) { answer->body += flatten(chunk); },
      [answer, done = std::make_shared<UniqueFunction<void(LocalAnswer)>>(std::move(done))](bool) {
        (*done)(std::move(*answer));
      });
}

}  // namespace plinth::server
