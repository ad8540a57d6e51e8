// The decisions of an external resizer, without the calls: which claims want more than their volume has, what to ask of the
// driver, what is written when it has answered (with recovery from an expansion that cannot be had, as upstream since 1.34).
#pragma once

#include <string>
#include <variant>

#include "client/controller.h"
#include "workloads/csi/csi_calls.h"
#include "workloads/csi/provision.h"

namespace plinth::workloads {

// What the node has to do next is seen from the objects: the volume's spec.capacity is more than the claim's status.capacity.
// It sets the latter when it is done, and takes away the conditions and allocatedResourceStatuses.
struct Expansion {
  std::int64_t target_bytes = 0;
  bool by_driver = true;    // else the node does it alone
  bool infeasible = false;  // the driver refused this size for good: asked again, but seldom
  std::string begun;        // an Event's message where nothing was said on the claim yet
  client::Plan marks;       // before the call
  ExpandCall call;
};
using ResizeDecision = std::variant<NoDecision, Refusal, client::Plan, Expansion>;
ResizeDecision decide_resize(const client::View& view, const client::Object& claim, const CsiDriverInfo& driver,
                             std::int64_t wall_ns, std::string_view manager);

// The volume has its new size. The volume's object first: what the node sees.
client::Plan expanded_plan(const client::Object& claim, const client::Object& volume, std::int64_t bytes, bool node_expansion,
                           std::int64_t wall_ns, std::string_view manager);
client::Plan infeasible_plan(const client::Object& claim, std::string_view message, std::int64_t wall_ns,
                             std::string_view manager);

}  // namespace plinth::workloads
