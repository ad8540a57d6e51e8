// The status of a Pod as the kubelet writes it: phase, conditions, statuses of containers, addresses.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/value.h"
#include "node/pod/observed.h"

namespace plinth::node {

struct StatusFacts {
  std::string_view id_scheme;         // "containerd"
  std::vector<std::string> node_ips;  // of the Node, the first one for hostIP
  std::int64_t now_ns = 0;
};

// The members of status that belong to the node, all of them, with null for those that are absent. Conditions are only those
// that belong to the node, and their lastTransitionTime is the present one where nothing changed. Put into `draft`, which the
// caller's document stays alive in.
Value pod_status(Draft& draft, const Pod& pod, const Observed& seen, const PodMemory& memory, const StatusFacts& facts);

// Whether every member of `status` (as made above) is in the pod's present status already.
bool status_is_told(const Value& status, const Value& present);

// "Succeeded" and "Failed" are kept once the API has them.
std::string_view pod_phase(const Pod& pod, const Observed& seen, const PodMemory& memory);

}  // namespace plinth::node
