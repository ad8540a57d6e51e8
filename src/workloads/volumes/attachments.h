// VolumeAttachments: which volumes are to be attached to which nodes. The attaching is the driver's part (external-attacher's
// role).
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "client/controller.h"

namespace plinth::workloads {

// "csi-" and the SHA-256 of volume handle, driver and node in hexadecimal, as upstream's.
std::string attachment_name(std::string_view handle, std::string_view driver, std::string_view node);
// How a node names a volume in status.volumesAttached and volumesInUse.
std::string attached_volume_name(std::string_view driver, std::string_view handle);

// Whether the volume's driver wants it attached to a node before it is mounted there; a driver without a CSIDriver does.
bool needs_attaching(const client::View& view, const client::Object& volume);

// One attachment for each volume of a pod's claims on the pod's node, where the CSIDriver asks for it; taken away when no pod
// of the node uses the volume and the node has let go of it.
std::unique_ptr<client::Controller> make_attach_controller();

}  // namespace plinth::workloads
