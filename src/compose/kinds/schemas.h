// Schemas of the fields of our kinds, as the YAML of OpenAPI schemas. crds.cpp puts them into definitions.
#pragma once

#include <string_view>

namespace plinth::compose {

extern const std::string_view kDefinitionSpecSchema;  // spec of a ResourceGraphDefinition, and the snapshot in a GraphRevision
extern const std::string_view kResourceGroupSpecSchema;
extern const std::string_view kRevisionSpecSchema;  // without the snapshot's spec
extern const std::string_view kSettingsSpecSchema;
extern const std::string_view kSettingsStatusSchema;

}  // namespace plinth::compose
