// SimpleSchema to OpenAPI v3: what an author writes under spec.schema of a definition becomes the schema of the generated API.
#pragma once

#include "base/result.h"
#include "base/value.h"

namespace plinth::compose {

// `spec` maps names to fields or nested structs, `types` maps names to custom types (a field text or a struct); null counts as
// empty. A struct without required fields whose children hold a default gets `default: {}`, so that the defaults below it take
// effect although the user leaves it out. Errors are BadRequest: "field a: field b: what is wrong".
Result<Document> compile_simple_schema(const Value& spec, const Value& types);

}  // namespace plinth::compose
