#include "workloads/endpoints/service_keys.h"

namespace plinth::workloads {
namespace {

std::string place_of(std::string_view name_space, std::string_view label, std::string_view value) {
  std::string out(name_space);
  for (const std::string_view part : {label, value}) {
    out += '\n';
    out += part;
  }
  return out;
}

}  // namespace

void ServiceKeys::all(const client::View& view, std::vector<std::string>& keys) {
  view.list(*view.find_resource("", "services"), "", [&](const client::Object& service) {
    if (!has_selector(service)) return true;
    keys.push_back(client::make_key(service.name_space, service.name));
    learn(service, keys.back());
    return true;
  });
}

// A view may be older than what was told.
void ServiceKeys::learn(const client::Object& service, const std::string& key) {
  const auto found = services_.find(key);
  if (found != services_.end() && found->second.revision > service.revision) return;
  forget(key);
  const Value labels = service["spec"]["selector"];
  const Member& one = labels.members()[0];
  Known known{service.revision, place_of(service.name_space, one.key(), one.value.as_string()),
              api::LabelSelector::from_map(labels)};
  by_label_[known.place].insert(key);
  services_.emplace(key, std::move(known));
}

void ServiceKeys::forget(const std::string& key) {
  const auto found = services_.find(key);
  if (found == services_.end()) return;
  const auto place = by_label_.find(found->second.place);
  place->second.erase(key);
  if (place->second.empty()) by_label_.erase(place);
  services_.erase(found);
}

void ServiceKeys::add_matching(const std::string& name_space, const PodSelection::Concerned& concerned,
                               std::vector<std::string>& keys) const {
  std::set<std::string> matching;
  for (const api::Labels* labels : {&concerned.now, &concerned.before}) {
    for (const auto& [label, value] : *labels) {
      const auto place = by_label_.find(place_of(name_space, label, value));
      if (place == by_label_.end()) continue;
      for (const std::string& key : place->second) {
        if (concerned.matches(services_.at(key).selector)) matching.insert(key);
      }
    }
  }
  keys.insert(keys.end(), matching.begin(), matching.end());
}

void ServiceKeys::take(const client::Change& change, const client::View& view, std::vector<std::string>& keys) {
  const client::Object& object = change.object;
  if (object.resource.is("", "services")) {
    const std::string key = client::make_key(object.name_space, object.name);
    if (change.deleted || !has_selector(object)) return forget(key);
    learn(object, key);
    keys.push_back(key);
  } else if (object.resource.is("", "nodes")) {
    // Pods that were left out because their node was not known.
    if (change.created) all(view, keys);
  } else if (object.resource.is("", "pods")) {
    const PodSelection::Concerned concerned = pods_.take(change);
    if (concerned.any) add_matching(object.name_space, concerned, keys);
  }
}

}  // namespace plinth::workloads
