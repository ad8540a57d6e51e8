#include "server/flow/flow_control.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <limits>
#include <map>
#include <mutex>
#include <vector>

#include "server/status.h"

namespace plinth::server {
namespace {

constexpr int kRetryAfterSeconds = 1;

Error refused() { return too_many_requests("too many requests are in flight, please try again later", kRetryAfterSeconds); }

// A request that waits for its turn.
struct Waiter {
  ExchangePtr exchange;
  UniqueFunction<void(ExchangePtr)> go;
  TimerId timer{};
};
using WaiterPtr = std::shared_ptr<Waiter>;

struct Level {
  std::size_t nominal = 0, lendable = 0, borrowing_max = 0;
  std::size_t waiting_max = 0, flow_waiting_max = 0;
  std::size_t working = 0, waiting = 0;
  std::map<std::string, std::deque<WaiterPtr>> flows;
  std::deque<std::string> turns;  // names of the flows that have waiters

  std::size_t borrowed() const { return working > nominal ? working - nominal : 0; }
  std::size_t lent_out() const { return std::min(lendable, nominal > working ? nominal - working : 0); }

  WaiterPtr take_next() {
    const std::string flow = std::move(turns.front());
    turns.pop_front();
    auto& queue = flows[flow];
    WaiterPtr next = std::move(queue.front());
    queue.pop_front();
    --waiting;
    if (queue.empty())
      flows.erase(flow);
    else
      turns.push_back(flow);
    return next;
  }

  bool remove(const std::string& flow, const WaiterPtr& waiter) {
    const auto found = flows.find(flow);
    if (found == flows.end()) return false;
    const auto at = std::find(found->second.begin(), found->second.end(), waiter);
    if (at == found->second.end()) return false;
    found->second.erase(at);
    --waiting;
    if (!found->second.empty()) return true;
    flows.erase(found);
    turns.erase(std::find(turns.begin(), turns.end(), flow));
    return true;
  }
};

}  // namespace

struct FlowControl::Seats : std::enable_shared_from_this<FlowControl::Seats> {
  Seats(std::size_t total, Duration wait) : seats(total), wait_max(wait) {}

  void configure(const FlowStatePtr& state);
  void enter(const FlowStatePtr& state, const FlowRoute& route, ExchangePtr exchange, UniqueFunction<void(ExchangePtr)> go);
  void wait(Level& level, const std::string& name, std::string flow, ExchangePtr exchange,
            UniqueFunction<void(ExchangePtr)> go);
  void give_up(const std::string& name, const std::string& flow, const WaiterPtr& waiter);
  bool has_seat(const Level& level) const;
  std::shared_ptr<void> take_seat(const std::string& name);
  void give_back(const std::string& name);
  void start(WaiterPtr waiter, std::shared_ptr<void> seat);

  const std::size_t seats;
  const Duration wait_max;
  std::mutex mutex;
  FlowStatePtr configured;
  std::map<std::string, Level> levels;  // those that are limited; one that is gone stays while requests of it are here
  std::size_t waiting = 0;
};

void FlowControl::Seats::configure(const FlowStatePtr& state) {
  if (configured == state) return;
  configured = state;
  std::int64_t shares = 0;
  for (const auto& [name, level] : state->levels) shares += level->shares;
  for (const auto& [name, level] : state->levels) {
    if (level->exempt) continue;
    Level& here = levels[name];
    const double part = shares > 0 ? static_cast<double>(level->shares) / static_cast<double>(shares) : 0;
    here.nominal = static_cast<std::size_t>(std::ceil(static_cast<double>(seats) * part));
    here.lendable = here.nominal * static_cast<std::size_t>(level->lendable_percent) / 100;
    here.borrowing_max = level->borrowing_percent ? here.nominal * static_cast<std::size_t>(*level->borrowing_percent) / 100
                                                  : std::numeric_limits<std::size_t>::max();
    here.waiting_max = level->queues ? level->waiting_max : 0;
    here.flow_waiting_max = level->flow_waiting_max;
  }
  std::erase_if(levels, [&](const auto& entry) {
    return state->levels.count(entry.first) == 0 && entry.second.working == 0 && entry.second.waiting == 0;
  });
}

bool FlowControl::Seats::has_seat(const Level& level) const {
  if (level.working < level.nominal) return true;
  if (level.borrowed() >= level.borrowing_max) return false;
  std::size_t lent = 0, borrowed = 0;
  for (const auto& [name, other] : levels) {
    if (&other != &level) lent += other.lent_out();
    borrowed += other.borrowed();
  }
  return borrowed < lent;
}

std::shared_ptr<void> FlowControl::Seats::take_seat(const std::string& name) {
  ++levels[name].working;
  auto self = shared_from_this();
  return std::shared_ptr<void>(this, [self, name](void*) { self->give_back(name); });
}

// A seat that is free goes to the level's own requests first, then to those who borrow.
void FlowControl::Seats::give_back(const std::string& name) {
  std::vector<std::pair<WaiterPtr, std::shared_ptr<void>>> ready;
  {
    std::lock_guard lock(mutex);
    Level& level = levels[name];
    --level.working;
    if (waiting == 0) return;
    const auto serve = [&](const std::string& who, Level& of) {
      while (of.waiting > 0 && has_seat(of)) {
        ready.emplace_back(of.take_next(), take_seat(who));
        --waiting;
      }
    };
    serve(name, level);
    for (auto& [who, other] : levels) serve(who, other);
  }
  for (auto& [waiter, seat] : ready) start(std::move(waiter), std::move(seat));
}

void FlowControl::Seats::start(WaiterPtr waiter, std::shared_ptr<void> seat) {
  Loop& loop = waiter->exchange->loop();
  loop.post([waiter = std::move(waiter), seat = std::move(seat)]() mutable {
    ExchangePtr exchange = std::move(waiter->exchange);
    exchange->loop().cancel(waiter->timer);
    if (exchange->responder->closed()) return;
    exchange->in_flight = std::move(seat);
    waiter->go(std::move(exchange));
  });
}

void FlowControl::Seats::wait(Level& level, const std::string& name, std::string flow, ExchangePtr exchange,
                              UniqueFunction<void(ExchangePtr)> go) {
  auto waiter = std::make_shared<Waiter>();
  waiter->exchange = std::move(exchange);
  waiter->go = std::move(go);
  auto& queue = level.flows[flow];
  if (queue.empty()) level.turns.push_back(flow);
  queue.push_back(waiter);
  ++level.waiting;
  ++waiting;
  auto self = shared_from_this();
  waiter->timer = waiter->exchange->loop().after(
      wait_max, [self, name, flow = std::move(flow), waiter] { self->give_up(name, flow, waiter); });
}

void FlowControl::Seats::give_up(const std::string& name, const std::string& flow, const WaiterPtr& waiter) {
  {
    std::lock_guard lock(mutex);
    const auto level = levels.find(name);
    if (level == levels.end() || !level->second.remove(flow, waiter)) return;  // its turn has come
    --waiting;
  }
  waiter->exchange->fail(refused());
  waiter->exchange.reset();
}

void FlowControl::Seats::enter(const FlowStatePtr& state, const FlowRoute& route, ExchangePtr exchange,
                               UniqueFunction<void(ExchangePtr)> go) {
  const std::string& name = route.level->name;
  {
    std::unique_lock lock(mutex);
    configure(state);
    Level& level = levels[name];
    if (level.waiting == 0 && has_seat(level)) {
      exchange->in_flight = take_seat(name);
    } else {
      std::string flow = route.schema->flow_of(*exchange->user, exchange->info);
      const auto queue = level.flows.find(flow);
      const bool full =
          level.waiting >= level.waiting_max || (queue != level.flows.end() && queue->second.size() >= level.flow_waiting_max);
      if (!full) return wait(level, name, std::move(flow), std::move(exchange), std::move(go));
      lock.unlock();
      return exchange->fail(refused());
    }
  }
  go(std::move(exchange));
}

std::string FlowControl::metrics_text(const store::Snapshot& snapshot) {
  const FlowStatePtr state = book_.at(snapshot);
  std::lock_guard lock(seats_->mutex);
  seats_->configure(state);
  const auto gauge = [&](std::string_view name, std::size_t Level::*number) {
    std::string out = "# TYPE apiserver_flowcontrol_" + std::string(name) + " gauge\n";
    for (const auto& [level, here] : seats_->levels) {
      out += "apiserver_flowcontrol_" + std::string(name) + "{priority_level=\"" + level + "\"} " +
             std::to_string(here.*number) + "\n";
    }
    return out;
  };
  return gauge("nominal_limit_seats", &Level::nominal) + gauge("current_executing_requests", &Level::working) +
         gauge("current_inqueue_requests", &Level::waiting);
}

FlowControl::FlowControl(std::size_t seats, Duration wait_max) : seats_(std::make_shared<Seats>(seats, wait_max)) {}
FlowControl::~FlowControl() = default;

void FlowControl::enter(ExchangePtr exchange, const store::Snapshot& snapshot, UniqueFunction<void(ExchangePtr)> go) {
  if (exchange->user->privileged()) return go(std::move(exchange));
  const FlowStatePtr state = book_.at(snapshot);
  const FlowRoute& route = state->find(*exchange->user, exchange->info);
  exchange->flow = route.marks;
  if (route.level->exempt || is_long_running(exchange->info)) return go(std::move(exchange));
  seats_->enter(state, route, std::move(exchange), std::move(go));
}

}  // namespace plinth::server
