#include "world_real/real_datagrams.h"

#include <array>
#include <cerrno>

#include <sys/epoll.h>

#include "world_real/epoll_loop.h"
#include "world_real/posix_error.h"
#include "world_real/socket_address.h"

namespace plinth::world_real {
namespace {

constexpr int kPerTurn = 64;

class RealDatagramSocket final : public DatagramSocket, private IoHandler {
 public:
  RealDatagramSocket(EpollLoop& loop, UniqueFd fd, Datagrams::Received received)
      : loop_(loop), fd_(std::move(fd)), received_(std::move(received)) {}
  ~RealDatagramSocket() override {
    *alive_ = false;
    loop_.remove(fd_.get(), this);
  }
  Result<void> start() { return loop_.add(fd_.get(), EPOLLIN, this); }

  void send(const std::string& to, std::string_view bytes) override {
    const auto parts = split_host_port(to);
    if (!parts.ok()) return;
    const auto addresses = resolve(*parts, Lookup::kNumericOnly);
    if (!addresses.ok() || addresses->empty()) return;
    const SocketAddress& address = addresses->front();
    (void)::sendto(fd_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL, address.get(), address.length);
  }
  std::string address() const override { return local_address(fd_.get()).text(); }

 private:
  void on_io(std::uint32_t) override {
    const auto alive = alive_;
    std::array<char, Datagrams::kBytesMax> buffer;
    for (int i = 0; i < kPerTurn && *alive; ++i) {
      SocketAddress from;
      from.length = sizeof from.storage;
      const ssize_t size = ::recvfrom(fd_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT,
                                      reinterpret_cast<sockaddr*>(&from.storage), &from.length);
      // ECONNREFUSED tells of an earlier send: the next one may be fine.
      if (size < 0 && (errno == EINTR || errno == ECONNREFUSED)) continue;
      if (size < 0) return;
      received_(from.text(), std::string_view(buffer.data(), static_cast<std::size_t>(size)));
    }
  }

  EpollLoop& loop_;
  UniqueFd fd_;
  Datagrams::Received received_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace

Result<std::unique_ptr<DatagramSocket>> RealDatagrams::bind(Loop& loop, const std::string& address, Received received) {
  auto* epoll = dynamic_cast<EpollLoop*>(&loop);
  if (epoll == nullptr) return internal_error("datagrams need a real loop");
  const auto candidates = TRY(resolve(TRY(split_host_port(address)), Lookup::kNumericOnly));
  if (candidates.empty()) return bad_request("\"" + address + "\" is no address");
  UniqueFd fd(::socket(candidates[0].storage.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return posix_error("receive datagrams on " + address, errno);
  if (::bind(fd.get(), candidates[0].get(), candidates[0].length) != 0)
    return posix_error("receive datagrams on " + address, errno);
  auto made = std::make_unique<RealDatagramSocket>(*epoll, std::move(fd), std::move(received));
  TRY(made->start());
  return std::unique_ptr<DatagramSocket>(std::move(made));
}

}  // namespace plinth::world_real
