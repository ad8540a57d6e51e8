#include "workloads/endpoints/service_keys.h"

namespace plinth::workloads {

void ServiceKeys::all(const client::View& view, std::vector<std::string>& keys) const {
  view.list(*view.find_resource("", "services"), "", [&](const client::Object& service) {
    if (has_selector(service)) keys.push_back(client::make_key(service.name_space, service.name));
    return true;
  });
}

void ServiceKeys::take(const client::Change& change, const client::View& view, std::vector<std::string>& keys) {
  const client::Object& object = change.object;
  if (object.resource.is("", "services")) {
    if (!change.deleted && has_selector(object)) keys.push_back(client::make_key(object.name_space, object.name));
  } else if (object.resource.is("", "nodes")) {
    // Pods that were left out because their node was not known.
    if (change.created) all(view, keys);
  } else if (object.resource.is("", "pods")) {
    const PodSelection::Concerned concerned = pods_.take(change);
    if (!concerned.any) return;
    view.list(*view.find_resource("", "services"), object.name_space, [&](const client::Object& service) {
      if (has_selector(service) && concerned.matches(api::LabelSelector::from_map(service["spec"]["selector"])))
        keys.push_back(client::make_key(service.name_space, service.name));
      return true;
    });
  }
}

}  // namespace plinth::workloads
