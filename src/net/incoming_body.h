// A request's body between the connection that receives it and the handler that uses it. For .cpp files of net only.
#pragma once

#include <string>

#include "net/proxy_server.h"

namespace plinth::net {

// What arrives before start(), or while paused, waits here: no more than the connection had read already, or than HTTP/2's
// window lets through.
class ArrivingBody final : public IncomingBody, public std::enable_shared_from_this<ArrivingBody> {
 public:
  // `flow` is told whether more may come, and how many bytes were handed on since.
  using Flow = UniqueFunction<void(bool paused, std::size_t handed_on)>;
  ArrivingBody(bool expected, Flow flow) : expected_(expected), flow_(std::move(flow)) {}

  bool expected() const override { return expected_; }
  void start(UniqueFunction<void(std::string_view)> chunk, Task end) override;
  void pause(bool paused) override;

  // By the connection:
  void feed(std::string_view bytes);
  void finish();
  // The exchange is over: nobody wants the rest.
  void drop();
  bool paused() const { return paused_ || !started_; }

 private:
  void deliver();

  const bool expected_;
  Flow flow_;
  UniqueFunction<void(std::string_view)> chunk_;
  Task end_;
  std::string waiting_;
  bool started_ = false;
  bool paused_ = false;
  bool finished_ = false;
  bool dropped_ = false;
};

}  // namespace plinth::net
