// Says with a Lease that this process runs controllers that may also run elsewhere: whoever attaches to this API waits for it,
// as for any other leader, instead of working against it. The Lease has no end and is not renewed: it holds as long as the
// process is configured so, across restarts, and costs no writes.
#pragma once

#include <memory>
#include <string>

#include "client/controller.h"

namespace plinth::control {

// "plinth-compose" in kube-system, for instance. With `held` false the Lease of an earlier run is given back.
std::unique_ptr<client::Controller> make_process_lease(std::string name_space, std::string name, bool held);

}  // namespace plinth::control
