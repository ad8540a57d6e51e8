#include "world_real/tcp_listener.h"

#include <cerrno>

#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "world_real/posix_error.h"
#include "world_real/socket_address.h"
#include "world_real/tcp_stream.h"

namespace plinth::world_real {
namespace {

constexpr int kBacklog = 4096;
constexpr int kAcceptsPerTurn = 64;
// When descriptors or memory run out, accepting rests this long instead of spinning.
constexpr Duration kRest = std::chrono::milliseconds(100);

Result<UniqueFd> bind_and_listen(const SocketAddress& address, const std::string& text) {
  UniqueFd fd(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return posix_error("listen on " + text, errno);
  const int on = 1;
  const int off = 0;
  setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (address.storage.ss_family == AF_INET6) setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  if (::bind(fd.get(), address.get(), address.length) != 0) return posix_error("listen on " + text, errno);
  if (::listen(fd.get(), kBacklog) != 0) return posix_error("listen on " + text, errno);
  return fd;
}

Result<UniqueFd> listen_on_first(const std::vector<SocketAddress>& candidates, const std::string& text) {
  Error last(Reason::kNotFound, "listen on " + text + ": no such address");
  for (const SocketAddress& candidate : candidates) {
    auto fd = bind_and_listen(candidate, text);
    if (fd.ok()) return fd;
    last = std::move(fd).error();
    // A taken port must be told, not dodged by taking the other address family.
    if (last.reason() == Reason::kConflict) break;
  }
  return last;
}

// A socket file outlives the process that made it; only one that answers is in use.
bool answers(const SocketAddress& address) {
  const UniqueFd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  return probe.valid() && (::connect(probe.get(), address.get(), address.length) == 0 || errno == EAGAIN);
}

Result<UniqueFd> listen_locally(const std::string& text) {
  const SocketAddress address = TRY(unix_address(text));
  const char* path = reinterpret_cast<const sockaddr_un*>(address.get())->sun_path;
  struct stat found {};
  if (::lstat(path, &found) == 0 && S_ISSOCK(found.st_mode)) {
    if (answers(address)) return posix_error("listen on " + text, EADDRINUSE);
    ::unlink(path);
  }
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return posix_error("listen on " + text, errno);
  ::fchmod(fd.get(), 0600);  // before bind: the mode that the file is made with
  if (::bind(fd.get(), address.get(), address.length) != 0) return posix_error("listen on " + text, errno);
  if (::listen(fd.get(), kBacklog) != 0) return posix_error("listen on " + text, errno);
  return fd;
}

Result<UniqueFd> open_listening(const std::string& address) {
  if (std::string_view(address).starts_with(kUnixScheme)) return listen_locally(address);
  const HostPort host_port = TRY(split_host_port(address));
  return listen_on_first(TRY(resolve_for_listen(host_port)), address);
}

}  // namespace

Result<std::unique_ptr<Listener>> TcpListener::create(std::span<Loop* const> loops, const std::string& address,
                                                      AcceptHandler accept) {
  std::vector<EpollLoop*> epoll_loops;
  for (Loop* loop : loops) {
    epoll_loops.push_back(dynamic_cast<EpollLoop*>(loop));
    if (epoll_loops.back() == nullptr) return internal_error("the real network serves EpollLoops only");
  }
  UniqueFd fd = TRY(open_listening(address));
  std::unique_ptr<TcpListener> listener(new TcpListener(std::move(epoll_loops), std::move(fd), std::move(accept)));
  TRY(listener->loops_[0]->add(listener->fd_.get(), EPOLLIN, listener.get()));
  return std::unique_ptr<Listener>(std::move(listener));
}

TcpListener::TcpListener(std::vector<EpollLoop*> loops, UniqueFd fd, AcceptHandler accept)
    : loops_(std::move(loops)),
      fd_(std::move(fd)),
      receiver_(std::make_shared<Receiver>()),
      address_(local_address(fd_.get()).text()) {
  receiver_->accept = std::move(accept);
}

TcpListener::~TcpListener() { close(); }

void TcpListener::close() {
  if (!fd_.valid()) return;
  receiver_->closed = true;
  if (resting_ != 0) loops_[0]->cancel(resting_);
  loops_[0]->remove(fd_.get(), this);
  fd_.reset();
  if (std::string_view(address_).starts_with(kUnixScheme)) ::unlink(address_.c_str() + kUnixScheme.size());
}

void TcpListener::on_io(std::uint32_t) {
  const std::shared_ptr<Receiver> alive = receiver_;
  for (int i = 0; i < kAcceptsPerTurn; ++i) {
    SocketAddress remote;
    remote.length = sizeof remote.storage;
    UniqueFd fd(
        ::accept4(fd_.get(), reinterpret_cast<sockaddr*>(&remote.storage), &remote.length, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!fd.valid()) return rest_after(errno);
    hand_over(std::move(fd), remote);
    if (alive->closed) return;  // the handler closed or destroyed the listener
  }
}

void TcpListener::rest_after(int error_number) {
  if (error_number != EMFILE && error_number != ENFILE && error_number != ENOBUFS && error_number != ENOMEM) return;
  loops_[0]->remove(fd_.get(), this);
  resting_ = loops_[0]->after(kRest, [this] {
    resting_ = 0;
    if (!loops_[0]->add(fd_.get(), EPOLLIN, this).ok()) rest_after(ENOMEM);
  });
}

void TcpListener::hand_over(UniqueFd fd, const SocketAddress& remote) {
  EpollLoop* loop = loops_[next_loop_];
  next_loop_ = (next_loop_ + 1) % loops_.size();
  auto serve = [loop, remote, fd = std::move(fd), receiver = receiver_]() mutable {
    if (receiver->closed) return;
    auto stream = TcpStream::create(*loop, std::move(fd), remote);
    if (stream.ok()) receiver->accept(std::move(stream).value());
  };
  if (loop->in_loop())
    serve();
  else
    loop->post(std::move(serve));
}

}  // namespace plinth::world_real
