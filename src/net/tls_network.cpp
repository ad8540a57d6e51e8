#include "net/tls_network.h"

#include <atomic>

#include <fmt/core.h>

#include "net/tls_context.h"
#include "net/tls_stream.h"

namespace plinth::net {
namespace {

// A client that connects and says nothing is dropped after this.
constexpr Duration kHandshakeTimeout = std::chrono::seconds(10);
// Accepted connections of one listener whose handshake is not done; more are dropped.
constexpr int kHandshakesMax = 4096;

// A stream during its handshake. Lives by the timer that bounds it.
class Handshake : public std::enable_shared_from_this<Handshake> {
 public:
  using Done = UniqueFunction<void(Result<std::unique_ptr<Stream>>)>;

  Handshake(SslPtr ssl, std::unique_ptr<Stream> plain, Done done)
      : loop_(plain->loop()), stream_(std::make_unique<TlsStream>(std::move(ssl), std::move(plain))), done_(std::move(done)) {}

  static void start(const std::shared_ptr<Handshake>& self, Duration timeout) {
    self->timer_ = self->loop_.after(timeout, [self] {
      self->timer_ = 0;
      self->finish(Error(Reason::kTimeout, "TLS handshake: not done in time"));
    });
    Handshake* raw = self.get();  // the stream is a member: it never outlives this
    self->stream_->handshake([raw](Result<void> outcome) { raw->finish(std::move(outcome)); });
  }

 private:
  void finish(Result<void> outcome) {
    const auto self = shared_from_this();
    if (timer_ != 0) loop_.cancel(timer_);
    const Done done = std::move(done_);
    std::unique_ptr<TlsStream> stream = std::move(stream_);
    if (outcome.ok())
      done(std::unique_ptr<Stream>(std::move(stream)));
    else
      done(std::move(outcome).error());
  }

  Loop& loop_;
  std::unique_ptr<TlsStream> stream_;
  Done done_;
  TimerId timer_ = 0;
};

// Shared by a listener and the handshakes of its connections.
struct Acceptor {
  std::shared_ptr<TlsServerContext> context;
  AcceptHandler accept;
  std::atomic<int> handshakes{0};
  std::atomic<bool> closed{false};
};

struct HandshakeCount {
  explicit HandshakeCount(std::shared_ptr<Acceptor> a) : acceptor(std::move(a)) { ++acceptor->handshakes; }
  HandshakeCount(HandshakeCount&& other) noexcept = default;
  ~HandshakeCount() {
    if (acceptor) --acceptor->handshakes;
  }
  std::shared_ptr<Acceptor> acceptor;
};

void accept_tls(const std::shared_ptr<Acceptor>& acceptor, std::unique_ptr<Stream> plain) {
  if (acceptor->closed || acceptor->handshakes >= kHandshakesMax) return;
  SslPtr ssl = acceptor->context->new_connection();
  if (!ssl) return;
  auto done = [count = HandshakeCount(acceptor)](Result<std::unique_ptr<Stream>> stream) {
    if (stream.ok() && !count.acceptor->closed) count.acceptor->accept(std::move(stream).value());
  };
  Handshake::start(std::make_shared<Handshake>(std::move(ssl), std::move(plain), std::move(done)), kHandshakeTimeout);
}

class TlsListener final : public Listener {
 public:
  TlsListener(std::unique_ptr<Listener> plain, std::shared_ptr<Acceptor> acceptor)
      : plain_(std::move(plain)), acceptor_(std::move(acceptor)) {}
  ~TlsListener() override { acceptor_->closed = true; }
  std::string address() const override { return plain_->address(); }
  void close() override {
    acceptor_->closed = true;
    plain_->close();
  }

 private:
  std::unique_ptr<Listener> plain_;
  std::shared_ptr<Acceptor> acceptor_;
};

std::string host_of(const std::string& address) {
  std::string host = address.substr(0, address.rfind(':'));
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  return host;
}

class TlsNetwork final : public Network {
 public:
  explicit TlsNetwork(Network& plain) : plain_(plain) {}

  Result<std::unique_ptr<Listener>> listen(Loop& loop, const std::string& address, std::shared_ptr<TlsServerContext> tls,
                                           AcceptHandler accept) override {
    Loop* const one = &loop;
    return listen_shared({&one, 1}, address, std::move(tls), std::move(accept));
  }

  Result<std::unique_ptr<Listener>> listen_shared(std::span<Loop* const> loops, const std::string& address,
                                                  std::shared_ptr<TlsServerContext> tls, AcceptHandler accept) override {
    if (!tls) return plain_.listen_shared(loops, address, nullptr, std::move(accept));
    auto acceptor = std::make_shared<Acceptor>();
    acceptor->context = std::move(tls);
    acceptor->accept = std::move(accept);
    auto plain = TRY(plain_.listen_shared(
        loops, address, nullptr, [acceptor](std::unique_ptr<Stream> stream) { accept_tls(acceptor, std::move(stream)); }));
    return std::unique_ptr<Listener>(std::make_unique<TlsListener>(std::move(plain), std::move(acceptor)));
  }

  void connect(Loop& loop, const std::string& address, std::shared_ptr<TlsClientContext> tls, const std::string& server_name,
               Duration timeout, ConnectHandler done) override {
    if (!tls) return plain_.connect(loop, address, nullptr, server_name, timeout, std::move(done));
    std::string expected = server_name.empty() ? host_of(address) : server_name;
    plain_.connect(loop, address, nullptr, server_name, timeout,
                   [tls = std::move(tls), expected = std::move(expected), timeout,
                    done = std::move(done)](Result<std::unique_ptr<Stream>> plain) mutable {
                     if (!plain.ok()) return done(std::move(plain).error());
                     auto ssl = tls->new_connection(expected);
                     if (!ssl.ok()) return done(std::move(ssl).error());
                     Handshake::start(
                         std::make_shared<Handshake>(std::move(ssl).value(), std::move(plain).value(), std::move(done)),
                         timeout);
                   });
  }

 private:
  Network& plain_;
};

}  // namespace

std::unique_ptr<Network> make_tls_network(Network& plain) { return std::make_unique<TlsNetwork>(plain); }

}  // namespace plinth::net
