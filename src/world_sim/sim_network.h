// Streams in memory with delays, odd chunk sizes, resets and partitions, all from a seed. TLS contexts are ignored: what TLS
// would have told about a peer is configured by the connecting side (as()).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/world.h"
#include "world_sim/sim_random.h"
#include "world_sim/sim_scheduler.h"

namespace plinth::world_sim {

struct SimNetworkOptions {
  Duration delay_min = std::chrono::microseconds(10);
  Duration delay_max = std::chrono::microseconds(500);  // of each chunk, one way
  std::size_t chunk_bytes_max = 16 * 1024;              // what one on_data brings at most
  std::size_t window_bytes = 64 * 1024;                 // received and not read yet; more waits at the sender
  unsigned resets_per_million = 0;                      // chance per chunk that the connection dies
};

class SimConnection;
class SimListener;

// Single-threaded, like the scheduler. Outlives its streams and listeners.
class SimNetwork final : public Network {
 public:
  SimNetwork(SimScheduler& scheduler, std::uint64_t seed);
  ~SimNetwork() override;

  Result<std::unique_ptr<Listener>> listen(Loop& loop, const std::string& address, std::shared_ptr<TlsServerContext> tls,
                                           AcceptHandler accept) override;
  void connect(Loop& loop, const std::string& address, std::shared_ptr<TlsClientContext> tls, const std::string& server_name,
               Duration timeout, ConnectHandler done) override;

  // This network as a client whose server sees `identity` (certificate, ALPN, and the address unless it is empty).
  std::unique_ptr<Network> as(PeerInfo identity);

  SimNetworkOptions& options() { return options_; }

  // --- Faults; `address` is what was connected to, such as "127.0.0.1:6443" ---

  // Nothing passes and new connections hang until heal(); connections stay open.
  void partition(const std::string& address);
  void heal(const std::string& address);
  // Connections die at once on both sides, without a word.
  void reset_connections(const std::string& address);
  void reset_all_connections();
  std::size_t open_connections();

 private:
  friend class SimConnection;
  friend class SimListener;
  friend class SimNetworkView;
  struct ListenerState;

  void connect_as(const PeerInfo& identity, Loop& loop, const std::string& address, Duration timeout, ConnectHandler done);
  std::shared_ptr<ListenerState> find_listener(const std::string& address) const;
  void establish(const PeerInfo& identity, Loop& loop, const std::string& address, std::shared_ptr<ConnectHandler> done);
  Duration delay();
  bool partitioned(const std::string& address) const;

  SimScheduler& scheduler_;
  SimLoop& wire_;  // where bytes in flight wait
  SimRandom random_;
  SimNetworkOptions options_;
  std::map<std::string, std::shared_ptr<ListenerState>> listeners_;  // by bound address
  std::map<std::string, bool> partitions_;
  std::vector<std::weak_ptr<SimConnection>> connections_;
  std::uint16_t next_port_ = 20000;
};

}  // namespace plinth::world_sim
