// The network of this machine's pods as the platform serves it: Services, cluster DNS, the API's address for pods.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "api/address_range.h"
#include "base/log.h"
#include "base/processes.h"
#include "base/world.h"
#include "client/cluster.h"

namespace plinth::platform {

struct PodNetworkParts {
  Loop* loop = nullptr;
  Clock* clock = nullptr;
  Entropy* entropy = nullptr;
  Network* network = nullptr;  // without TLS
  Processes* processes = nullptr;
  Pool* pool = nullptr;
  std::unique_ptr<client::Cluster> cluster;
  // Serves the API on an address of the bridge, too; null where pods reach it already.
  std::function<void(UniqueFunction<void(Result<void>)> done)> serve_api;
  Logger log;
};

struct PodNetworkOptions {
  std::string node;       // its name
  std::string bridge;     // of the pods, made where it is missing
  std::string pod_range;  // "10.244.0.0/24"
  std::string gateway;    // the bridge's own address; "": the first of the range
  std::string table;      // of nftables
  std::string nft = "nft", ip = "ip";
  std::vector<std::string> forward_to;  // servers for names of elsewhere, "host:53"
};

// On one loop. What the kernel does goes on when this ends.
class PodNetwork {
 public:
  virtual ~PodNetwork() = default;
  // `done` once Services can be reached and names are answered.
  virtual void start(UniqueFunction<void(Result<void>)> done) = 0;
  virtual void stop() = 0;
};
std::unique_ptr<PodNetwork> make_pod_network(PodNetworkParts parts, PodNetworkOptions options);

// The command that takes the rules away; routes go with the bridge.
std::vector<std::string> pod_network_removal(const PodNetworkOptions& options);

// The bridge's own address: the first one of the range. BadRequest for a range that is none.
Result<std::string> pod_gateway(const std::string& pod_range);
// The address of the Service kube-dns: the tenth of the range, as everywhere.
std::string cluster_dns_address(const api::AddressRange& services);
// BadRequest when Services of that range cannot be served to pods.
Result<void> check_service_range(const api::AddressRange& services);

}  // namespace plinth::platform
