// The DNS server of a cluster: over UDP and TCP on one address.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "network/dns/forward.h"
#include "network/dns/zone.h"

namespace plinth::network::dns {

struct ServerParts {
  Loop* loop = nullptr;
  Clock* clock = nullptr;
  Entropy* entropy = nullptr;
  Datagrams* datagrams = nullptr;
  Network* network = nullptr;
};

// On one loop.
class Server {
 public:
  static constexpr std::size_t kConnectionsMax = 100;
  static constexpr int kAliasesMax = 8;  // that lead from one to the next
  static constexpr Duration kConnectionIdle = std::chrono::seconds(10);

  // `address` "10.244.0.1:53"; port 0 takes one that is free for both.
  static Result<std::unique_ptr<Server>> open(ServerParts parts, const std::string& address,
                                              std::vector<std::string> forward_to);
  ~Server();
  std::string address() const { return socket_->address(); }
  void set_zone(std::shared_ptr<const Zone> zone) { zone_ = std::move(zone); }

 private:
  struct Connection;
  explicit Server(ServerParts parts) : parts_(parts) {}
  void answer(std::string_view query, bool tcp, UniqueFunction<void(std::string)> done);
  // Follows the alias that an answer ends with, if it is not the alias itself that was asked for.
  void follow(Question question, Answer answer, int hops_left, UniqueFunction<void(Answer)> done);
  void ask_others(const std::string& query, UniqueFunction<void(std::string)> done);
  void accept(std::unique_ptr<Stream> stream);

  ServerParts parts_;
  std::shared_ptr<const Zone> zone_;
  std::unique_ptr<Forward> forward_;
  std::unique_ptr<DatagramSocket> socket_;
  std::unique_ptr<Listener> listener_;
  std::map<std::uint64_t, std::shared_ptr<Connection>> connections_;
  std::uint64_t last_connection_ = 0;
};

}  // namespace plinth::network::dns
