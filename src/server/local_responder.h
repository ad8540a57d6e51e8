// The answer to a request that comes from this process: handed over as values instead of bytes on a wire.
#pragma once

#include <memory>
#include <string>

#include "base/function.h"
#include "net/http.h"

namespace plinth::server {

// Receives a streamed or a complete answer on `loop`. Stopping it (the receiver lost interest) is what a closed connection is
// to the server. Used on its loop only.
class LocalResponder : public net::Responder, public std::enable_shared_from_this<LocalResponder> {
 public:
  using Head = UniqueFunction<void(const net::HttpResponse&)>;
  using Chunk = UniqueFunction<void(ByteChain)>;
  using Done = UniqueFunction<void(bool complete)>;  // false: cut off
  LocalResponder(Loop& loop, Head head, Chunk chunk, Done done)
      : loop_(loop), head_(std::move(head)), chunk_(std::move(chunk)), done_(std::move(done)) {}

  // From the receiver: no more calls will come.
  void stop();

  void send(net::HttpResponse response) override;
  void begin(net::HttpResponse head) override;
  void write(ByteChain chunk) override;
  void end() override { finish(true); }
  std::size_t queued_bytes() const override { return 0; }
  void on_drained(Task task) override { loop_.post(std::move(task)); }
  void on_closed(Task task) override { on_closed_ = std::move(task); }
  void abort() override { finish(false); }
  bool closed() const override { return over_; }
  Loop& loop() override { return loop_; }
  std::unique_ptr<Stream> upgrade(net::Headers, std::string&) override { return nullptr; }

 private:
  void finish(bool complete);
  Loop& loop_;
  Head head_;
  Chunk chunk_;
  Done done_;
  Task on_closed_;
  bool over_ = false;
};

// One request, one whole answer.
struct LocalAnswer {
  int status = 0;
  std::string body;
};
std::shared_ptr<LocalResponder> collect_answer(Loop& loop, UniqueFunction<void(LocalAnswer)> done);

}  // namespace plinth::server
