// What scheduling needs to know of a pod, read once for each revision of it.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "api/label_selector.h"
#include "api/resource_amounts.h"
#include "client/cache.h"

namespace plinth::workloads {

struct HostPort {
  std::string ip, protocol;  // "0.0.0.0" is every address
  std::int64_t port = 0;
};

// A term of pod affinity or anti-affinity.
struct AffinityTerm {
  api::LabelSelector selector;
  std::vector<std::string> namespaces;
  std::optional<api::LabelSelector> namespace_selector;
  std::string topology_key;
  std::int64_t weight = 0;  // of preferred terms
};

struct SpreadConstraint {
  api::LabelSelector selector;
  std::string topology_key;
  std::int64_t max_skew = 1, min_domains = 1;
  bool hard = true;
  bool honors_affinity = true, honors_taints = false;
};

struct PodFacts {
  client::Object object;
  api::Labels labels;
  std::string node;            // that it is bound to
  std::string nominated_node;  // that it waits for
  std::int64_t priority = 0;
  api::ResourceAmounts requests;  // with overhead, never more than zero entries left out
  std::vector<HostPort> ports;
  std::vector<AffinityTerm> affinity, anti_affinity, preferred_affinity, preferred_anti_affinity;
  std::vector<SpreadConstraint> spread;
  std::vector<std::string> claims;  // names of its volumes' claims
  std::string created;
  bool deleting = false, terminal = false;

  Value spec() const { return object["spec"]; }
  // For a node, and it is the scheduler's to find one.
  bool is_waiting() const;
};
using PodFactsPtr = std::shared_ptr<const PodFacts>;

PodFactsPtr read_pod(const client::Object& pod);

// Facts by uid and revision; those not asked for between two sweeps are forgotten.
class PodFactsMemo {
 public:
  PodFactsPtr of(const client::Object& pod);
  void sweep();
  // Whether that change of a pod can mean anything for where pods go: it waits itself, or what others see of it is not what it
  // was. Most changes only tell how a pod that runs is doing.
  bool matters(const client::Change& change);

 private:
  struct Entry {
    PodFactsPtr facts;
    std::uint64_t used = 0;
  };
  std::map<std::string, Entry> entries_;
  std::uint64_t round_ = 1;
};

}  // namespace plinth::workloads
