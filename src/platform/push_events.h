// Images that are pushed to the platform's registry, as Events that anybody can watch.
#pragma once

#include <functional>
#include <string>

#include "platform/node_host.h"
#include "registry/registry.h"

namespace plinth::platform {

// For Registry::on_push(): each push is an Event of the Node whose pods get the image, in namespace default, reason
// ImagePushed, with the annotations plinth.dev/image and plinth.dev/digest. An Event and no kind of its own: what there is now
// is the registry's list of tags; what a watcher needs beside that is to be told.
std::function<void(const registry::Push&)> push_events(const NodeHostParts& parts, const std::string& node);

}  // namespace plinth::platform
