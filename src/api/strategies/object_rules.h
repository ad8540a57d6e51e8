// Everything that decides whether an object may be stored, in one place: metadata, schema and strategy.
#pragma once

#include "api/field_error.h"
#include "api/kind.h"
#include "base/value.h"

namespace plinth::api {

// Schema defaults and the strategy's own. For built-in and custom kinds; idempotent.
void default_object(Draft& object, const KindRow& row, const KindVersion& version);

// `object` is defaulted and prepared; `old` is null on create. Not for subresources.
FieldErrors validate_object(const Value& object, const Value* old, const KindRow& row, const KindVersion& version);

}  // namespace plinth::api
