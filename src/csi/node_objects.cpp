#include "csi/node_objects.h"

namespace plinth::csi {
namespace {

const client::Resource kNodes{"", "v1", "nodes", "Node", false};
const client::Resource kCsiNodes{"storage.k8s.io", "v1", "csinodes", "CSINode", false};

Value entry_of(Draft& draft, const DriverFacts& facts) {
  Value entry = draft.object();
  draft.set(entry, "name", facts.info.name);
  draft.set(entry, "nodeID", facts.node_id);
  Value keys = draft.array();
  for (const auto& [key, value] : facts.topology) draft.push(keys, draft.text(key));
  draft.set(entry, "topologyKeys", keys);
  if (facts.volumes_max > 0) draft.member_path(entry, {"allocatable", "count"}) = Value::of(facts.volumes_max);
  return entry;
}

Draft csi_node_object(const client::Object& node, const std::vector<const DriverFacts*>& all) {
  Draft draft;
  Value& root = draft.root() = draft.object();
  draft.set(root, "apiVersion", "storage.k8s.io/v1");
  draft.set(root, "kind", "CSINode");
  draft.member_path(root, {"metadata", "name"}) = draft.text(node.name);
  Value owner = draft.object();
  draft.set(owner, "apiVersion", "v1");
  draft.set(owner, "kind", "Node");
  draft.set(owner, "name", node.name);
  draft.set(owner, "uid", node.uid);
  Value owners = draft.array();
  draft.push(owners, owner);
  draft.member_path(root, {"metadata", "ownerReferences"}) = owners;
  Value drivers = draft.array();
  for (const DriverFacts* facts : all) draft.push(drivers, entry_of(draft, *facts));
  draft.member_path(root, {"spec", "drivers"}) = drivers;
  return draft;
}

Draft node_labels(const std::string& node, const std::vector<const DriverFacts*>& all) {
  Draft draft;
  Value& root = draft.root() = draft.object();
  draft.set(root, "apiVersion", "v1");
  draft.set(root, "kind", "Node");
  draft.member_path(root, {"metadata", "name"}) = draft.text(node);
  Value labels = draft.object();
  for (const DriverFacts* facts : all) {
    for (const auto& [key, value] : facts->topology) draft.set(labels, key, value);
  }
  draft.member_path(root, {"metadata", "labels"}) = labels;
  return draft;
}

}  // namespace

Result<std::vector<client::Request>> node_requests(const client::View& view, const std::string& name,
                                                   const std::vector<const DriverFacts*>& drivers, std::string_view manager) {
  const auto node = view.get(kNodes, "", name);
  if (!node) return Error(Reason::kNotFound, "node \"" + name + "\" not found");
  std::vector<client::Request> out;
  out.push_back(client::apply_request(kNodes, "", name, node_labels(name, drivers).root(), manager));
  out.push_back(client::apply_request(kCsiNodes, "", name, csi_node_object(*node, drivers).root(), manager));
  return out;
}

}  // namespace plinth::csi
