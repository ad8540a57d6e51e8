// Sets what a schema gives when a field is absent.
#pragma once

#include "api/schema.h"

namespace plinth::api {

// Built-in schemas: a field with a default gets it when it is absent or, unless a pointer, zero; a field that Go always writes
// gets its zero value ("status": {}, "resources": {}). CRD schemas: null of a field that is not nullable counts as absent; it
// is removed where there is no default. Defaults apply below defaults. Running it again changes nothing. Lists and objects of a
// built-in schema that are stored in `defaulted` have their defaults already. Null: none.
void apply_defaults(Draft& draft, Value& slot, const Schema& schema, const Arena* defaulted = nullptr);

}  // namespace plinth::api
