// Whether what an expression gives may stand in a field, by their types.
#pragma once

#include <string>

#include "base/result.h"
#include "base/value.h"
#include "cel/types.h"

namespace plinth::compose {

// dyn goes anywhere and takes anything; an optional counts as what it holds; lists and maps element by element; objects and
// maps by their fields: what is produced must be known to the target. Empty when it fits, else why not.
std::string why_not_assignable(const cel::Type& from, const cel::Type& to);

// bool, or an optional of it.
bool is_boolean(const cel::Type& type);

// The OpenAPI schema of a status field of that type. Errors: a type that contains itself.
Result<Value> openapi_of_type(const cel::Type& type, Draft& draft);

}  // namespace plinth::compose
