// The Pod Security Standards: what the levels forbid, by version (k8s.io/pod-security-admission policy).
#pragma once

#include <string>
#include <vector>

#include "base/value.h"
#include "server/admission/pod_security_policy.h"

namespace plinth::server {

struct PodSecurityViolation {
  std::string reason;  // "host namespaces"
  std::string detail;  // "hostNetwork=true"
};

// `metadata` and `spec` of a pod or a template. In upstream's order.
std::vector<PodSecurityViolation> pod_security_violations(const LevelVersion& asked, const Value& metadata, const Value& spec);

// `reason (detail), reason (detail)`, and the reasons alone.
std::string violations_in_detail(const std::vector<PodSecurityViolation>& violations);
std::string violated_reasons(const std::vector<PodSecurityViolation>& violations);

}  // namespace plinth::server
