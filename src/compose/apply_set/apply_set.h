// The ApplySet of an instance (KEP-3659): which objects are its children, found by label, within kinds and namespaces that the
// instance itself remembers. With it children are found and removed without any definition.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/value.h"

namespace plinth::compose {

struct InstanceIdentity {
  std::string name, name_space, kind, group;
};

std::string apply_set_id(const InstanceIdentity& instance);

// What an instance remembers about its children.
struct Inventory {
  std::set<std::string> group_kinds;  // "Deployment.apps", "Service"
  std::set<std::string> namespaces;   // besides the instance's own
  friend bool operator==(const Inventory&, const Inventory&) = default;
  void add(const Inventory& other);
};

// "Kind.group", "Kind" for the core group.
std::string group_kind_text(std::string_view group, std::string_view kind);

// The annotations that hold an inventory, hash included.
std::map<std::string, std::string> inventory_annotations(const std::string& set_id, const Inventory& inventory);
// From the annotations of an instance; empty without them.
Inventory read_inventory(const Value& annotations);
// Whether the annotations are as they were written. A broken inventory is never used to delete.
bool inventory_is_intact(const std::string& set_id, const Value& annotations);

// Group-kinds and namespaces to look for children in. "" stands for cluster-scoped objects.
struct PruneScope {
  std::vector<std::string> group_kinds;
  std::vector<std::string> namespaces;
};
PruneScope prune_scope(const Inventory& inventory, std::string_view instance_namespace);

// One child as deletion sees it.
struct Orderable {
  std::size_t index = 0;    // of the caller's list
  std::string apply_order;  // the annotation; may be absent or damaged
};
// The wave that goes now: those of the highest order; those without a valid order all together at the end.
std::vector<std::size_t> next_deletion_wave(const std::vector<Orderable>& children);

}  // namespace plinth::compose
