#include "server/admission/pod_security_checks.h"

#include <span>

#include "server/admission/pod_security_rules.h"

namespace plinth::server {
namespace {

using pod_security::Check;
using pod_security::Pod;

// The minor version whose standards are the latest: that of the API which /version tells.
constexpr int kMinorMax = 34;
constexpr int kNever = kMinorMax + 1;

struct Revision {
  int from = kNever;
  Check check = nullptr;
};

struct Rule {
  PodSecurityLevel level;
  Revision revisions[4];       // the last that is not newer than what is asked counts
  int replaced_from = kNever;  // a stricter rule stands in for it at the restricted level
};

constexpr auto kBaseline = PodSecurityLevel::kBaseline;
constexpr auto kRestricted = PodSecurityLevel::kRestricted;

// In the order of upstream's names for them, baseline first.
constexpr Rule kRules[] = {
    {kBaseline, {{0, pod_security::app_armor_profile}}},
    {kBaseline, {{0, pod_security::baseline_capabilities}}, 22},
    {kBaseline, {{0, pod_security::host_namespaces}}},
    {kBaseline, {{0, pod_security::host_path_volumes}}, 0},
    {kBaseline, {{0, pod_security::host_ports}}},
    {kBaseline, {{34, pod_security::host_probes}}},
    {kBaseline, {{0, pod_security::privileged}}},
    {kBaseline, {{0, pod_security::proc_mount}}},
    {kBaseline, {{0, pod_security::se_linux_options}, {31, pod_security::se_linux_options_1_31}}},
    {kBaseline, {{0, pod_security::seccomp_annotations}, {19, pod_security::baseline_seccomp}}, 19},
    {kBaseline,
     {{0, pod_security::sysctls},
      {27, pod_security::sysctls_1_27},
      {29, pod_security::sysctls_1_29},
      {32, pod_security::sysctls_1_32}}},
    {kBaseline, {{0, pod_security::windows_host_process}}},
    {kRestricted, {{8, pod_security::privilege_escalation}, {25, pod_security::privilege_escalation_1_25}}},
    {kRestricted, {{22, pod_security::restricted_capabilities}, {25, pod_security::restricted_capabilities_1_25}}},
    {kRestricted, {{0, pod_security::restricted_volumes}}},
    {kRestricted, {{0, pod_security::run_as_non_root}}},
    {kRestricted, {{23, pod_security::run_as_user}}},
    {kRestricted, {{19, pod_security::restricted_seccomp}, {25, pod_security::restricted_seccomp_1_25}}},
};

Check check_at(const Rule& rule, int minor) {
  Check found = nullptr;
  for (const Revision& revision : rule.revisions) {
    if (revision.check != nullptr && revision.from <= minor) found = revision.check;
  }
  return found;
}

}  // namespace

std::vector<PodSecurityViolation> pod_security_violations(const LevelVersion& asked, const Value& metadata, const Value& spec) {
  std::vector<PodSecurityViolation> violations;
  if (asked.level == PodSecurityLevel::kPrivileged) return violations;
  const bool latest = asked.version.minor == PodSecurityVersion::kLatest || asked.version.minor > kMinorMax;
  const int minor = latest ? kMinorMax : asked.version.minor;
  for (const Rule& rule : kRules) {
    if (rule.level > asked.level || (asked.level == kRestricted && minor >= rule.replaced_from)) continue;
    const Check check = check_at(rule, minor);
    if (check == nullptr) continue;
    if (auto violation = check(Pod{metadata, spec})) violations.push_back(std::move(*violation));
  }
  return violations;
}

std::string violations_in_detail(const std::vector<PodSecurityViolation>& violations) {
  std::string out;
  for (const PodSecurityViolation& v : violations) {
    if (!out.empty()) out += ", ";
    out += v.reason;
    if (!v.detail.empty()) out += " (" + v.detail + ")";
  }
  return out;
}

std::string violated_reasons(const std::vector<PodSecurityViolation>& violations) {
  std::string out;
  for (const PodSecurityViolation& v : violations) out += (out.empty() ? "" : ", ") + v.reason;
  return out;
}

}  // namespace plinth::server
