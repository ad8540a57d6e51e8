#include "workloads/scheduler/node_room.h"

#include <algorithm>

namespace plinth::workloads {

void NodeRoom::add(const PodFactsPtr& pod) {
  api::add_to(used, pod->requests);
  pods.push_back(pod);
}

void NodeRoom::remove(const PodFacts& pod) {
  for (const auto& [name, amount] : pod.requests) {
    if (const auto found = used.find(name); found != used.end()) found->second = found->second - amount;
  }
  std::erase_if(pods, [&](const PodFactsPtr& p) { return p->object.uid == pod.object.uid; });
}

std::optional<std::string_view> NodeRoom::label(std::string_view key) const {
  const Value* found = labels().find(key);
  if (found == nullptr) return std::nullopt;
  return found->as_string();
}

NodeRoom* NodeRooms::find(std::string_view name) {
  const auto at =
      std::lower_bound(nodes.begin(), nodes.end(), name, [](const NodeRoom& n, std::string_view v) { return n.node.name < v; });
  return at != nodes.end() && at->node.name == name ? &*at : nullptr;
}

NodeRooms read_nodes(const client::View& view, const std::vector<PodFactsPtr>& pods) {
  NodeRooms out;
  view.list(*view.find_resource("", "nodes"), "", [&](const client::Object& node) {
    if (node.deleting()) return true;
    NodeRoom room;
    room.node = node;
    const Value status = node["status"];
    const Value amounts = status["allocatable"].is_null() ? status["capacity"] : status["allocatable"];
    if (auto read = api::read_amounts(amounts); read.ok()) room.allocatable = std::move(*read);
    out.nodes.push_back(std::move(room));
    return true;
  });
  std::sort(out.nodes.begin(), out.nodes.end(), [](const NodeRoom& a, const NodeRoom& b) { return a.node.name < b.node.name; });
  for (const PodFactsPtr& pod : pods) {
    if (pod->node.empty() || pod->terminal) continue;
    if (NodeRoom* room = out.find(pod->node)) room->add(pod);
  }
  return out;
}

}  // namespace plinth::workloads
