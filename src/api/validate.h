// Checks an object against its schema and says what is wrong in Kubernetes' words.
#pragma once

#include "api/field_error.h"
#include "api/pattern_cache.h"
#include "api/schema.h"

namespace plinth::api {

struct ValidateOptions {
  // The stored object on update: what fails and is unchanged is tolerated (CRDs; upstream does not do so for built-in kinds).
  const Value* old = nullptr;
  // Compiled patterns of this schema; compiled anew each time when null.
  PatternCache* patterns = nullptr;
  // Lists and objects of a built-in schema that are stored there were found valid before, at the place where they are. Null:
  // none.
  const Arena* validated = nullptr;
};

// The document has been decoded and defaulted.
//
// CRD schemas: OpenAPI v3 with kube-openapi's texts (`spec.replicas in body should be greater than or equal to 0`), then
// uniqueness of lists of type set and map. Built-in schemas: required fields, enums, ranges, sizes and formats with the texts
// of core validation.
FieldErrors validate(const Schema& schema, const Value& object, const ValidateOptions& options = {});

}  // namespace plinth::api
