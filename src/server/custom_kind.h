// Rows made from CustomResourceDefinitions.
#pragma once

#include "server/kind_registry.h"

namespace plinth::server {

// Whether instances look and behave the same to a watcher under both definitions (names, scope, versions and their schemas,
// columns); status changes of a CRD do not end watches.
bool serves_same(const CustomKind& a, const CustomKind& b);

}  // namespace plinth::server
