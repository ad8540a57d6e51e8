// CustomResourceDefinitions that controllers of this program need: made where they are missing, after a start and when somebody
// deletes them.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "client/controller.h"

namespace plinth::client {

// A JSON merge patch that makes the one that is there what is wanted; null when it is.
using KindDifference = std::function<Document(const Value& existing, const Value& wanted)>;

// `name` is the controller's. Without `difference` one that is there is left as it is, whoever made it.
std::unique_ptr<Controller> make_kind_keeper(std::string name, const std::vector<Document>& definitions,
                                             KindDifference difference = nullptr);

}  // namespace plinth::client
