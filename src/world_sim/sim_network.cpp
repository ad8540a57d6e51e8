#include "world_sim/sim_network.h"

#include <algorithm>

#include <fmt/format.h>

#include "world_sim/sim_connection.h"

namespace plinth::world_sim {
namespace {

struct HostPort {
  std::string host;
  std::string port;
};

HostPort split_address(const std::string& address) {
  std::size_t colon = address.rfind(':');
  if (colon == std::string::npos) return {address, ""};
  std::string host = address.substr(0, colon);
  if (host == "localhost") host = "127.0.0.1";
  return {host, address.substr(colon + 1)};
}

bool is_any(const std::string& host) { return host.empty() || host == "0.0.0.0" || host == "[::]"; }
// "unix:/path" reads as host "unix" and port "/path".
bool is_loopback(const std::string& host) { return host == "unix" || host.starts_with("127.") || host == "[::1]"; }

std::string normal(const std::string& address) {
  HostPort parts = split_address(address);
  return parts.host + ":" + parts.port;
}

}  // namespace

struct SimNetwork::ListenerState {
  std::string address;
  Loop* loop;
  AcceptHandler accept;
};

class SimListener final : public Listener {
 public:
  SimListener(SimNetwork& network, std::string address) : network_(network), address_(std::move(address)) {}
  ~SimListener() override { SimListener::close(); }
  std::string address() const override { return address_; }
  void close() override {
    if (std::exchange(open_, false)) network_.listeners_.erase(address_);
  }

 private:
  SimNetwork& network_;
  std::string address_;
  bool open_ = true;
};

// A network as one client of it.
class SimNetworkView final : public Network {
 public:
  SimNetworkView(SimNetwork& network, PeerInfo identity) : network_(network), identity_(std::move(identity)) {}

  Result<std::unique_ptr<Listener>> listen(Loop& loop, const std::string& address, std::shared_ptr<TlsServerContext> tls,
                                           AcceptHandler accept) override {
    return network_.listen(loop, address, std::move(tls), std::move(accept));
  }
  void connect(Loop& loop, const std::string& address, std::shared_ptr<TlsClientContext>, const std::string&, Duration timeout,
               ConnectHandler done) override {
    network_.connect_as(identity_, loop, address, timeout, std::move(done));
  }

 private:
  SimNetwork& network_;
  PeerInfo identity_;
};

SimNetwork::SimNetwork(SimScheduler& scheduler, std::uint64_t seed)
    : scheduler_(scheduler), wire_(scheduler.new_loop("wire")), random_(seed) {}

SimNetwork::~SimNetwork() = default;

Duration SimNetwork::delay() {
  auto low = static_cast<std::uint64_t>(options_.delay_min.count()),
       high = static_cast<std::uint64_t>(options_.delay_max.count());
  return Duration(static_cast<std::int64_t>(random_.between(low, std::max(low, high))));
}

bool SimNetwork::partitioned(const std::string& address) const { return partitions_.count(address) > 0; }

Result<std::unique_ptr<Listener>> SimNetwork::listen(Loop& loop, const std::string& address, std::shared_ptr<TlsServerContext>,
                                                     AcceptHandler accept) {
  HostPort wanted = split_address(address);
  if (wanted.port.empty()) return bad_request(fmt::format("listen {}: the address has no port", address));
  if (wanted.port == "0") wanted.port = std::to_string(next_port_++);
  for (const auto& [bound, state] : listeners_) {
    HostPort other = split_address(bound);
    bool clash = other.port == wanted.port && (other.host == wanted.host || is_any(other.host) || is_any(wanted.host));
    if (clash) return Error(Reason::kConflict, fmt::format("listen {}: Address already in use", address));
  }
  std::string bound = wanted.host + ":" + wanted.port;
  listeners_[bound] = std::make_shared<ListenerState>(ListenerState{bound, &loop, std::move(accept)});
  return std::unique_ptr<Listener>(std::make_unique<SimListener>(*this, bound));
}

std::shared_ptr<SimNetwork::ListenerState> SimNetwork::find_listener(const std::string& address) const {
  HostPort wanted = split_address(address);
  for (const auto& [bound, state] : listeners_) {
    HostPort other = split_address(bound);
    if (other.port == wanted.port && (other.host == wanted.host || is_any(other.host))) return state;
  }
  return nullptr;
}

void SimNetwork::connect(Loop& loop, const std::string& address, std::shared_ptr<TlsClientContext>, const std::string&,
                         Duration timeout, ConnectHandler done) {
  connect_as(PeerInfo(), loop, address, timeout, std::move(done));
}

void SimNetwork::connect_as(const PeerInfo& identity, Loop& loop, const std::string& given, Duration timeout,
                            ConnectHandler done) {
  // Called once, by whichever comes first: the connection or the timeout.
  auto handler = std::make_shared<ConnectHandler>(std::move(done));
  std::string address = normal(given);
  Duration arrival = delay();
  if (!partitioned(address) && arrival < timeout) {
    wire_.after(arrival, [this, identity, &loop, address, handler] { establish(identity, loop, address, handler); });
  }
  loop.after(timeout, [handler, address, timeout] {
    if (!*handler) return;
    auto tell = std::move(*handler);
    auto seconds = std::chrono::duration<double>(timeout).count();
    tell(Error(Reason::kTimeout, fmt::format("connect to {}: no answer within {} s", address, seconds)));
  });
}

void SimNetwork::establish(const PeerInfo& identity, Loop& loop, const std::string& address,
                           std::shared_ptr<ConnectHandler> done) {
  auto listener = find_listener(address);
  if (listener == nullptr) {
    loop.post([done, address] {
      if (!*done) return;
      auto tell = std::move(*done);
      tell(Error(Reason::kServiceUnavailable, fmt::format("connect to {}: Connection refused", address)));
    });
    return;
  }
  auto connection = std::make_shared<SimConnection>(*this, address);
  std::erase_if(connections_, [](const auto& weak) { return weak.expired(); });
  connections_.push_back(connection);
  PeerInfo client = identity, server;
  if (client.address.empty()) client.address = fmt::format("127.0.0.1:{}", next_port_++);
  client.loopback = is_loopback(split_address(client.address).host);
  server.address = address;
  server.loopback = is_loopback(split_address(address).host);
  server.alpn = identity.alpn;
  // Both streams exist from now on, in their tasks, so that a lost one is seen by the other side.
  auto accepted = connection->open(1, *listener->loop, std::move(client));
  listener->loop->post([listener, stream = std::move(accepted)]() mutable { listener->accept(std::move(stream)); });
  loop.post([done, stream = connection->open(0, loop, std::move(server))]() mutable {
    if (!*done) return;
    auto tell = std::move(*done);
    tell(Result<std::unique_ptr<Stream>>(std::move(stream)));
  });
}

std::unique_ptr<Network> SimNetwork::as(PeerInfo identity) {
  return std::make_unique<SimNetworkView>(*this, std::move(identity));
}

void SimNetwork::partition(const std::string& address) { partitions_[normal(address)] = true; }

void SimNetwork::heal(const std::string& given) {
  std::string address = normal(given);
  partitions_.erase(address);
  for (const auto& weak : connections_) {
    if (auto connection = weak.lock(); connection && connection->address() == address) connection->resume();
  }
}

void SimNetwork::reset_connections(const std::string& given) {
  std::string address = normal(given);
  for (const auto& weak : connections_) {
    if (auto connection = weak.lock(); connection && connection->address() == address) connection->reset();
  }
}

void SimNetwork::reset_all_connections() {
  for (const auto& weak : connections_) {
    if (auto connection = weak.lock()) connection->reset();
  }
}

std::size_t SimNetwork::open_connections() {
  return static_cast<std::size_t>(std::count_if(connections_.begin(), connections_.end(), [](const auto& weak) {
    auto connection = weak.lock();
    return connection && connection->is_open();
  }));
}

}  // namespace plinth::world_sim
