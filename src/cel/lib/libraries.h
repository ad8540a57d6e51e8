// The libraries of functions, each in a file of its own. Made new by each call; Environment::add shares what it takes.
#pragma once

#include <memory>

#include "cel/environment.h"
#include "cel/function.h"

namespace plinth::cel {

Library standard_library();        // every environment has it
Library optionals_library();       // optional.of, .?x, [?i], optMap ...
Library bindings_library();        // cel.bind
Library blocks_library();          // cel.block
Library comprehensions_library();  // with two variables

}  // namespace plinth::cel
