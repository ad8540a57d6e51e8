// The CustomResourceDefinition that a definition stands for, and who may change one that is there already.
#pragma once

#include "base/result.h"
#include "base/value.h"
#include "compose/definition/definition.h"

namespace plinth::compose {

// `spec_schema` is compile_simple_schema()'s result; `status_schema` an OpenAPI object, or null while it is not known. state,
// conditions and resources are added to the status where the author does not declare them.
Document generate_crd(const DefinitionOwner& owner, const ApiSchema& schema, const Value& spec_schema,
                      const Value& status_schema);

// Whether `owner` may make or change this existing CRD. A CRD of a definition of the same name with another uid is adopted.
Result<void> check_crd_owner(const Value& existing, const DefinitionOwner& owner);

// The part of an update that is the definition's: spec, labels and annotations of `desired` as a JSON merge patch over
// `existing`; null when nothing differs. What the API server adds by itself (defaults of names, conversion) is no difference.
Document crd_patch(const Value& existing, const Value& desired);

}  // namespace plinth::compose
