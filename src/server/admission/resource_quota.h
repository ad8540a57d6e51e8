// ResourceQuota: refuses what exceeds a quota of its namespace, and counts what is made, changed and removed. Not a plugin: it
// comes after all of them, when it is clear whether the object stays, and what it counts is part of the write's transaction.
#pragma once

#include <vector>

#include "base/result.h"
#include "server/admission/admission.h"
#include "server/context.h"
#include "store/store.h"

namespace plinth::server {

// `old` is what is stored, `kept` what will be; null: nothing. 403 `exceeded quota: ...`, `failed quota: ...` or, until a new
// quota has been measured, `status unknown for quota: ...` with is_awaited.
Result<void> charge_quotas(ServerContext& context, AdmissionRequest& request, const Value& old, const Value& kept,
                           std::vector<store::Reservation>& out);

}  // namespace plinth::server
