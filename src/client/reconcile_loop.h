// Runs a controller: queue of keys without duplicates, one step of a key at a time, its requests in order, back-off after
// failures. A key waits until the view has seen what was last written for it (expectations.h).
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "base/log.h"
#include "base/world.h"
#include "client/controller.h"
#include "client/expectations.h"

namespace plinth::client {

struct ReconcileLimits {
  std::size_t steps_at_once = 8;  // keys whose requests are under way
  Duration backoff_first = std::chrono::milliseconds(50);
  Duration backoff_max = std::chrono::minutes(2);
};

// Lives on one loop.
class ReconcileLoop {
 public:
  // `view` gives the present state; it is asked for once per step.
  ReconcileLoop(const Controller& controller, Transport& transport, std::function<std::shared_ptr<const View>()> view,
                Loop& loop, Clock& clock, Logger log, ReconcileLimits limits = {});
  ~ReconcileLoop();

  // Looks at the first keys; called again, at all of them again.
  void start();
  void stop();
  void on_change(const Change& change, const View& view);
  // The view has moved on: keys that wait for it are tried again.
  void on_progress();
  bool idle() const { return queue_.empty() && running_.empty(); }

 private:
  struct Run;
  void enqueue(const std::string& key);
  void enqueue_after(const std::string& key, Duration delay);
  void pump();
  void schedule_pump();
  bool must_wait(const std::string& key);
  void run(const std::string& key);
  void next_request(const std::shared_ptr<Run>& run);
  void take_outcome(const std::shared_ptr<Run>& run, const Request& request, Result<void> outcome);
  void finish(const std::shared_ptr<Run>& run);

  const Controller& controller_;
  Transport& transport_;
  std::function<std::shared_ptr<const View>()> view_;
  Loop& loop_;
  Clock& clock_;
  const Logger log_;
  const ReconcileLimits limits_;
  Expectations expectations_;
  std::set<std::string> blind_;  // keys that wait for the view to show what was written for them
  TimerId blind_timer_ = 0;      // tries them again if the view never does
  std::deque<std::string> queue_;
  std::set<std::string> queued_;
  std::set<std::string> running_;
  struct Failures {
    int count = 0;
    std::vector<Failure> last;
  };
  std::map<std::string, Failures> failures_;
  std::map<std::string, TimerId> timers_;  // of keys that wait
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  bool started_ = false;
  bool pump_posted_ = false;
};

}  // namespace plinth::client
