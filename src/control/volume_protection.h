// Claims and volumes that are to be deleted stay while they are in use: these controllers take off the finalizers that
// admission puts on them (StorageObjectInUseProtection) when nothing uses them any more, and put them on objects that are older
// than that.
#pragma once

#include <memory>

#include "client/controller.h"

namespace plinth::control {

// A claim is in use while a pod that has a node names it.
std::unique_ptr<client::Controller> make_claim_protection();
// A volume is in use while it is bound.
std::unique_ptr<client::Controller> make_volume_protection();

}  // namespace plinth::control
