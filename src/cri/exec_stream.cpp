#include "cri/exec_stream.h"

namespace plinth::cri {
namespace {

constexpr std::size_t kPidFileBytesMax = 32;
constexpr Duration kKillTimeout = std::chrono::seconds(5);

// Keeps the OCI runtime alive until the command in the container is dead: killed first, it would leave the command behind.
class DyingExec final : public ChildEvents, public std::enable_shared_from_this<DyingExec> {
 public:
  DyingExec(Loop& loop, std::unique_ptr<ChildProcess> child) : loop_(loop), child_(std::move(child)) {}
  void wait() {
    // The stream's events are replaced: its owner is gone.
    child_->start(this);
    timer_ = loop_.after(kKillTimeout, [self = shared_from_this()] {
      self->timer_ = 0;
      self->child_.reset();
    });
    child_->close_input();
  }

 private:
  void on_output(std::string_view) override {}
  void on_exit(ExitStatus) override {
    const auto self = shared_from_this();
    if (timer_ != 0) loop_.cancel(std::exchange(timer_, 0));
    child_.reset();
  }

  Loop& loop_;
  std::unique_ptr<ChildProcess> child_;
  TimerId timer_ = 0;
};

class ExecStream final : public node::ProcessStream, private ChildEvents {
 public:
  ExecStream(Processes& processes, Loop& loop, Disk& disk, ExecPlan plan, std::unique_ptr<ChildProcess> child)
      : processes_(processes), loop_(loop), disk_(disk), plan_(std::move(plan)), child_(std::move(child)) {}

  ~ExecStream() override {
    if (!ended_) kill_command();
    (void)disk_.remove(plan_.pid_file);
  }

  void start(node::ProcessEvents* events) override {
    events_ = events;
    child_->start(this);
  }
  void write_input(std::string_view bytes) override { child_->write_input(bytes); }
  std::size_t queued_input_bytes() const override { return child_->queued_input_bytes(); }
  void close_input() override { child_->close_input(); }
  void pause_output(bool paused) override { child_->pause_output(paused); }
  void resize(std::uint16_t width, std::uint16_t height) override { child_->resize(width, height); }

 private:
  void on_output(std::string_view bytes) override { events_->on_output(bytes); }
  void on_error_output(std::string_view bytes) override { events_->on_error_output(bytes); }
  void on_input_drained() override { events_->on_input_drained(); }
  void on_exit(ExitStatus status) override {
    ended_ = true;
    events_->on_end(static_cast<std::int32_t>(status.shell_code()));
  }

  void kill_command() {
    const auto pid = read_file(disk_, plan_.pid_file, kPidFileBytesMax);
    const bool known = pid.ok() && !pid->empty() && pid->find_first_not_of("0123456789") == std::string::npos;
    if (!known) return child_->signal(15);  // it passes most signals on to the command
    std::make_shared<DyingExec>(loop_, std::move(child_))->wait();
    SpawnRequest kill;
    kill.arguments = {"/bin/kill", "-KILL", *pid};
    run_command(processes_, loop_, std::move(kill), "", kKillTimeout, 0, [](Result<CommandOutcome>) {});
  }

  Processes& processes_;
  Loop& loop_;
  Disk& disk_;
  ExecPlan plan_;
  std::unique_ptr<ChildProcess> child_;
  node::ProcessEvents* events_ = nullptr;
  bool ended_ = false;
};

}  // namespace

SpawnRequest exec_arguments(const ExecPlan& plan, const node::ExecRequest& request) {
  SpawnRequest spawn;
  spawn.arguments = {plan.oci_program, "--root", plan.oci_root, "exec", "--pid-file", plan.pid_file};
  if (request.tty) spawn.arguments.push_back("--tty");
  spawn.arguments.push_back(request.container_id);
  spawn.arguments.insert(spawn.arguments.end(), request.command.begin(), request.command.end());
  spawn.output = request.tty ? ChildOutput::kTerminal : ChildOutput::kPipes;
  spawn.input = request.standard_input;
  return spawn;
}

std::unique_ptr<node::ProcessStream> make_exec_stream(Processes& processes, Loop& loop, Disk& disk, ExecPlan plan,
                                                      std::unique_ptr<ChildProcess> child) {
  return std::make_unique<ExecStream>(processes, loop, disk, std::move(plan), std::move(child));
}

}  // namespace plinth::cri
