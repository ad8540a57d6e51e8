// Rules about the spec of a PersistentVolumeClaim, which templates of claims share.
#pragma once

#include "api/strategies/field_ref.h"

namespace plinth::api {

void validate_claim_spec(const FieldRef& spec);
// ReadWriteOncePod stands alone.
void validate_access_modes(const FieldRef& modes);

}  // namespace plinth::api
