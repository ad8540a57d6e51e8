// Definitions become APIs: the CRD, the revisions, and what the definition says about itself.
#pragma once

#include <memory>

#include "client/controller.h"
#include "compose/controllers/definitions.h"

namespace plinth::compose {

std::unique_ptr<client::Controller> make_definition_controller(std::shared_ptr<Definitions> definitions);

}  // namespace plinth::compose
