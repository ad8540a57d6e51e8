#include "node/runtime/sim_console.h"

#include <algorithm>

namespace plinth::node {

class SimAttachment final : public ProcessStream {
 public:
  SimAttachment(std::shared_ptr<SimConsole> console, bool wants_input)
      : console_(std::move(console)), wants_input_(wants_input) {
    console_->attachments_.push_back(this);
  }
  ~SimAttachment() override {
    *alive_ = false;
    auto& all = console_->attachments_;
    all.erase(std::remove(all.begin(), all.end(), this), all.end());
    close_input();
  }

  void start(ProcessEvents* events) override {
    events_ = events;
    wake();
  }
  void write_input(std::string_view bytes) override {
    if (wants_input_) console_->type(bytes);
  }
  std::size_t queued_input_bytes() const override { return console_->input_.size(); }
  void close_input() override {
    if (std::exchange(wants_input_, false)) console_->end_input();
  }
  void pause_output(bool paused) override {
    paused_ = paused;
    if (!paused) wake();
  }
  void resize(std::uint16_t, std::uint16_t) override {}

  void hear(std::string_view text, bool error_output) {
    if (unread_.size() + text.size() > SimConsole::kUnreadBytesMax)
      behind_ = true;
    else
      (error_output ? unread_error_ : unread_) += text;
    wake();
  }
  void input_taken() {
    if (events_ != nullptr) events_->on_input_drained();
  }
  void wake() {
    console_->loop_.post([this, alive = alive_] {
      if (*alive) deliver();
    });
  }

 private:
  void deliver() {
    const auto alive = alive_;
    if (events_ == nullptr || paused_) return;
    if (!unread_.empty()) events_->on_output(std::exchange(unread_, {}));
    if (!*alive) return;
    if (!unread_error_.empty()) events_->on_error_output(std::exchange(unread_error_, {}));
    if (!*alive || paused_) return;
    if (behind_)
      return std::exchange(events_, nullptr)->on_end(internal_error("the client fell behind the container's output"));
    if (console_->ended_) std::exchange(events_, nullptr)->on_end(0);
  }

  std::shared_ptr<SimConsole> console_;
  bool wants_input_, paused_ = false, behind_ = false;
  ProcessEvents* events_ = nullptr;
  std::string unread_, unread_error_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

void SimConsole::say(std::string_view text, bool error_output) {
  for (SimAttachment* each : attachments_) each->hear(text, error_output);
}

void SimConsole::end() {
  ended_ = true;
  wake_ = nullptr;
  for (SimAttachment* each : attachments_) each->wake();
}

std::unique_ptr<ProcessStream> SimConsole::attach(bool wants_input) {
  return std::make_unique<SimAttachment>(shared_from_this(), wants_input && has_input_);
}

std::string SimConsole::take_input() {
  std::string out = std::exchange(input_, {});
  if (out.empty()) return out;
  loop_.post([self = shared_from_this()] {
    if (!self->input_.empty()) return;
    const auto all = self->attachments_;
    for (SimAttachment* each : all) {
      if (std::find(self->attachments_.begin(), self->attachments_.end(), each) != self->attachments_.end())
        each->input_taken();
    }
  });
  return out;
}

void SimConsole::type(std::string_view bytes) {
  if (input_ended_ || ended_) return;
  input_ += bytes;
  if (wake_)
    loop_.post([self = shared_from_this()] {
      if (self->wake_) self->wake_();
    });
}

void SimConsole::end_input() {
  if (!input_once_ || input_ended_) return;
  input_ended_ = true;
  if (wake_)
    loop_.post([self = shared_from_this()] {
      if (self->wake_) self->wake_();
    });
}

}  // namespace plinth::node
