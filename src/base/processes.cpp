#include "base/processes.h"

#include <algorithm>

#include <fmt/core.h>

namespace plinth {
namespace {

// Lives by its timer.
class Command final : public ChildEvents, public std::enable_shared_from_this<Command> {
 public:
  Command(Loop& loop, std::string name, std::size_t bytes_max, UniqueFunction<void(Result<CommandOutcome>)> done)
      : loop_(loop), name_(std::move(name)), bytes_max_(bytes_max), done_(std::move(done)) {}

  void arm(Duration timeout) {
    timer_ = loop_.after(timeout, [self = shared_from_this(), timeout] {
      self->timer_ = 0;
      const double seconds = std::chrono::duration<double>(timeout).count();
      self->finish(Error(Reason::kTimeout, fmt::format("{}: did not end within {} s", self->name_, seconds)));
    });
  }
  void begin(Result<std::unique_ptr<ChildProcess>> child, const std::string& input, bool has_input) {
    if (!done_) return;
    if (!child.ok()) return finish(std::move(child).error());
    child_ = std::move(*child);
    child_->start(this);
    if (!has_input) return;
    child_->write_input(input);
    child_->close_input();
  }

 private:
  void on_output(std::string_view bytes) override { append(outcome_.output, bytes); }
  void on_error_output(std::string_view bytes) override { append(outcome_.error_output, bytes); }
  void on_exit(ExitStatus status) override {
    outcome_.status = status;
    finish(std::move(outcome_));
  }
  void append(std::string& to, std::string_view bytes) const {
    to += bytes.substr(0, bytes_max_ - std::min(bytes_max_, to.size()));
  }

  void finish(Result<CommandOutcome> outcome) {
    if (!done_) return;
    const auto self = shared_from_this();
    const auto done = std::move(done_);
    if (timer_ != 0) loop_.cancel(timer_);
    child_.reset();
    done(std::move(outcome));
  }

  Loop& loop_;
  std::string name_;
  std::size_t bytes_max_;
  UniqueFunction<void(Result<CommandOutcome>)> done_;
  std::unique_ptr<ChildProcess> child_;
  CommandOutcome outcome_;
  TimerId timer_ = 0;
};

}  // namespace

void run_command(Processes& processes, Loop& loop, SpawnRequest request, std::string input, Duration timeout,
                 std::size_t bytes_max, UniqueFunction<void(Result<CommandOutcome>)> done) {
  request.output = ChildOutput::kPipes;
  request.input = !input.empty();
  auto command = std::make_shared<Command>(loop, request.arguments.front(), bytes_max, std::move(done));
  command->arm(timeout);
  processes.spawn(std::move(request), [command, input = std::move(input)](Result<std::unique_ptr<ChildProcess>> child) {
    command->begin(std::move(child), input, !input.empty());
  });
}

}  // namespace plinth
