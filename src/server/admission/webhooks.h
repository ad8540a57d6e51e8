// Admission webhooks: mutating ones one after the other, validating ones side by side; both without holding the loop.
#pragma once

#include "base/function.h"
#include "base/result.h"
#include "server/admission/admission.h"

namespace plinth::server {

// `done` gets whether the object was changed. `request` must stay until then. Runs at once when no webhook matches.
void call_mutating_webhooks(ServerContext& context, Loop& loop, AdmissionRequest& request,
                            UniqueFunction<void(Result<bool>)> done);
void call_validating_webhooks(ServerContext& context, Loop& loop, AdmissionRequest& request,
                              UniqueFunction<void(Result<void>)> done);

}  // namespace plinth::server
