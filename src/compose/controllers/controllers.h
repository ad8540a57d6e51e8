// The controllers of composition, over any cluster.
#pragma once

#include <memory>
#include <vector>

#include "base/world.h"
#include "client/controller.h"
#include "compose/controllers/definition_controller.h"

namespace plinth::compose {

struct CompositionOptions {
  bool install_kinds = true;          // the CRDs of the kinds of composition
  std::shared_ptr<Entropy> entropy;   // of random.alphanumeric(); null: expressions do not have it
  std::vector<Document> definitions;  // that are installed after the start
  DefinitionOptions definition;
};

// In the order in which they are to be added: kinds (when they are to be installed), definitions, instances. They share what
// they know of definitions.
std::vector<std::unique_ptr<client::Controller>> make_composition_controllers(CompositionOptions options = {});

}  // namespace plinth::compose
