// Which objects carry the mark of which instance's set, kept from the stream of changes: children are found by their label
// without listing anything.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <tuple>

#include "client/cache.h"

namespace plinth::compose {

// Used on the controllers' loop. May be behind a view by changes that were not told yet, so what it names is looked at in the
// view.
class ChildIndex {
 public:
  struct Place {
    client::Resource resource;
    std::string name_space, name;
    friend bool operator<(const Place& a, const Place& b) {
      return std::tie(a.resource.group, a.resource.plural, a.name_space, a.name) <
             std::tie(b.resource.group, b.resource.plural, b.name_space, b.name);
    }
  };
  void follow(const client::Change& change);
  // From the beginning: every object of the cluster is looked at, none is decoded for it.
  void load(const client::View& view);
  void clear();
  const std::set<Place>& of_set(std::string_view set_id) const;

 private:
  void put(const client::Object& object, std::string_view set_id);
  void drop(const client::Object& object);
  std::map<std::string, std::set<Place>, std::less<>> by_set_;
  std::map<Place, std::string> sets_;
};

}  // namespace plinth::compose
