// What controllers read. One for a process, shared by all controllers; the truth of some moment, never newer than what is
// durable.
#pragma once

#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "client/object.h"

namespace plinth::api {
class LabelSelector;
}

namespace plinth::client {

// Which objects of a list are wanted: the others cost next to nothing.
struct Filter {
  const api::LabelSelector* labels = nullptr;  // null: any
  bool ownerless = false;                      // without owner references
};

// One state of the cluster. Immutable.
class View {
 public:
  virtual ~View() = default;
  // Kinds that store objects, custom ones included.
  virtual std::vector<Resource> resources() const = 0;
  virtual std::optional<Resource> find_resource(std::string_view group, std::string_view plural) const = 0;
  // Any served version; nothing when the kind is not served (yet).
  virtual std::optional<KindForm> find_kind(std::string_view group, std::string_view version, std::string_view kind) const = 0;
  virtual std::optional<Object> get(const Resource& resource, std::string_view name_space, std::string_view name) const = 0;
  virtual std::optional<Object> by_uid(std::string_view uid) const = 0;
  // Stops when `visit` returns false. "" as namespace: all.
  virtual void list(const Resource& resource, std::string_view name_space,
                    const std::function<bool(const Object&)>& visit) const = 0;
  virtual void list_where(const Resource& resource, std::string_view name_space, const Filter& filter,
                          const std::function<bool(const Object&)>& visit) const = 0;
  virtual std::vector<Object> owned_by(std::string_view uid) const = 0;
  // metadata.managedFields of an object as JSON text, which objects come without; "" when there are none.
  virtual std::string managed_fields(const Object& object) const = 0;
  virtual std::size_t count(const Resource& resource, std::string_view name_space) const = 0;
  // The revision up to which every change of that kind is in this view. Other kinds may be ahead of it or behind.
  virtual std::uint64_t seen(const Resource& resource) const = 0;
};

// A change, as triggers see it. `object` is the new state, or the last one of what was deleted.
struct Change {
  bool deleted = false;
  bool created = false;
  Object object;
};

}  // namespace plinth::client
