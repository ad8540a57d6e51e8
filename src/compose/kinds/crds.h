// The kinds that definitions are written as. They are custom resources, so that the same ones can be installed into any
// cluster.
#pragma once

#include <vector>

#include "base/value.h"

namespace plinth::compose {

// ResourceGraphDefinition, GraphRevision, ResourceGroup (the form of 2024) with the fields, columns and rules of kro's own
// CRDs, and our DefinitionSettings.
std::vector<Document> composition_crds();

}  // namespace plinth::compose
