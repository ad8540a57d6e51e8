// The kernel's table of flows, over netlink. Needs CAP_NET_ADMIN.
#pragma once

#include "base/flow_table.h"

namespace plinth::world_real {

// Stateless: any thread.
class RealFlowTable final : public FlowTable {
 public:
  Result<std::size_t> forget_udp(const std::function<bool(const UdpFlow&)>& stale) override;
};

}  // namespace plinth::world_real
