#include "platform/controller_host.h"

#include "platform/store_view.h"

namespace plinth::platform {

void ControllerHost::add(std::unique_ptr<client::Controller> controller) {
  Entry entry;
  entry.transport = std::make_unique<DirectTransport>(api_, loop_, controller_user(controller->name()));
  auto view = [this] { return make_store_view(api_.registry(), store_.snapshot()); };
  entry.loop = std::make_unique<client::ReconcileLoop>(*controller, *entry.transport, view, loop_, clock_, log_);
  entry.controller = std::move(controller);
  entries_.push_back(std::move(entry));
}

Result<void> ControllerHost::start() {
  TRY(open_stream());
  for (Entry& entry : entries_) entry.loop->start();
  return {};
}

void ControllerHost::stop() {
  *alive_ = false;
  watch_.reset();
  for (Entry& entry : entries_) entry.loop->stop();
}

Result<void> ControllerHost::open_stream() {
  watch_ = TRY(store_.watch("/", store_.snapshot()->revision(), loop_, [this, alive = alive_] {
    if (*alive) pump();
  }));
  return {};
}

void ControllerHost::pump() {
  constexpr std::size_t kEventsPerTurn = 64;
  if (watch_ == nullptr) return;
  store::Revision progress = 0;
  auto events = watch_->next(kEventsPerTurn, progress);
  if (!events.ok()) {
    // The stream was cut: what was missed is found by looking at everything again.
    auto opened = open_stream();
    if (!opened.ok()) return;
    for (Entry& entry : entries_) entry.loop->start();
    return;
  }
  if (events->empty()) return;
  const auto view = make_store_view(api_.registry(), store_.snapshot());
  for (const store::EventPtr& event : *events) {
    const auto change = change_of(api_.registry(), *event);
    if (!change) continue;
    for (Entry& entry : entries_) entry.loop->on_change(*change, *view);
  }
  loop_.post([this, alive = alive_] {
    if (*alive) pump();
  });
}

}  // namespace plinth::platform
