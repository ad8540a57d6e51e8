// Libraries that are macros only.
#include "cel/lib/libraries.h"

namespace plinth::cel {

Library bindings_library() {
  Library l("bindings");
  l.add_macros(binding_macros());
  return l;
}

Library blocks_library() {
  Library l("blocks");
  l.add_macros(block_macros());
  return l;
}

Library comprehensions_library() {
  Library l("comprehensions");
  l.add_macros(two_variable_macros());
  return l;
}

}  // namespace plinth::cel
