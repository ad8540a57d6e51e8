// How far a server has come with its start, for those who ask whether it lives and is ready.
#pragma once

#include <cstdint>

namespace plinth::server {

// In the order in which they are reached; none is gone back from.
enum class StartPhase : std::uint8_t {
  kOpen,        // the store is open and the kinds of its definitions are served
  kRepaired,    // addresses, ports and quotas agree with the objects that hold them
  kSeeded,      // what every cluster has is there
  kControlled,  // controllers follow the cluster
  kReady,       // the platform's own kinds and its node are there, too
  kEnding,      // no new requests, please
};

}  // namespace plinth::server
