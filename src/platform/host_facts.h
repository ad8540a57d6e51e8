// What this machine is, as a Node object tells it.
#pragma once

#include <string>

#include "node/agent/node_registration.h"
#include "node/runtime/runtime.h"

namespace plinth::platform {

// Addresses, capacity and nodeInfo; `data_dir` is where containers write. The runtime's version is left open.
node::NodeFacts machine_facts(const std::string& data_dir);
// The machine's own /etc/resolv.conf.
node::DnsConfig parse_resolv_conf(const std::string& text);
std::int64_t machine_memory_bytes();

}  // namespace plinth::platform
