#include "client/reconcile_loop.h"

#include <algorithm>

namespace plinth::client {

struct ReconcileLoop::Run {
  std::string key;
  Plan plan;
  std::size_t at = 0;
  std::vector<Failure> failures;

  // Puts a text of the answer where the requests that are left ask for it.
  Result<void> hand_on(const Response& response, std::string_view path) {
    const std::string text = TRY(text_of_answer(response, path));
    for (std::size_t i = at; i < plan.requests.size(); ++i) {
      std::string& body = plan.requests[i].body;
      for (std::size_t found = 0; (found = body.find(kFromAnswer, found)) != std::string::npos; found += text.size()) {
        body.replace(found, kFromAnswer.size(), text);
      }
    }
    return {};
  }
};

ReconcileLoop::ReconcileLoop(const Controller& controller, Transport& transport,
                             std::function<std::shared_ptr<const View>()> view, Loop& loop, Clock& clock, Logger log,
                             ReconcileLimits limits)
    : controller_(controller),
      transport_(transport),
      view_(std::move(view)),
      loop_(loop),
      clock_(clock),
      log_(std::move(log)),
      limits_(limits) {}

ReconcileLoop::~ReconcileLoop() { stop(); }

void ReconcileLoop::start() {
  started_ = true;
  std::vector<std::string> keys;
  controller_.initial_keys(*view_(), keys);
  for (const std::string& key : keys) enqueue(key);
}

void ReconcileLoop::stop() {
  *alive_ = false;
  started_ = false;
  for (const auto& [key, timer] : timers_) loop_.cancel(timer);
  timers_.clear();
  queue_.clear();
  queued_.clear();
  blind_.clear();
  if (blind_timer_ != 0) loop_.cancel(std::exchange(blind_timer_, 0));
}

void ReconcileLoop::on_change(const Change& change, const View& view) {
  if (!started_) return;
  std::vector<std::string> keys;
  controller_.keys_of(change, view, keys);
  for (const std::string& key : keys) enqueue(key);
  on_progress();
}

void ReconcileLoop::on_progress() {
  if (!started_ || blind_.empty()) return;
  for (const std::string& key : std::exchange(blind_, {})) enqueue(key);
}

// Told again by the view's progress, or at the latest when the wait is given up.
bool ReconcileLoop::must_wait(const std::string& key) {
  if (expectations_.empty()) return false;
  const std::size_t given_up = expectations_.given_up();
  if (!expectations_.fulfilled(key, *view_(), clock_.monotonic_ns())) {
    blind_.insert(key);
    if (blind_timer_ == 0) {
      blind_timer_ = loop_.after(Duration(Expectations::kWaitNsMax), [this, alive = alive_] {
        if (!*alive) return;
        blind_timer_ = 0;
        on_progress();
      });
    }
    return true;
  }
  if (expectations_.given_up() != given_up) {
    log_.log(LogLevel::kWarning, "what was written is not seen; going on without",
             {{"controller", controller_.name()}, {"key", key}});
  }
  return false;
}

void ReconcileLoop::enqueue(const std::string& key) {
  if (!queued_.insert(key).second) return;
  queue_.push_back(key);
  schedule_pump();
}

// Never at once: steps end inside pump() when their plans are empty.
void ReconcileLoop::schedule_pump() {
  if (pump_posted_ || queue_.empty()) return;
  pump_posted_ = true;
  loop_.post([this, alive = alive_] {
    if (!*alive) return;
    pump_posted_ = false;
    pump();
  });
}

void ReconcileLoop::enqueue_after(const std::string& key, Duration delay) {
  if (auto it = timers_.find(key); it != timers_.end()) loop_.cancel(it->second);
  timers_[key] = loop_.after(delay, [this, key, alive = alive_] {
    if (!*alive) return;
    timers_.erase(key);
    enqueue(key);
  });
}

// A key that is under way waits at the end of the queue: steps of one key never overlap.
void ReconcileLoop::pump() {
  std::size_t looked = queue_.size();
  while (looked-- > 0 && !queue_.empty() && running_.size() < limits_.steps_at_once) {
    std::string key = std::move(queue_.front());
    queue_.pop_front();
    if (running_.count(key) > 0) {
      queue_.push_back(std::move(key));
      continue;
    }
    queued_.erase(key);
    if (!must_wait(key)) run(key);
  }
}

void ReconcileLoop::run(const std::string& key) {
  auto run = std::make_shared<Run>();
  run->key = key;
  StepContext context;
  context.wall_ns = clock_.wall_ns();
  if (const auto failed = failures_.find(key); failed != failures_.end()) context.failures = failed->second.last;
  run->plan = controller_.step(*view_(), key, context);
  running_.insert(key);
  next_request(run);
}

void ReconcileLoop::next_request(const std::shared_ptr<Run>& run) {
  const bool ended = !run->failures.empty() && run->at <= run->plan.independent_from;
  if (ended || run->at == run->plan.requests.size()) return finish(run);
  const Request& request = run->plan.requests[run->at];
  transport_.call(request, [this, run, alive = alive_](Result<Response> response) {
    if (!*alive) return;
    const Request& made = run->plan.requests[run->at++];
    auto outcome =
        response.ok() ? check_response(*response, made.check, made.check_uid) : Result<void>(std::move(response).error());
    if (outcome.ok() && !made.answer_path.empty()) outcome = run->hand_on(*response, made.answer_path);
    if (outcome.ok()) {
      auto write = own_write(made.method, made.target, *response);
      if (write && !write->seen_in(*view_())) expectations_.add(run->key, std::move(*write), clock_.monotonic_ns());
    }
    take_outcome(run, made, std::move(outcome));
    next_request(run);
  });
}

void ReconcileLoop::take_outcome(const std::shared_ptr<Run>& run, const Request& request, Result<void> outcome) {
  if (outcome.ok()) return;
  const Error& error = outcome.error();
  const bool moved_on = error.reason() == Reason::kConflict || error.reason() == Reason::kNotFound;
  log_.log(moved_on ? LogLevel::kDebug : LogLevel::kWarning,
           request.optional ? "an Event was not written" : "a step failed and is tried again",
           {{"controller", controller_.name()}, {"key", run->key}, {"error", error}});
  if (request.optional) return;
  run->failures.push_back({request.method, request.target, error.reason(), error.code(), error.message()});
}

void ReconcileLoop::finish(const std::shared_ptr<Run>& run) {
  running_.erase(run->key);
  if (run->failures.empty()) {
    // What a step said about failures is no longer true.
    if (failures_.erase(run->key) > 0) enqueue(run->key);
    if (run->plan.revisit_ns) enqueue_after(run->key, Duration(*run->plan.revisit_ns));
  } else {
    Failures& failures = failures_[run->key];
    failures.last = std::move(run->failures);
    const int count = std::min(failures.count++, 20);
    enqueue_after(run->key, std::min<Duration>(limits_.backoff_first * (std::int64_t{1} << count), limits_.backoff_max));
  }
  schedule_pump();
}

}  // namespace plinth::client
