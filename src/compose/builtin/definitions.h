// Definitions that come with the platform. They are ordinary ones: `kubectl get rgd NAME -o yaml` shows them.
#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/value.h"

namespace plinth::compose {

// postgresql.cnpg.io/v1 Cluster: one instance of PostgreSQL with its claim, Services and Secret, named and filled as
// CloudNativePG does it.
Document postgresql_definition();

// By name: "postgresql", or "none". The error says which are known.
Result<std::vector<Document>> own_definitions(std::string_view list);

// The version of a definition of ours: a newer one takes the place of an older one.
inline constexpr std::string_view kDefinitionVersionAnnotation = "plinth.dev/definition-version";

}  // namespace plinth::compose
