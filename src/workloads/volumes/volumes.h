// Claims get their volumes, and volumes are given back.
#pragma once

#include <memory>

#include "client/controller.h"

namespace plinth::workloads {

// Binds claims and volumes to each other, hands claims to the provisioners of their classes, and says what happens to a volume
// whose claim is gone. Creating and deleting storage is the provisioners' part.
std::unique_ptr<client::Controller> make_volume_binder();
// Makes the claims of pods' ephemeral volumes.
std::unique_ptr<client::Controller> make_ephemeral_volumes();

}  // namespace plinth::workloads
