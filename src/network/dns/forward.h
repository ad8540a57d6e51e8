// Asks other servers what this cluster does not know.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/datagrams.h"
#include "network/dns/message.h"

namespace plinth::network::dns {

// Servers that /etc/resolv.conf names, as "address:53".
std::vector<std::string> resolvers_of(std::string_view resolv_conf);

// How long the answer may be kept: the smallest TTL of its records in seconds; 0 for answers that are not to be kept.
std::uint32_t cacheable_seconds(std::string_view answer);

// On one loop.
class Forward {
 public:
  static constexpr std::size_t kUnderWayMax = 1000;
  static constexpr std::size_t kCacheMax = 10'000;  // answers
  static constexpr std::uint32_t kCacheSecondsMax = 30;
  static constexpr Duration kServerTimeout = std::chrono::seconds(2);  // then the next one is asked

  // `servers`: "host:port" with numeric hosts. Without any, everything is ServerFailure.
  static Result<std::unique_ptr<Forward>> open(Loop& loop, Clock& clock, Entropy& entropy, Datagrams& datagrams,
                                               Network& network, std::vector<std::string> servers);
  ~Forward();
  // `done` gets the answer's bytes, with the query's id; later or before this returns. `tcp`: asked so, for answers of any
  // length.
  void ask(std::string query, bool tcp, UniqueFunction<void(std::string)> done);

 private:
  struct Asked {
    std::string query;
    std::size_t server = 0;
    TimerId timer = 0;
    UniqueFunction<void(std::string)> done;
  };
  struct Cached {
    std::string answer;
    std::int64_t until_ns = 0;
  };
  struct TcpCall;
  Forward(Loop& loop, Clock& clock, Entropy& entropy, Network& network, std::vector<std::string> servers);
  void send(std::uint16_t id);
  void received(const std::string& from, std::string_view bytes);
  void finish(std::uint16_t id, std::string answer);
  void ask_tcp(std::string query, UniqueFunction<void(std::string)> done);
  void keep(const std::string& query, const std::string& answer);

  Loop& loop_;
  Clock& clock_;
  Entropy& entropy_;
  Network& network_;
  const std::vector<std::string> servers_;
  std::unique_ptr<DatagramSocket> socket_;
  std::map<std::uint16_t, Asked> asked_;           // by the id that the other server sees
  std::unordered_map<std::string, Cached> cache_;  // by the query without its id
  std::deque<std::string> cached_order_;
  std::map<std::uint64_t, std::shared_ptr<TcpCall>> tcp_;
  std::uint64_t last_tcp_ = 0;
};

}  // namespace plinth::network::dns
