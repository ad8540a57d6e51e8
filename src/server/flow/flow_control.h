// Priority and fairness: how many requests of a priority level are worked on at once. A level has its share of the seats, may
// use what others lend and do not use, and lets requests beyond wait in turn of their flows, or refuses them (apiserver
// pkg/util/flowcontrol). Where upstream moves seats between levels every ten seconds and spreads flows over queues by hash,
// here a seat is lent at the moment that it is asked for, and every flow has a queue of its own.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "base/function.h"
#include "base/world.h"
#include "server/exchange.h"
#include "server/flow/flow_book.h"

namespace plinth::server {

class FlowControl {
 public:
  // `seats` are all there are; no request waits longer than `wait_max`.
  FlowControl(std::size_t seats, Duration wait_max);
  ~FlowControl();

  // On the exchange's loop. Calls `go` at once or, there, when it is the request's turn; or answers 429. The seat is given back
  // when the exchange lets go of `in_flight`. Members of system:masters, and what is long-running, take none.
  void enter(ExchangePtr exchange, const store::Snapshot& snapshot, UniqueFunction<void(ExchangePtr)> go);

  // For /metrics, by priority level under upstream's names: nominal seats, requests at work and waiting.
  std::string metrics_text(const store::Snapshot& snapshot);

 private:
  struct Seats;
  FlowBook book_;
  std::shared_ptr<Seats> seats_;
};

}  // namespace plinth::server
