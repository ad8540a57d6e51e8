// ValidatingAdmissionPolicies that are bound: evaluated for each request that they are for.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/cel/cost_allowance.h"
#include "server/admission/admission.h"

namespace plinth::server {

struct PolicyFindings {
  std::optional<Error> refused;  // the first denial
  std::vector<std::string> warnings;
};

// Whether any policy may have a say.
bool concerns_policies(ServerContext& context, const AdmissionRequest& request);
// On any thread. Counts for nothing when `allowance` is spent.
PolicyFindings evaluate_policies(ServerContext& context, const AdmissionRequest& request, api::CostAllowance& allowance);

}  // namespace plinth::server
