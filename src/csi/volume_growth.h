// What the node writes about a claim whose volume it has grown, or could not grow.
#pragma once

#include "client/controller.h"
#include "csi/volume_plan.h"

namespace plinth::csi {

// status.capacity is the volume's; what told of the expansion goes. With an Event on the claim.
client::Plan grown_plan(const client::View& view, const Growth& growth, const VolumeData& data, std::int64_t wall_ns);
// The driver will never do it: status.allocatedResourceStatuses says so, and an Event.
client::Plan infeasible_plan(const client::View& view, const Growth& growth, const std::string& why, std::int64_t wall_ns);

// A driver's answer that means never: asking again as it stands is no use.
bool is_infeasible(net::GrpcCode code);

}  // namespace plinth::csi
