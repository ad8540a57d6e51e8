// The libraries of functions, each in a file of its own. Made new by each call; Environment::add shares what it takes.
#pragma once

#include "cel/function.h"

namespace plinth::cel {

Library standard_library();        // every environment has it
Library optionals_library();       // optional.of, .?x, [?i], optMap ...
Library strings_library();         // cel-go's ext strings, newest version
Library math_library();            // ext math
Library encoders_library();        // base64
Library network_library();         // ip, cidr
Library bindings_library();        // cel.bind
Library blocks_library();          // cel.block
Library comprehensions_library();  // macros with two variables

}  // namespace plinth::cel
