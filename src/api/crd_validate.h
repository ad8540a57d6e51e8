// Validation of CustomResourceDefinition objects beyond what their schema says.
#pragma once

#include "api/field_error.h"
#include "base/value.h"

namespace plinth::api {

// Names not given follow from the kind: singular is the kind in lower case, listKind the kind with "List"; conversion is None.
void default_crd(Draft& draft);

// `old` is null on create. Decoded and defaulted objects. Webhook conversion is refused as not supported.
FieldErrors validate_crd(const Document& crd, const Value* old);

}  // namespace plinth::api
