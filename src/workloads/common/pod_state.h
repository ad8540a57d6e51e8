// What the states of a pod mean to who only counts or routes.
#pragma once

#include <string_view>
#include <vector>

#include "base/value.h"
#include "client/object.h"

namespace plinth::workloads {

// A condition of an object's status by type; null when there is none.
Value condition_of(const Value& object, std::string_view type);
// Of a pod: its condition Ready is True.
bool is_ready(const Value& pod);
// It ran and will not run again (phase Succeeded or Failed).
bool is_terminal(const Value& pod);
// Bound to a node and not terminal: it takes its share of the node.
bool takes_room(const Value& pod);

// The name of the claim behind a volume of a pod: the one it names, or the one made for it; "" for any other volume.
std::string claim_name(const client::Object& pod, const Value& volume);
// The owner reference marked as controller; null when there is none.
Value controlling_reference(const Value& object);

}  // namespace plinth::workloads
