// Keys of controllers whose keys are Services with a selector.
#pragma once

#include <string>
#include <vector>

#include "client/controller.h"
#include "workloads/common/pod_selection.h"
#include "workloads/endpoints/backends.h"

namespace plinth::workloads {

class ServiceKeys {
 public:
  void all(const client::View& view, std::vector<std::string>& keys) const;
  void take(const client::Change& change, const client::View& view, std::vector<std::string>& keys);

 private:
  PodSelection pods_{endpoint_digest};
};

}  // namespace plinth::workloads
