// The nodes with what runs on them, as one step of the scheduler sees and changes them.
#pragma once

#include <string>
#include <vector>

#include "workloads/scheduler/pod_facts.h"

namespace plinth::workloads {

struct NodeRoom {
  client::Object node;
  api::ResourceAmounts allocatable, used;
  std::vector<PodFactsPtr> pods;

  void add(const PodFactsPtr& pod);
  void remove(const PodFacts& pod);
  Value labels() const { return node.metadata()["labels"]; }
  // A label of the node; nothing when it has none of that key.
  std::optional<std::string_view> label(std::string_view key) const;
};

struct NodeRooms {
  std::vector<NodeRoom> nodes;  // by name
  NodeRoom* find(std::string_view name);
};

// Nodes that are not going, with the pods that are bound to them.
NodeRooms read_nodes(const client::View& view, const std::vector<PodFactsPtr>& pods);

}  // namespace plinth::workloads
