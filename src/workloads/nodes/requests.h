// Requests about pods and nodes that these controllers have in common.
#pragma once

#include <string_view>

#include "client/controller.h"

namespace plinth::workloads {

// A condition of a pod ("": none) and, unless "", its phase; merged with what others wrote.
client::Request pod_condition_request(const client::Object& pod, std::string_view type, std::string_view status,
                                      std::string_view reason, std::string_view message, std::string_view phase,
                                      std::int64_t wall_ns, std::string_view manager);
// DELETE without waiting for a kubelet.
client::Request force_delete_request(const client::Object& pod);

}  // namespace plinth::workloads
