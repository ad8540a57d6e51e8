// Keeps the machine's rules for Services as the cluster says: reads it, writes nftables.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/flow_table.h"
#include "base/log.h"
#include "base/processes.h"
#include "client/cluster.h"
#include "network/services/ruleset.h"
#include "network/services/udp_flows.h"

namespace plinth::network {

struct ServiceProxyOptions {
  RulesetOptions rules;  // service_ranges are read from the cluster
  std::string gateway;   // of the bridge, "10.244.0.1/24"
  std::string nft = "nft", ip = "ip";
};

struct ServiceProxyParts {
  Loop* loop = nullptr;
  Processes* processes = nullptr;
  Pool* pool = nullptr;
  std::shared_ptr<FlowTable> flows;  // used on the pool
  std::unique_ptr<client::Cluster> cluster;
  std::function<void(const ServiceTable&)> told;  // with what it reads, each time; may be empty
  Logger log;
};

// On one loop. Rules stay when it ends: Services go on working for pods that go on, and the next start takes them over.
class ServiceProxy final : private client::ClusterEvents {
 public:
  // Changes that come close together are one; at most one transaction in so long, one under way.
  static constexpr Duration kApplyInterval = std::chrono::milliseconds(50);
  static constexpr Duration kRetryMin = std::chrono::seconds(1), kRetryMax = std::chrono::seconds(30);
  static constexpr Duration kCommandTimeout = std::chrono::seconds(20);
  // How often it looks whether its rules are still there: others flush the machine's rules, too.
  static constexpr Duration kAuditInterval = std::chrono::seconds(60);

  ServiceProxy(ServiceProxyParts parts, ServiceProxyOptions options);
  ~ServiceProxy() override;
  // `ready` once the bridge and the first rules are there, or why they are not; it goes on trying then.
  void start(UniqueFunction<void(Result<void>)> ready);
  void stop();

 private:
  using Outcome = UniqueFunction<void(Result<std::string>)>;
  void on_change(const client::Change& change, const client::View& view) override;
  void on_progress() override {}
  void on_reset() override { schedule(kApplyInterval); }
  void schedule(Duration delay);
  void arm_audit();
  void look(UniqueFunction<void()> then);
  void apply();
  void make_links(std::vector<std::string> ranges);
  void applied(Result<void> outcome);
  void forget_flows(const ServiceTable& services);
  void run(std::vector<std::string> arguments, std::string input, Outcome done);
  std::vector<std::string> service_ranges() const;

  ServiceProxyParts parts_;
  ServiceProxyOptions options_;
  UniqueFunction<void(Result<void>)> ready_;
  std::string applied_;                // text of the rules that are there; "" when that is not known
  std::optional<TableContent> there_;  // names in the table; none: there is no table, or nobody knows what is in it
  UdpTargets udp_;                     // that the rules know
  std::optional<std::vector<std::string>> linked_;  // ranges of Services that have routes
  TimerId timer_ = 0, audit_ = 0;
  Duration retry_ = kRetryMin;
  bool running_ = false;
  bool again_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

// Takes its rules away; succeeds where nothing is. Routes go with the bridge.
std::vector<std::string> service_removal(const ServiceProxyOptions& options);

// Of a bridge that is somebody else's, before it was used here.
struct BridgeBefore {
  bool made = false;                             // it was not there: it goes, unless others use it by now
  std::string route_localnet, nf_call_iptables;  // settings; "": nobody knows
};
// Takes the routes from a bridge and leaves it as it was; succeeds where there is none.
std::vector<std::string> bridge_return(const std::string& ip, const std::string& bridge, const BridgeBefore& before);

}  // namespace plinth::network
