#include "client/controller_host.h"

namespace plinth::client {

void ControllerHost::add(std::unique_ptr<Controller> controller) {
  Entry entry;
  entry.transport = cluster_->transport(controller->name());
  entry.loop = std::make_unique<ReconcileLoop>(
      *controller, *entry.transport, [this] { return cluster_->view(); }, loop_, clock_, log_);
  entry.controller = std::move(controller);
  entries_.push_back(std::move(entry));
}

void ControllerHost::start(UniqueFunction<void(Result<void>)> done) {
  auto held = std::make_shared<UniqueFunction<void(Result<void>)>>(std::move(done));
  cluster_->start(*this, [this, held](Result<void> ready) {
    if (ready.ok()) {
      for (Entry& entry : entries_) entry.loop->start();
    }
    (*held)(std::move(ready));
  });
}

void ControllerHost::stop() {
  if (std::exchange(stopped_, true)) return;
  cluster_->stop();
  for (Entry& entry : entries_) entry.loop->stop();
}

bool ControllerHost::idle() const {
  for (const Entry& entry : entries_) {
    if (!entry.loop->idle()) return false;
  }
  return true;
}

std::size_t ControllerHost::planned_requests(std::string& what) {
  std::size_t planned = 0;
  const auto view = cluster_->view();
  for (Entry& entry : entries_) {
    std::vector<std::string> keys;
    entry.controller->initial_keys(*view, keys);
    for (const std::string& key : keys) {
      const Plan plan = entry.controller->step(*view, key, {clock_.wall_ns()});
      if (plan.requests.empty()) continue;
      if (planned == 0)
        what =
            std::string(entry.controller->name()) + " " + key + ": " + plan.requests[0].method + " " + plan.requests[0].target;
      planned += plan.requests.size();
    }
  }
  return planned;
}

void ControllerHost::on_change(const Change& change, const View& view) {
  for (Entry& entry : entries_) entry.loop->on_change(change, view);
}

void ControllerHost::on_progress() {
  for (Entry& entry : entries_) entry.loop->on_progress();
}

void ControllerHost::on_reset() {
  for (Entry& entry : entries_) entry.loop->start();
}

}  // namespace plinth::client
