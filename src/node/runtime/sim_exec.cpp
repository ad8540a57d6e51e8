#include "node/runtime/sim_exec.h"

namespace plinth::node {
namespace {

constexpr Duration kForever = std::chrono::hours(24 * 365);

class SimProcess final : public ProcessStream {
 public:
  SimProcess(Loop& loop, std::vector<ScriptStep> steps, bool has_input)
      : loop_(loop), steps_(std::move(steps)), input_open_(has_input) {}
  ~SimProcess() override {
    *alive_ = false;
    if (timer_ != 0) loop_.cancel(timer_);
  }

  void start(ProcessEvents* events) override {
    events_ = events;
    wake();
  }
  void write_input(std::string_view bytes) override {
    if (!input_open_) return;
    input_ += bytes;
    wake();
  }
  std::size_t queued_input_bytes() const override { return input_.size(); }
  void close_input() override {
    input_open_ = false;
    wake();
  }
  void pause_output(bool paused) override {
    paused_ = paused;
    if (!paused) wake();
  }
  void resize(std::uint16_t, std::uint16_t) override {}

 private:
  void wake() {
    loop_.post([this, alive = alive_] {
      if (*alive) play();
    });
  }

  void play() {
    const auto alive = alive_;
    while (*alive && events_ != nullptr && !paused_ && timer_ == 0 && at_ < steps_.size()) {
      const ScriptStep& step = steps_[at_];
      if (step.kind == ScriptStep::Kind::kCopyInput) {
        if (!input_.empty()) {
          events_->on_output(std::exchange(input_, {}));
          if (*alive) events_->on_input_drained();
          continue;
        }
        if (input_open_) return;
      }
      ++at_;
      if (step.kind == ScriptStep::Kind::kRun) return;
      if (step.kind == ScriptStep::Kind::kOutput && step.file.empty()) {
        if (step.error_output)
          events_->on_error_output(step.text);
        else
          events_->on_output(step.text);
      } else if (step.kind == ScriptStep::Kind::kSleep) {
        timer_ = loop_.after(step.duration, [this, alive] {
          if (!*alive) return;
          timer_ = 0;
          play();
        });
      } else if (step.kind == ScriptStep::Kind::kExit) {
        at_ = steps_.size();
        std::exchange(events_, nullptr)->on_end(step.code);
        return;
      }
    }
  }

  Loop& loop_;
  std::vector<ScriptStep> steps_;
  std::size_t at_ = 0;
  std::string input_;
  bool input_open_, paused_ = false;
  TimerId timer_ = 0;
  ProcessEvents* events_ = nullptr;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

class SimConnection final : public Stream, private ProcessEvents {
 public:
  SimConnection(Loop& loop, std::vector<ScriptStep> steps)
      : loop_(loop), process_(make_sim_process(loop, std::move(steps), true)) {}
  ~SimConnection() override { *alive_ = false; }

  void start(StreamEvents* events) override {
    events_ = events;
    if (process_ && !std::exchange(started_, true)) process_->start(this);
  }
  void write(ByteChain bytes) override {
    if (process_) process_->write_input(flatten(bytes));
  }
  std::size_t queued_bytes() const override { return process_ ? process_->queued_input_bytes() : 0; }
  void pause_reading(bool paused) override {
    if (process_) process_->pause_output(paused);
  }
  void shutdown_write() override {
    if (process_) process_->close_input();
  }
  void close() override {
    process_.reset();
    loop_.post([this, alive = alive_] {
      if (*alive && events_ != nullptr) std::exchange(events_, nullptr)->on_closed();
    });
  }
  const PeerInfo& peer() const override { return peer_; }
  Loop& loop() override { return loop_; }

 private:
  void on_output(std::string_view bytes) override { events_->on_data(bytes); }
  void on_error_output(std::string_view) override {}
  void on_input_drained() override { events_->on_drained(); }
  void on_end(Result<std::int32_t>) override {
    const auto alive = alive_;
    events_->on_read_closed();
    if (*alive) close();
  }

  Loop& loop_;
  std::unique_ptr<ProcessStream> process_;
  StreamEvents* events_ = nullptr;
  PeerInfo peer_;
  bool started_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace

ExecOutcome exec_outcome(const std::vector<ScriptStep>& steps, std::string_view input) {
  ExecOutcome outcome;
  for (const ScriptStep& step : steps) {
    switch (step.kind) {
      case ScriptStep::Kind::kOutput:
        if (step.file.empty())
          (step.error_output ? outcome.result.standard_error : outcome.result.standard_output) += step.text;
        break;
      case ScriptStep::Kind::kCopyInput:
        outcome.result.standard_output += input;
        break;
      case ScriptStep::Kind::kSleep:
        outcome.duration += step.duration;
        break;
      case ScriptStep::Kind::kRun:
        outcome.duration = kForever;
        return outcome;
      case ScriptStep::Kind::kExit:
        outcome.result.exit_code = step.code;
        return outcome;
      default:
        break;
    }
  }
  return outcome;
}

std::unique_ptr<ProcessStream> make_sim_process(Loop& loop, std::vector<ScriptStep> steps, bool has_input) {
  return std::make_unique<SimProcess>(loop, std::move(steps), has_input);
}

std::unique_ptr<Stream> make_sim_connection(Loop& loop, std::vector<ScriptStep> steps) {
  return std::make_unique<SimConnection>(loop, std::move(steps));
}

}  // namespace plinth::node
