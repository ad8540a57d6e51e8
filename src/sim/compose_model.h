// What a test knows of composition without asking it: definitions made at random, and the children that an instance of one must
// have.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/value.h"
#include "world_sim/sim_random.h"

namespace plinth::sim {

// A resource of a definition.
struct ModelNode {
  std::string id;
  std::string plural;        // "configmaps", "serviceaccounts", "services"
  bool conditional = false;  // included where the instance says on: true
  bool collection = false;   // one for each element of the instance's list
  std::vector<std::size_t> needs;
};

struct ModelDefinition {
  std::vector<ModelNode> nodes;  // as they stand in the definition: in any order
  bool broken = false;           // one expression is wrong
};

// A graph of up to six resources that refer to each other without a circle.
ModelDefinition random_definition(world_sim::SimRandom& random);
// `spec.resources` of the definition, as JSON.
std::string resources_json(const ModelDefinition& definition);
// Of every definition here: {value: string, on: boolean, list: []string}.
std::string schema_json(const std::string& kind);

// The children that an instance must have: "configmaps/NAMESPACE/NAME" to what `data.value` must be ("" where there is none).
std::map<std::string, std::string> expected_children(const ModelDefinition& definition, const Value& instance);

}  // namespace plinth::sim
