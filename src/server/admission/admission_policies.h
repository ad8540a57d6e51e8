// ValidatingAdmissionPolicies that are bound: evaluated for each request that they are for.
#pragma once

#include "server/admission/admission.h"

namespace plinth::server {

// Ok, or the first denial. Warnings are added to the request.
Result<void> evaluate_policies(ServerContext& context, AdmissionRequest& request);

}  // namespace plinth::server
