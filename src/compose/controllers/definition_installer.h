// Brings the platform's own definitions into a cluster.
#pragma once

#include <memory>
#include <vector>

#include "client/controller.h"

namespace plinth::compose {

// Once after each start, so that one that a user deleted stays away until then. A kind that another owner defines is left
// alone.
std::unique_ptr<client::Controller> make_definition_installer(std::vector<Document> definitions);

}  // namespace plinth::compose
