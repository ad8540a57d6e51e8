#include "world_real/spawner.h"

#include <cerrno>
#include <cstdlib>
#include <map>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/processes.h"
#include "world_real/own_root.h"
#include "world_real/posix_error.h"
#include "world_real/spawn_message.h"

extern char** environ;

namespace plinth::world_real {
namespace {

constexpr std::size_t kPacketBytesMax = Processes::kRequestBytesMax + 4096;

// What the child could not do, told to the spawner through a pipe that exec closes.
struct ExecFailure {
  int error_number = 0;
  bool directory = false;
};

std::vector<char*> pointers(const std::vector<std::string>& list) {
  std::vector<char*> out;
  for (const std::string& entry : list) out.push_back(const_cast<char*>(entry.c_str()));
  out.push_back(nullptr);
  return out;
}

void close_from(int first) {
  if (::close_range(static_cast<unsigned>(first), ~0u, 0) == 0) return;
  for (int fd = first; fd < 1024; ++fd) ::close(fd);
}

[[noreturn]] void become(const SpawnMessage& request, const std::vector<UniqueFd>& stdio, int failure_pipe, pid_t spawner) {
  ::setsid();
  if (request.death_signal != 0) {
    ::prctl(PR_SET_PDEATHSIG, request.death_signal);
    if (::getppid() != spawner) ::_exit(127);  // it died before the request for the signal
  }
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const int number : {SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGCHLD}) ::signal(number, SIG_DFL);
  for (int i = 0; i < 3; ++i) ::dup2(stdio[static_cast<std::size_t>(i)].get(), i);
  if (request.terminal) ::ioctl(0, TIOCSCTTY, 0);
  ::dup2(failure_pipe, 3);
  ::fcntl(3, F_SETFD, FD_CLOEXEC);
  close_from(4);
  ExecFailure failure;
  if (!request.text.empty() && ::chdir(request.text.c_str()) != 0) {
    failure = {errno, true};
  } else {
    auto arguments = pointers(request.arguments);
    auto environment = pointers(request.environment);
    ::execvpe(arguments[0], arguments.data(), request.environment.empty() ? environ : environment.data());
    failure = {errno, false};
  }
  [[maybe_unused]] const ssize_t n = ::write(3, &failure, sizeof failure);
  ::_exit(127);
}

class Spawner {
 public:
  explicit Spawner(int socket) : socket_(socket) {}

  [[noreturn]] void run() {
    ::setsid();  // what is typed at our terminal is not for the children
    ::prctl(PR_SET_NAME, "plinth-spawner");
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    ::sigprocmask(SIG_SETMASK, &set, nullptr);
    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) ::signal(number, SIG_IGN);
    const int children = ::signalfd(-1, &set, SFD_CLOEXEC);
    while (true) {
      pollfd both[2] = {{socket_, POLLIN, 0}, {children, POLLIN, 0}};
      if (::poll(both, 2, -1) < 0 && errno != EINTR) ::_exit(1);
      if (both[1].revents != 0) reap(children);
      if (both[0].revents != 0 && !serve()) end();
    }
  }

 private:
  struct Child {
    pid_t pid;
    int death_signal;
  };

  bool serve() {
    ReceivedPacket packet = receive_packet(socket_, kPacketBytesMax);
    if (packet.bytes.empty()) return packet.again;
    const auto message = decode(packet.bytes);
    if (!message) return false;
    if (message->type == SpawnMessage::Type::kSpawn) spawn(*message, packet.descriptors);
    const auto child = children_.find(message->id);
    if (message->type == SpawnMessage::Type::kSignal && child != children_.end()) ::kill(-child->second.pid, message->number);
    return true;
  }

  void answer(SpawnMessage::Type type, std::uint64_t id, int number, std::string text = {}) {
    SpawnMessage message;
    message.type = type;
    message.id = id;
    message.number = number;
    message.text = std::move(text);
    send_packet(socket_, encode(message), nullptr);
  }

  void spawn(const SpawnMessage& request, const std::vector<UniqueFd>& stdio) {
    int pipe_ends[2];
    if (stdio.size() != 3 || ::pipe2(pipe_ends, O_CLOEXEC) != 0) {
      return answer(SpawnMessage::Type::kFailed, request.id, stdio.size() == 3 ? errno : EPROTO, "pipe");
    }
    const UniqueFd from_child(pipe_ends[0]);
    UniqueFd to_us(pipe_ends[1]);
    const pid_t self = ::getpid();
    const pid_t pid = ::fork();
    if (pid == 0) become(request, stdio, to_us.get(), self);
    if (pid < 0) return answer(SpawnMessage::Type::kFailed, request.id, errno, "fork");
    to_us.reset();
    ExecFailure failure;
    ssize_t n = 0;
    do n = ::read(from_child.get(), &failure, sizeof failure);
    while (n < 0 && errno == EINTR);
    if (n == sizeof failure) {
      ::waitpid(pid, nullptr, 0);
      return answer(SpawnMessage::Type::kFailed, request.id, failure.error_number,
                    failure.directory ? request.text : request.arguments.front());
    }
    children_[request.id] = {pid, request.death_signal};
    ids_[pid] = request.id;
    answer(SpawnMessage::Type::kStarted, request.id, pid);
  }

  void reap(int signals) {
    signalfd_siginfo info;
    [[maybe_unused]] const ssize_t n = ::read(signals, &info, sizeof info);
    int status = 0;
    pid_t pid = 0;
    while ((pid = ::waitpid(-1, &status, WNOHANG)) > 0) {
      const auto known = ids_.find(pid);
      if (known == ids_.end()) continue;
      answer(SpawnMessage::Type::kExited, known->second, status);
      children_.erase(known->second);
      ids_.erase(known);
    }
  }

  [[noreturn]] void end() {
    for (const auto& [id, child] : children_) {
      if (child.death_signal != 0) ::kill(-child.pid, child.death_signal);
    }
    ::_exit(0);
  }

  int socket_;
  std::map<std::uint64_t, Child> children_;
  std::map<pid_t, std::uint64_t> ids_;
};

// The spawner keeps nothing of ours but its socket.
[[noreturn]] void be_spawner(UniqueFd socket) {
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int fd = 0; fd < 3; ++fd) ::dup2(null, fd);
  constexpr int kSocket = 3;
  if (socket.get() != kSocket) ::dup2(socket.get(), kSocket);
  ::fcntl(kSocket, F_SETFD, FD_CLOEXEC);
  close_from(kSocket + 1);
  give_own_root();
  Spawner(kSocket).run();
}

}  // namespace

Result<UniqueFd> fork_spawner() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return posix_error("the spawner's socket", errno);
  UniqueFd ours(ends[0]), theirs(ends[1]);
  const pid_t pid = ::fork();
  if (pid < 0) return posix_error("fork", errno);
  if (pid == 0) be_spawner(std::move(theirs));
  ::fcntl(ours.get(), F_SETFL, O_NONBLOCK);
  return ours;
}

}  // namespace plinth::world_real
