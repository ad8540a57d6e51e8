#include "cri/call_order.h"

namespace plinth::cri {

void CallOrder::run(const std::string& id, UniqueFunction<void(Task)> work) {
  auto& queue = waiting_[id];
  queue.push_back(std::move(work));
  if (queue.size() == 1) begin_next(id);
}

void CallOrder::begin_next(const std::string& id) {
  const auto work = std::move(waiting_.at(id).front());
  work([self = self_, id] {
    if (*self == nullptr) return;
    CallOrder& order = **self;
    const auto found = order.waiting_.find(id);
    found->second.pop_front();
    if (found->second.empty())
      order.waiting_.erase(found);
    else
      order.begin_next(id);
  });
}

}  // namespace plinth::cri
