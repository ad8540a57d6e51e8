// Everything that decides whether an object may be stored, in one place: metadata, schema and strategy.
#pragma once

#include <string_view>

#include "api/field_error.h"
#include "api/kind.h"
#include "base/value.h"

namespace plinth::api {

// Schema defaults and the strategy's own. For built-in and custom kinds; idempotent. `defaulted`: see apply_defaults().
void default_object(Draft& object, const KindRow& row, const KindVersion& version, const Arena* defaulted = nullptr);

// `object` is defaulted and prepared; `old` is null on create. `subresource` is "" for the object itself; "status" and the
// other subresources that write a part of the object are checked for that part. `validated`: see ValidateOptions.
FieldErrors validate_object(const Value& object, const Value* old, const KindRow& row, const KindVersion& version,
                            std::string_view subresource = "", const Arena* validated = nullptr);

}  // namespace plinth::api
