#include <algorithm>
#include <map>
#include <tuple>

#include <fmt/core.h>

#include "net/client_connection.h"
#include "net/http.h"

namespace plinth::net {
namespace {

constexpr std::size_t kCallsMax = 1000;
constexpr std::size_t kIdlePerServerMax = 8;
constexpr Duration kIdleTimeout = std::chrono::seconds(90);
constexpr Duration kIdleSweep = std::chrono::seconds(15);

struct Server {
  std::string address;
  std::string name;
  std::shared_ptr<TlsClientContext> tls;
  bool operator<(const Server& other) const {
    return std::tie(address, name, tls) < std::tie(other.address, other.name, other.tls);
  }
};

struct Callbacks {
  UniqueFunction<void(const HttpResponse&)> head;
  UniqueFunction<void(std::string_view)> chunk;
  UniqueFunction<void(Result<void>)> done;
  HttpClient::Done whole;  // of send(): head, chunk and done are empty then
};

bool safe_to_repeat(const std::string& method) {
  return method == "GET" || method == "HEAD" || method == "OPTIONS" || method == "PUT" || method == "DELETE";
}

class ClientCore;

// One send() or stream(). Lives as long as the core lists it.
class Call final : public ClientCall {
 public:
  Call(ClientCore& core, Server server, HttpRequest request, HttpClient::Options options, Callbacks callbacks)
      : core_(core),
        server_(std::move(server)),
        request_(std::move(request)),
        options_(std::move(options)),
        callbacks_(std::move(callbacks)) {
    if (request_.host.empty()) request_.host = server_.address;
  }

  const HttpRequest& request() const override { return request_; }
  void on_head(int status, Headers& headers) override;
  bool on_body(std::string_view bytes) override;
  void on_end(Result<void> outcome, bool answer_begun) override;

  const Server& server() const { return server_; }
  const HttpClient::Options& options() const { return options_; }
  // Runs the last callback, unless the call is over.
  void finish(Result<void> outcome);
  // Over without a callback.
  void drop();
  bool over() const { return over_; }

  std::uint64_t serial = 0;
  ClientConnection* connection = nullptr;  // that carries it
  bool reused_connection = false;
  TimerId timer = 0;

 private:
  ClientCore& core_;
  const Server server_;
  HttpRequest request_;
  const HttpClient::Options options_;
  Callbacks callbacks_;
  HttpResponse response_;
  std::string body_;
  bool repeated_ = false;
  bool over_ = false;
};

class ClientCore final : public ConnectionPool, public std::enable_shared_from_this<ClientCore> {
 public:
  ClientCore(Loop& loop, Network& network, Clock& clock) : loop_(loop), network_(network), clock_(clock) {}

  HttpClient::Cancel begin(Server server, HttpRequest request, HttpClient::Options options, Callbacks callbacks) {
    const Duration timeout = options.timeout;
    auto call = std::make_shared<Call>(*this, std::move(server), std::move(request), std::move(options), std::move(callbacks));
    call->serial = ++last_serial_;
    calls_.emplace(call->serial, call);
    const std::weak_ptr<Call> weak = call;
    call->timer = loop_.after(timeout, [weak] {
      if (const auto late = weak.lock()) {
        late->timer = 0;
        late->finish(Error(Reason::kTimeout, fmt::format("no answer from {} in time", late->server().address)));
      }
    });
    loop_.post([core = weak_from_this(), weak] {
      const auto self = core.lock();
      const auto ready = weak.lock();
      if (self && ready && !ready->over()) self->launch(ready);
    });
    return [weak] {
      if (const auto cancelled = weak.lock()) cancelled->drop();
    };
  }

  void launch(const std::shared_ptr<Call>& call) {
    if (calls_.size() > kCallsMax) {
      return call->finish(Error(Reason::kServiceUnavailable, fmt::format("{} calls are already under way", kCallsMax)));
    }
    if (ClientConnection* connection = take_idle(call->server())) return put_on(connection, call, true);
    connect(call);
  }

  void connect(const std::shared_ptr<Call>& call) {
    const Server& server = call->server();
    network_.connect(loop_, server.address, server.tls, server.name, call->options().timeout,
                     [core = weak_from_this(), weak = std::weak_ptr<Call>(call)](Result<std::unique_ptr<Stream>> stream) {
                       const auto self = core.lock();
                       const auto waiting = weak.lock();
                       if (!self || !waiting || waiting->over()) return;
                       if (!stream.ok()) return waiting->finish(std::move(stream).error());
                       auto made = std::make_unique<ClientConnection>(*self, std::move(stream).value());
                       ClientConnection* connection = made.get();
                       connection->serial = ++self->last_serial_;
                       self->connections_.emplace(connection->serial, Held{std::move(made), waiting->server(), 0});
                       self->put_on(connection, waiting, false);
                     });
  }

  void put_on(ClientConnection* connection, const std::shared_ptr<Call>& call, bool reused) {
    call->connection = connection;
    call->reused_connection = reused;
    connection->carry(call);
  }

  void forget(Call* call) {
    if (call->timer != 0) loop_.cancel(call->timer);
    call->timer = 0;
    calls_.erase(call->serial);
  }

  void stop_timer(Call& call) {
    if (call.timer != 0) loop_.cancel(call.timer);
    call.timer = 0;
  }

  std::shared_ptr<Call> find(Call* call) {
    const auto found = calls_.find(call->serial);
    return found == calls_.end() ? nullptr : found->second;
  }

  void idle(ClientConnection* connection) override {
    Held& held = connections_.at(connection->serial);
    auto& idle = idle_[held.server];
    if (idle.size() >= kIdlePerServerMax) return connection->abandon();
    held.idle_since_ns = clock_.monotonic_ns();
    idle.push_back(connection);
    if (sweep_ == 0) schedule_sweep();
  }

  void ended(ClientConnection* connection) override {
    const auto found = connections_.find(connection->serial);
    if (found == connections_.end()) return;
    remove_idle(connection, found->second.server);
    ended_.push_back(std::move(found->second.connection));
    connections_.erase(found);
    if (ended_.size() > 1) return;
    loop_.post([core = weak_from_this()] {
      if (const auto self = core.lock()) auto dying = std::move(self->ended_);
    });
  }

  void shut_down() {
    if (sweep_ != 0) loop_.cancel(sweep_);
    const auto calls = std::exchange(calls_, {});
    for (const auto& [raw, call] : calls) call->drop();
    idle_.clear();
    connections_.clear();
    ended_.clear();
  }

 private:
  struct Held {
    std::unique_ptr<ClientConnection> connection;
    Server server;
    std::int64_t idle_since_ns;
  };

  // The most recently used one: the others can age.
  ClientConnection* take_idle(const Server& server) {
    const auto found = idle_.find(server);
    if (found == idle_.end()) return nullptr;
    ClientConnection* connection = found->second.back();
    remove_idle(connection, server);
    return connection;
  }

  void remove_idle(ClientConnection* connection, const Server& server) {
    const auto found = idle_.find(server);
    if (found == idle_.end()) return;
    std::erase(found->second, connection);
    if (found->second.empty()) idle_.erase(found);
  }

  void schedule_sweep() {
    sweep_ = loop_.after(kIdleSweep, [core = weak_from_this()] {
      if (const auto self = core.lock()) self->sweep();
    });
  }

  void sweep() {
    sweep_ = 0;
    const std::int64_t oldest = clock_.monotonic_ns() - kIdleTimeout.count();
    std::vector<ClientConnection*> old;
    for (const auto& [server, connections] : idle_) {
      for (ClientConnection* connection : connections) {
        if (connections_.at(connection->serial).idle_since_ns <= oldest) old.push_back(connection);
      }
    }
    for (ClientConnection* connection : old) connection->abandon();
    if (!idle_.empty()) schedule_sweep();
  }

  Loop& loop_;
  Network& network_;
  Clock& clock_;
  // By serial: whatever is done to all is done in order.
  std::map<std::uint64_t, std::shared_ptr<Call>> calls_;
  std::map<std::uint64_t, Held> connections_;
  std::uint64_t last_serial_ = 0;
  std::map<Server, std::vector<ClientConnection*>> idle_;
  std::vector<std::unique_ptr<ClientConnection>> ended_;
  TimerId sweep_ = 0;
};

void Call::on_head(int status, Headers& headers) {
  response_.status = status;
  response_.headers = std::move(headers);
  if (callbacks_.whole) return;
  core_.stop_timer(*this);
  callbacks_.head(response_);
}

bool Call::on_body(std::string_view bytes) {
  if (over_) return false;
  if (!callbacks_.whole) {
    callbacks_.chunk(bytes);
    return !over_;
  }
  if (body_.size() + bytes.size() <= options_.body_bytes_max) {
    body_ += bytes;
    return true;
  }
  connection = nullptr;
  finish(Error(Reason::kRequestEntityTooLarge,
               fmt::format("the answer of {} has more than {} bytes", server_.address, options_.body_bytes_max)));
  return false;
}

void Call::on_end(Result<void> outcome, bool answer_begun) {
  connection = nullptr;
  if (over_) return;
  if (!outcome.ok() && !answer_begun && reused_connection && !repeated_ && safe_to_repeat(request_.method)) {
    repeated_ = true;
    return core_.connect(core_.find(this));
  }
  finish(std::move(outcome));
}

void Call::finish(Result<void> outcome) {
  if (over_) return;
  const auto self = core_.find(this);
  drop();
  if (!callbacks_.whole) return callbacks_.done(std::move(outcome));
  if (!outcome.ok()) return callbacks_.whole(std::move(outcome).error());
  if (!body_.empty()) response_.body.push_back(SharedBytes(std::move(body_)));
  callbacks_.whole(std::move(response_));
}

void Call::drop() {
  if (over_) return;
  over_ = true;
  const auto self = core_.find(this);
  core_.forget(this);
  if (ClientConnection* carrying = std::exchange(connection, nullptr)) carrying->abandon();
}

class HttpClientImpl final : public HttpClient {
 public:
  explicit HttpClientImpl(std::shared_ptr<ClientCore> core) : core_(std::move(core)) {}
  ~HttpClientImpl() override { core_->shut_down(); }

  Cancel send(const std::string& address, std::shared_ptr<TlsClientContext> tls, HttpRequest request, Options options,
              Done done) override {
    Callbacks callbacks;
    callbacks.whole = std::move(done);
    return begin(address, std::move(tls), std::move(request), std::move(options), std::move(callbacks));
  }

  Cancel stream(const std::string& address, std::shared_ptr<TlsClientContext> tls, HttpRequest request, Options options,
                UniqueFunction<void(const HttpResponse&)> head, UniqueFunction<void(std::string_view)> chunk,
                UniqueFunction<void(Result<void>)> done) override {
    return begin(address, std::move(tls), std::move(request), std::move(options),
                 Callbacks{std::move(head), std::move(chunk), std::move(done), {}});
  }

 private:
  Cancel begin(const std::string& address, std::shared_ptr<TlsClientContext> tls, HttpRequest request, Options options,
               Callbacks callbacks) {
    Server server{address, options.server_name, std::move(tls)};
    return core_->begin(std::move(server), std::move(request), std::move(options), std::move(callbacks));
  }

  std::shared_ptr<ClientCore> core_;
};

}  // namespace

std::unique_ptr<HttpClient> make_http_client(Loop& loop, Network& network, Clock& clock) {
  return std::make_unique<HttpClientImpl>(std::make_shared<ClientCore>(loop, network, clock));
}

}  // namespace plinth::net
