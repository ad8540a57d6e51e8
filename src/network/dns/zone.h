// The names of a cluster: Services, their endpoints and pods, as Kubernetes' DNS specification 1.1 has them. Immutable once
// made.
#pragma once

#include <optional>
#include <string>
#include <unordered_map>

#include "network/dns/message.h"
#include "network/services/service_table.h"

namespace plinth::network::dns {

class Zone {
 public:
  static constexpr std::uint32_t kTtlSeconds = 5;
  // `domain` as "cluster.local".
  Zone(const ServiceTable& services, std::string domain);

  // Nothing for names that are not this cluster's: somebody else knows.
  std::optional<Answer> find(const Question& question) const;

 private:
  void add(const std::string& name, Type type, std::string data);
  void add_service(const Service& service);
  void add_endpoints(const Service& service, const ServicePort& port, const std::string& name);
  Answer nothing(Code code) const;

  const std::string domain_;
  std::unordered_map<std::string, std::vector<Record>> records_;  // a name without records exists too
};

// "4.3.2.1.in-addr.arpa" and the like.
std::string reverse_name(const std::string& ip);

}  // namespace plinth::network::dns
