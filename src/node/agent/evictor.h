// Acts when the node runs short: takes back images that nobody uses, and evicts one pod after the other.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "api/resource_usage.h"
#include "node/agent/node_parts.h"
#include "node/agent/pressure.h"

namespace plinth::node {

// By pod uid and container: bytes in a container's own layer.
using WrittenBytes = std::map<std::string, std::map<std::string, std::uint64_t>>;

struct EvictorPorts {
  std::function<std::vector<std::shared_ptr<const Pod>>()> pods;  // those that run
  std::function<void(const std::string& uid, Verdict verdict)> evict;
  std::function<void(const std::set<Pressure>& pressures)> tell;  // when they change
  std::function<void(Done<std::uint64_t> freed)> free_images;     // bytes; null: nothing is there to free
};

// On the node's loop.
class Evictor {
 public:
  static constexpr std::int64_t kPodGoneNs = 30'000'000'000;  // a pod that was evicted is waited for

  Evictor(NodeParts& parts, EvictorPorts ports) : parts_(parts), ports_(std::move(ports)) {}
  ~Evictor() { *alive_ = false; }

  // After each round of measurements.
  void look(const HostReading& reading, const api::UsageTable& usage, const WrittenBytes& written);
  const std::set<Pressure>& pressures() const { return state_.holds(); }

 private:
  struct Round;
  void act(const std::shared_ptr<Round>& round);
  void measure(const std::shared_ptr<Round>& round, std::size_t at);
  void evict_first(const Round& round);
  bool waits_for_pod();

  NodeParts& parts_;
  EvictorPorts ports_;
  PressureState state_;
  bool busy_ = false;
  std::string evicted_uid_;
  std::int64_t evicted_ns_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace plinth::node
