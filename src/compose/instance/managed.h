// What the engine keeps on an instance itself, how it finds the children again, and how they go.
#pragma once

#include <string>
#include <vector>

#include "compose/apply_set/apply_set.h"
#include "compose/expression/expression.h"
#include "compose/instance/child.h"
#include "compose/instance/instance_step.h"

namespace plinth::compose {

// Finalizer and labels, where they are missing.
void plan_managed(const InstanceInput& in, const ParentInstance& parent, client::Plan& plan);
// The inventory, where it differs.
void plan_inventory(const InstanceInput& in, const ParentInstance& parent, const Inventory& inventory, client::Plan& plan);

enum class Thoroughness : std::uint8_t {
  kIndexed,  // by owner reference and by the index of labels
  kListed,   // and, where an owner reference is not allowed, by listing: the index may be behind
};
// Objects that carry the mark of this instance's set.
std::vector<client::Object> find_children(const InstanceInput& in, const ParentInstance& parent, Thoroughness thoroughness);

// Deletes those of the highest apply order that are not being deleted yet.
void plan_wave(const std::vector<client::Object>& children, const std::string& service_account, client::Plan& plan);

// Whether a child of a deleted instance is to be left: the user asked for it (--cascade=orphan), so that its owner reference is
// gone or about to go.
bool is_orphaned(const client::Object& instance, const client::Object& child);
client::Request release_request(const client::Object& child, std::string_view instance_uid);
client::Request drop_finalizer_request(const client::Object& instance);

// " (finalizers: a, b)", or "".
std::string finalizers_text(const client::Object& object);

// Whether an expression depends on the instance alone: what it misses there will not come by itself.
bool reads_schema_only(const Expression& expression);

}  // namespace plinth::compose
