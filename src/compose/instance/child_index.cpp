#include "compose/instance/child_index.h"

#include "compose/marks.h"

namespace plinth::compose {
namespace {

ChildIndex::Place place_of(const client::Object& object) { return {object.resource, object.name_space, object.name}; }

}  // namespace

void ChildIndex::follow(const client::Change& change) {
  const std::string_view set_id = change.deleted ? std::string_view() : change.object.label(kPartOfLabel);
  if (set_id.empty())
    drop(change.object);
  else
    put(change.object, set_id);
}

void ChildIndex::load(const client::View& view) {
  clear();
  for (const client::Resource& resource : view.resources()) {
    view.list(resource, "", [&](const client::Object& object) {
      if (const std::string_view set_id = object.label(kPartOfLabel); !set_id.empty()) put(object, set_id);
      return true;
    });
  }
}

void ChildIndex::clear() {
  by_set_.clear();
  sets_.clear();
}

const std::set<ChildIndex::Place>& ChildIndex::of_set(std::string_view set_id) const {
  static const std::set<Place> none;
  const auto found = by_set_.find(set_id);
  return found == by_set_.end() ? none : found->second;
}

void ChildIndex::put(const client::Object& object, std::string_view set_id) {
  const Place place = place_of(object);
  std::string& known = sets_[place];
  if (known == set_id) return;
  if (!known.empty()) by_set_[known].erase(place);
  known = set_id;
  by_set_[known].insert(place);
}

void ChildIndex::drop(const client::Object& object) {
  if (sets_.empty()) return;
  const auto found = sets_.find(place_of(object));
  if (found == sets_.end()) return;
  const auto set = by_set_.find(found->second);
  set->second.erase(found->first);
  if (set->second.empty()) by_set_.erase(set);
  sets_.erase(found);
}

}  // namespace plinth::compose
