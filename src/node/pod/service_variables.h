// The variables that containers have for Services (NAME_SERVICE_HOST and so on), as the kubelet makes them.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "client/cache.h"
#include "node/runtime/runtime.h"

namespace plinth::node {

// Remembers what stands for each Service at its revision: each container wants those of all Services of its namespace.
class ServiceVariables {
 public:
  // Of the Service default/kubernetes, and with `links` of those of the namespace, until there are `variables_max`. A name may
  // come twice: the first counts.
  std::vector<KeyValue> of_pod(const client::View& view, const std::string& name_space, bool links, std::size_t variables_max);

 private:
  struct Known {
    std::uint64_t revision = 0;
    std::vector<KeyValue> variables;
  };
  const std::vector<KeyValue>& of_service(const client::Object& service);

  std::map<std::string, Known> known_;  // by uid
};

}  // namespace plinth::node
