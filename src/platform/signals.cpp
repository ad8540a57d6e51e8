#include "platform/signals.h"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "world_real/epoll_loop.h"

namespace plinth::platform {
namespace {

class SignalFile final : public EndSignals, private world_real::IoHandler {
 public:
  explicit SignalFile(int fd) : fd_(fd) {}
  ~SignalFile() override { close(fd_); }

  Result<void> watch(world_real::EpollLoop& loop, Task on_signal) override {
    TRY(loop.add(fd_, EPOLLIN, this));
    loop_ = &loop;
    on_signal_ = std::move(on_signal);
    return {};
  }
  void unwatch() override {
    if (loop_ != nullptr) std::exchange(loop_, nullptr)->remove(fd_, this);
  }

 private:
  void on_io(std::uint32_t) override {
    signalfd_siginfo info;
    if (read(fd_, &info, sizeof(info)) == sizeof(info) && on_signal_) on_signal_();
  }

  const int fd_;
  world_real::EpollLoop* loop_ = nullptr;
  Task on_signal_;
};

}  // namespace

Result<std::unique_ptr<EndSignals>> EndSignals::open() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  if (pthread_sigmask(SIG_BLOCK, &set, nullptr) != 0) return internal_error("signals cannot be blocked");
  signal(SIGPIPE, SIG_IGN);
  const int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  if (fd < 0) return internal_error("signalfd failed");
  return std::unique_ptr<EndSignals>(std::make_unique<SignalFile>(fd));
}

}  // namespace plinth::platform
