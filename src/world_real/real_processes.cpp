#include "world_real/real_processes.h"

#include <array>
#include <cerrno>
#include <optional>

#include <fcntl.h>
#include <fmt/core.h>
#include <pty.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

#include "world_real/pipe_stream.h"
#include "world_real/posix_error.h"
#include "world_real/spawn_message.h"

namespace plinth::world_real {
namespace {

// How long output may go on after the child ended: something that it started may hold the pipe.
constexpr Duration kOutputAfterExit = std::chrono::seconds(1);
constexpr std::size_t kReplyBytesMax = 8192;

// Our ends and the child's of its stdio.
struct Stdio {
  std::array<UniqueFd, 3> child;
  UniqueFd input, output, error_output, terminal;
};

Result<UniqueFd> open_null(int flags) {
  UniqueFd fd(::open("/dev/null", flags | O_CLOEXEC));
  if (!fd.valid()) return posix_error("/dev/null", errno);
  return fd;
}

Result<std::pair<UniqueFd, UniqueFd>> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return posix_error("pipe", errno);
  return std::pair{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

Result<UniqueFd> duplicate(const UniqueFd& fd) {
  UniqueFd copy(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 0));
  if (!copy.valid()) return posix_error("dup", errno);
  return copy;
}

Result<Stdio> open_terminal() {
  int ours = -1, theirs = -1;
  if (::openpty(&ours, &theirs, nullptr, nullptr, nullptr) != 0) return posix_error("openpty", errno);
  Stdio stdio;
  stdio.terminal = UniqueFd(ours);
  stdio.child[0] = UniqueFd(theirs);
  ::fcntl(ours, F_SETFD, FD_CLOEXEC);
  ::fcntl(theirs, F_SETFD, FD_CLOEXEC);
  stdio.child[1] = TRY(duplicate(stdio.child[0]));
  stdio.child[2] = TRY(duplicate(stdio.child[0]));
  stdio.input = TRY(duplicate(stdio.terminal));
  stdio.output = TRY(duplicate(stdio.terminal));
  return stdio;
}

Result<Stdio> open_stdio(const SpawnRequest& request) {
  if (request.output == ChildOutput::kTerminal) return open_terminal();
  Stdio stdio;
  if (request.input) {
    auto [read, write] = TRY(make_pipe());
    stdio.child[0] = std::move(read);
    stdio.input = std::move(write);
  } else {
    stdio.child[0] = TRY(open_null(O_RDONLY));
  }
  if (request.output == ChildOutput::kPipes) {
    auto [read, write] = TRY(make_pipe());
    auto [error_read, error_write] = TRY(make_pipe());
    stdio.output = std::move(read);
    stdio.child[1] = std::move(write);
    stdio.error_output = std::move(error_read);
    stdio.child[2] = std::move(error_write);
    return stdio;
  }
  if (request.output == ChildOutput::kFile) {
    stdio.child[1] = UniqueFd(::open(request.log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    if (!stdio.child[1].valid()) return posix_error(request.log_file, errno);
  } else {
    stdio.child[1] = TRY(open_null(O_WRONLY));
  }
  stdio.child[2] = TRY(duplicate(stdio.child[1]));
  return stdio;
}

ExitStatus exit_status(int status) {
  if (WIFSIGNALED(status)) return {0, WTERMSIG(status)};
  return {WEXITSTATUS(status), 0};
}

}  // namespace

class RealChild final : public ChildProcess {
 public:
  RealChild(RealProcesses& processes, std::uint64_t id, Stdio stdio)
      : processes_(processes), processes_alive_(processes.alive_), id_(id), terminal_(std::move(stdio.terminal)) {
    EpollLoop& loop = processes.loop_;
    if (stdio.input.valid()) {
      input_ = std::make_unique<PipeWriter>(loop, std::move(stdio.input), [this] {
        if (events_ != nullptr) events_->on_input_drained();
      });
    }
    if (stdio.output.valid()) {
      output_ = std::make_unique<PipeReader>(
          loop, std::move(stdio.output), [this](std::string_view bytes) { events_->on_output(bytes); },
          [this] {
            output_ended_ = true;
            tell_exit();
          });
    }
    if (stdio.error_output.valid()) {
      error_output_ = std::make_unique<PipeReader>(
          loop, std::move(stdio.error_output), [this](std::string_view bytes) { events_->on_error_output(bytes); },
          [this] {
            error_output_ended_ = true;
            tell_exit();
          });
    }
    output_ended_ = output_ == nullptr;
    error_output_ended_ = error_output_ == nullptr;
  }

  ~RealChild() override {
    *alive_ = false;
    if (!*processes_alive_) return;
    if (timer_ != 0) processes_.loop_.cancel(timer_);
    if (!status_ && pid_ != 0) processes_.send_signal(id_, SIGKILL);
    processes_.running_.erase(id_);
  }

  void start(ChildEvents* events) override {
    events_ = events;
    if (output_) output_->start();
    if (error_output_) error_output_->start();
    if (status_) exited(*status_);
  }
  std::int32_t pid() const override { return pid_; }
  void write_input(std::string_view bytes) override {
    if (input_) input_->write(bytes);
  }
  std::size_t queued_input_bytes() const override { return input_ ? input_->queued_bytes() : 0; }
  void close_input() override {
    if (!input_) return;
    // The end of a terminal's input is typed.
    if (terminal_.valid())
      input_->write("\x04");
    else
      input_->close_when_sent();
  }
  void pause_output(bool paused) override {
    if (output_) output_->pause(paused);
    if (error_output_) error_output_->pause(paused);
  }
  void resize(std::uint16_t columns, std::uint16_t rows) override {
    if (!terminal_.valid()) return;
    const winsize size{rows, columns, 0, 0};
    ::ioctl(terminal_.get(), TIOCSWINSZ, &size);
  }
  void signal(int number) override {
    if (!status_) processes_.send_signal(id_, number);
  }

  // For RealProcesses.
  void started(std::int32_t pid) { pid_ = pid; }
  void exited(ExitStatus status) {
    status_ = status;
    if (events_ == nullptr) return;
    timer_ = processes_.loop_.after(kOutputAfterExit, [this] {
      timer_ = 0;
      output_ended_ = error_output_ended_ = true;
      tell_exit();
    });
    processes_.loop_.post([this, alive = alive_] {
      if (*alive) tell_exit();
    });
  }

 private:
  void tell_exit() {
    if (!status_ || !output_ended_ || !error_output_ended_ || told_) return;
    told_ = true;
    if (timer_ != 0) processes_.loop_.cancel(std::exchange(timer_, 0));
    events_->on_exit(*status_);
  }

  RealProcesses& processes_;
  std::shared_ptr<bool> processes_alive_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  std::uint64_t id_;
  std::int32_t pid_ = 0;
  ChildEvents* events_ = nullptr;
  UniqueFd terminal_;
  std::unique_ptr<PipeWriter> input_;
  std::unique_ptr<PipeReader> output_, error_output_;
  std::optional<ExitStatus> status_;
  TimerId timer_ = 0;
  bool output_ended_ = false, error_output_ended_ = false, told_ = false;
};

RealProcesses::RealProcesses(EpollLoop& loop, UniqueFd spawner) : loop_(loop), spawner_(std::move(spawner)) {}

Result<std::unique_ptr<RealProcesses>> RealProcesses::create(EpollLoop& loop, UniqueFd spawner) {
  std::unique_ptr<RealProcesses> made(new RealProcesses(loop, std::move(spawner)));
  TRY(loop.add(made->spawner_.get(), EPOLLIN, made.get()));
  return made;
}

RealProcesses::~RealProcesses() {
  *alive_ = false;
  if (spawner_.valid()) loop_.remove(spawner_.get(), this);
}

void RealProcesses::spawn(SpawnRequest request, SpawnDone done) {
  if (starting_.size() + running_.size() >= kChildrenMax) {
    return fail_later(std::move(done), Error(Reason::kTooManyRequests, fmt::format("{} children run already", kChildrenMax)));
  }
  if (request.arguments.empty()) return fail_later(std::move(done), bad_request("no program to start"));
  const std::uint64_t id = next_id_++;
  std::unique_ptr<RealChild> child;
  auto sent = send_request(id, request, child);
  if (!sent.ok()) return fail_later(std::move(done), std::move(sent).error());
  starting_.emplace(id, Starting{std::move(child), std::move(done), request.arguments.front()});
}

Result<void> RealProcesses::send_request(std::uint64_t id, const SpawnRequest& request, std::unique_ptr<RealChild>& child) {
  SpawnMessage message;
  message.type = SpawnMessage::Type::kSpawn;
  message.id = id;
  message.death_signal = request.death_signal;
  message.terminal = request.output == ChildOutput::kTerminal;
  message.text = request.directory;
  message.arguments = request.arguments;
  message.environment = request.environment;
  const std::string bytes = encode(message);
  if (bytes.size() > kRequestBytesMax) {
    return bad_request(fmt::format("{}: {} bytes of arguments and environment; the limit is {}", request.arguments.front(),
                                   bytes.size(), kRequestBytesMax));
  }
  Stdio stdio = TRY(open_stdio(request));
  const std::array<UniqueFd, 3> given = std::move(stdio.child);  // closed here once the spawner has them
  const std::array<int, 3> descriptors = {given[0].get(), given[1].get(), given[2].get()};
  const int error_number = spawner_.valid() ? send_packet(spawner_.get(), bytes, &descriptors) : EPIPE;
  if (error_number != 0) {
    return Error(Reason::kServiceUnavailable, posix_error("the spawner does not take requests", error_number).message());
  }
  child = std::make_unique<RealChild>(*this, id, std::move(stdio));
  return {};
}

void RealProcesses::fail_later(SpawnDone done, Error error) {
  auto shared = std::make_shared<Error>(std::move(error));
  loop_.post([alive = alive_, done = std::move(done), shared] {
    if (*alive) done(std::move(*shared));
  });
}

void RealProcesses::send_signal(std::uint64_t id, int number) {
  SpawnMessage message;
  message.type = SpawnMessage::Type::kSignal;
  message.id = id;
  message.number = number;
  if (spawner_.valid()) send_packet(spawner_.get(), encode(message), nullptr);
}

void RealProcesses::on_io(std::uint32_t) {
  const std::shared_ptr<bool> alive = alive_;
  while (*alive && spawner_.valid()) {
    ReceivedPacket packet = receive_packet(spawner_.get(), kReplyBytesMax);
    if (packet.again) return;
    const auto message = packet.bytes.empty() ? std::nullopt : decode(packet.bytes);
    if (!message) return lost();
    receive(*message);
  }
}

void RealProcesses::receive(const SpawnMessage& message) {
  const auto starting = starting_.find(message.id);
  if (starting != starting_.end()) {
    Starting begun = std::move(starting->second);
    starting_.erase(starting);
    if (message.type != SpawnMessage::Type::kStarted) {
      begun.child.reset();
      return begun.done(posix_error(message.text, message.number));
    }
    begun.child->started(message.number);
    running_.emplace(message.id, begun.child.get());
    return begun.done(std::unique_ptr<ChildProcess>(std::move(begun.child)));
  }
  const auto running = running_.find(message.id);
  if (message.type == SpawnMessage::Type::kExited && running != running_.end())
    running->second->exited(exit_status(message.number));
}

// The spawner was killed: its children got their death signals, or are nobody's now.
void RealProcesses::lost() {
  loop_.remove(spawner_.get(), this);
  spawner_.reset();
  const std::shared_ptr<bool> alive = alive_;
  const auto running = running_;
  for (const auto& [id, child] : running) {
    if (running_.count(id) > 0) child->exited({0, SIGKILL});
  }
  auto starting = std::exchange(starting_, {});
  for (auto& [id, one] : starting) {
    one.child.reset();
    if (*alive) one.done(Error(Reason::kServiceUnavailable, "the spawner ended"));
  }
}

}  // namespace plinth::world_real
