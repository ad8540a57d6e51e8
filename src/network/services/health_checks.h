// What load balancers ask a node: whether a Service has endpoints on it. Of Services with a healthCheckNodePort, which those
// with externalTrafficPolicy Local have.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/log.h"
#include "base/world.h"
#include "network/services/service_table.h"

namespace plinth::network {

struct HealthCheckParts {
  Loop* loop = nullptr;
  Clock* clock = nullptr;
  Network* network = nullptr;
  Logger log;
  std::string node;  // whose endpoints count
};

// On one loop. Answers as kube-proxy does: 200 or 503, how many endpoints there are, and the field
// X-Load-Balancing-Endpoint-Weight.
class HealthChecks {
 public:
  explicit HealthChecks(HealthCheckParts parts);
  ~HealthChecks();
  // Listens for what has come, on all addresses, and closes what has gone. A port that cannot be had is logged, and tried again
  // with the next table.
  void set(const ServiceTable& services);

 private:
  struct Port;
  HealthCheckParts parts_;
  std::map<std::int64_t, std::unique_ptr<Port>> ports_;
};

// Endpoints of the Service on that node which take traffic.
std::size_t local_endpoints(const Service& service, const std::string& node);

}  // namespace plinth::network
