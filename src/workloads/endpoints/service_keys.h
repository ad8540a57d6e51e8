// Keys of controllers whose keys are Services with a selector.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "client/controller.h"
#include "workloads/common/pod_selection.h"
#include "workloads/endpoints/backends.h"

namespace plinth::workloads {

// Knows the selectors of all Services from what it was told, so that a change of a pod costs what the Services that select it
// cost, however many others there are.
class ServiceKeys {
 public:
  void all(const client::View& view, std::vector<std::string>& keys);
  void take(const client::Change& change, const client::View& view, std::vector<std::string>& keys);

 private:
  struct Known {
    std::uint64_t revision = 0;
    std::string place;  // in by_label_
    api::LabelSelector selector;
  };
  void learn(const client::Object& service, const std::string& key);
  void forget(const std::string& key);
  void add_matching(const std::string& name_space, const PodSelection::Concerned& concerned,
                    std::vector<std::string>& keys) const;

  PodSelection pods_{endpoint_digest};
  std::map<std::string, Known> services_;                  // by key
  std::map<std::string, std::set<std::string>> by_label_;  // namespace and one label that the selector asks for: keys
};

}  // namespace plinth::workloads
