#include "platform/direct_cluster.h"

#include "platform/direct_transport.h"
#include "platform/store_view.h"

namespace plinth::platform {

void DirectCluster::start(client::ClusterEvents& events, UniqueFunction<void(Result<void>)> ready) {
  events_ = &events;
  ready(open_stream());
}

void DirectCluster::stop() {
  *alive_ = false;
  watch_.reset();
}

std::shared_ptr<const client::View> DirectCluster::view() { return make_store_view(api_.registry(), store_.snapshot()); }

std::unique_ptr<client::Transport> DirectCluster::transport(std::string_view controller) {
  return std::make_unique<DirectTransport>(api_, loop_, controller_user(controller));
}

Result<void> DirectCluster::open_stream() {
  watch_ = TRY(store_.watch("/", store_.snapshot()->revision(), loop_, [this, alive = alive_] {
    if (*alive) pump();
  }));
  return {};
}

void DirectCluster::pump() {
  constexpr std::size_t kEventsPerTurn = 64;
  if (watch_ == nullptr) return;
  store::Revision progress = 0;
  auto changes = watch_->next(kEventsPerTurn, progress);
  if (!changes.ok()) {
    // The stream was cut: what was missed is found by looking at everything again.
    if (open_stream().ok()) events_->on_reset();
    return;
  }
  if (changes->empty()) return;
  // A definition of a kind is seen together with the kind: the thread that wrote it may not have come so far.
  for (const store::EventPtr& event : *changes) {
    if (!defines_kinds(api_.registry(), *event)) continue;
    api_.registry().sync(*store_.snapshot());
    break;
  }
  const auto now = view();
  for (const store::EventPtr& event : *changes) {
    if (const auto change = change_of(api_.registry(), *event)) events_->on_change(*change, *now);
  }
  loop_.post([this, alive = alive_] {
    if (*alive) pump();
  });
}

}  // namespace plinth::platform
