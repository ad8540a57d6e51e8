#include "world_real/tcp_connector.h"

#include <cerrno>
#include <cstdlib>

#include <fcntl.h>
#include <fmt/core.h>
#include <sched.h>
#include <sys/epoll.h>

#include "world_real/posix_error.h"
#include "world_real/tcp_stream.h"

namespace plinth::world_real {

namespace {

// A socket belongs to the network namespace that its thread was in when it was made. The thread is away for the time of three
// system calls; not coming back would send every later connection astray, so that the process ends instead.
UniqueFd socket_inside(const std::string& name_space, int family) {
  const UniqueFd home(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
  const UniqueFd there(::open(name_space.c_str(), O_RDONLY | O_CLOEXEC));
  if (!home.valid() || !there.valid() || ::setns(there.get(), CLONE_NEWNET) != 0) return UniqueFd();
  UniqueFd fd(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (::setns(home.get(), CLONE_NEWNET) != 0) std::abort();
  return fd;
}

}  // namespace

std::shared_ptr<TcpConnector> TcpConnector::begin(EpollLoop& loop, const std::string& address, Duration timeout,
                                                  ConnectHandler done) {
  auto self = std::make_shared<TcpConnector>(loop, address, std::move(done));
  self->timer_ = loop.after(timeout, [self] {
    self->finish(Error(Reason::kTimeout, fmt::format("connect to {}: no answer in time", self->address_)));
  });
  return self;
}

void TcpConnector::connect_inside(EpollLoop& loop, const std::string& name_space, const std::string& address, Duration timeout,
                                  ConnectHandler done) {
  auto self = begin(loop, address, timeout, std::move(done));
  self->name_space_ = name_space;
  loop.post([self] { self->connect_in_namespace(); });
}

void TcpConnector::connect(EpollLoop& loop, Pool& resolver, const std::string& address, Duration timeout, ConnectHandler done) {
  auto self = begin(loop, address, timeout, std::move(done));
  loop.post([self, &resolver] {
    if (std::string_view(self->address_).starts_with(kUnixScheme)) return self->connect_locally();
    auto host_port = split_host_port(self->address_);
    if (!host_port.ok()) return self->finish(std::move(host_port).error());
    self->look_up(resolver, *host_port);
  });
}

TcpConnector::TcpConnector(EpollLoop& loop, std::string address, ConnectHandler done)
    : loop_(loop),
      address_(std::move(address)),
      done_(std::move(done)),
      last_error_(Reason::kNotFound, fmt::format("connect to {}: no such host", address_)) {}

TcpConnector::~TcpConnector() { drop_socket(); }

void TcpConnector::connect_locally() {
  auto address = unix_address(address_);
  if (!address.ok()) return finish(std::move(address).error());
  candidates_.push_back(std::move(address).value());
  try_next();
}

void TcpConnector::connect_in_namespace() {
  auto host_port = split_host_port(address_);
  if (!host_port.ok()) return finish(std::move(host_port).error());
  auto numeric = resolve(*host_port, Lookup::kNumericOnly);
  if (!numeric.ok()) return finish(std::move(numeric).error());
  candidates_ = std::move(numeric).value();
  try_next();
}

void TcpConnector::look_up(Pool& resolver, const HostPort& host_port) {
  auto numeric = resolve(host_port, Lookup::kNumericOnly);
  if (numeric.ok()) {
    candidates_ = std::move(numeric).value();
    return try_next();
  }
  // The pool's thread holds a weak reference only: sockets are closed on the loop.
  auto started = resolver.run([weak = weak_from_this(), loop = &loop_, host_port] {
    auto found = std::make_shared<Result<std::vector<SocketAddress>>>(resolve(host_port, Lookup::kNames));
    loop->post([weak, found] {
      const auto self = weak.lock();
      if (!self || !self->done_) return;
      if (!found->ok()) return self->finish(std::move(*found).error());
      self->candidates_ = std::move(*found).value();
      self->try_next();
    });
  });
  if (!started.ok()) finish(std::move(started).error());
}

void TcpConnector::try_next() {
  drop_socket();
  while (next_ < candidates_.size()) {
    const SocketAddress& candidate = candidates_[next_++];
    fd_ = name_space_.empty() ? UniqueFd(::socket(candidate.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0))
                              : socket_inside(name_space_, candidate.storage.ss_family);
    if (fd_.valid() && (::connect(fd_.get(), candidate.get(), candidate.length) == 0 || errno == EINPROGRESS)) {
      auto added = loop_.add(fd_.get(), EPOLLOUT, this);
      if (added.ok()) return;
      last_error_ = std::move(added).error();
    } else {
      last_error_ = posix_error("connect to " + candidate.text(), errno);
    }
    fd_.reset();
  }
  finish(std::move(last_error_));
}

void TcpConnector::on_io(std::uint32_t) {
  int error_number = 0;
  socklen_t size = sizeof error_number;
  getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &error_number, &size);
  const SocketAddress& remote = candidates_[next_ - 1];
  if (error_number != 0) {
    last_error_ = posix_error("connect to " + remote.text(), error_number);
    return try_next();
  }
  loop_.remove(fd_.get(), this);
  auto stream = TcpStream::create(loop_, std::move(fd_), remote);
  if (!stream.ok()) return finish(std::move(stream).error());
  finish(std::unique_ptr<Stream>(std::move(stream).value()));
}

void TcpConnector::drop_socket() {
  if (!fd_.valid()) return;
  loop_.remove(fd_.get(), this);
  fd_.reset();
}

void TcpConnector::finish(Result<std::unique_ptr<Stream>> outcome) {
  if (!done_) return;
  const auto self = shared_from_this();  // the timer's task may be the last owner
  const ConnectHandler done = std::move(done_);
  drop_socket();
  loop_.cancel(timer_);
  done(std::move(outcome));
}

}  // namespace plinth::world_real
