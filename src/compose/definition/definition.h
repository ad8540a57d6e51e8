// A definition of an API, whichever kind it was written as: ResourceGraphDefinition, the 2024 ResourceGroup, or the spec kept
// in a GraphRevision.
#pragma once

#include <string>
#include <vector>

#include "base/value.h"

namespace plinth::compose {

enum class Dialect : std::uint8_t { kGraphDefinition, kResourceGroup2024 };

// Identity of the object that defines; goes into labels of the CRD and of instances.
struct DefinitionOwner {
  Dialect dialect = Dialect::kGraphDefinition;
  std::string name_space;  // of a ResourceGroup
  std::string name, uid;
};

// spec.schema with its defaults. Values are parts of the definition's document.
struct ApiSchema {
  std::string group, version, kind;
  bool namespaced = true;
  Value spec, types, status, columns, metadata, short_names, categories;
  std::string plural() const;
  std::string crd_name() const { return plural() + "." + group; }
  std::string api_version() const { return group + "/" + version; }
};

// `spec` is the spec of a definition.
ApiSchema api_schema_of(const Value& spec);

}  // namespace plinth::compose
