// The checks one by one, for pod_security_checks.cpp.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "server/admission/pod_security_checks.h"

namespace plinth::server::pod_security {

struct Pod {
  const Value& metadata;
  const Value& spec;
};
using Outcome = std::optional<PodSecurityViolation>;
using Check = Outcome (*)(const Pod& pod);

// All containers: those of initialization first, ephemeral ones last.
void each_container(const Pod& pod, const std::function<void(const Value& container)>& visit);
// Names of the containers for which `is_bad` says so.
std::vector<std::string> bad_containers(const Pod& pod, const std::function<bool(const Value& container)>& is_bad);

// `"a", "b"`
std::string quote_all(const std::vector<std::string>& items);
std::string quote_all(const std::set<std::string>& items);
// `container "a"`, `containers "a", "b"`
std::string counted(std::string_view singular, std::string_view plural, std::size_t count);
std::string containers(const std::vector<std::string>& names);
// `pod and container "a"`; "" when nobody is to blame.
std::string setters(bool pod, const std::vector<std::string>& names);

// Baseline.
Outcome app_armor_profile(const Pod& pod);
Outcome baseline_capabilities(const Pod& pod);
Outcome host_namespaces(const Pod& pod);
Outcome host_path_volumes(const Pod& pod);
Outcome host_ports(const Pod& pod);
Outcome host_probes(const Pod& pod);
Outcome privileged(const Pod& pod);
Outcome proc_mount(const Pod& pod);
Outcome se_linux_options(const Pod& pod);       // of 1.0
Outcome se_linux_options_1_31(const Pod& pod);  // container_engine_t too
Outcome seccomp_annotations(const Pod& pod);    // of 1.0
Outcome baseline_seccomp(const Pod& pod);       // of 1.19
Outcome sysctls(const Pod& pod);                // of 1.0
Outcome sysctls_1_27(const Pod& pod);
Outcome sysctls_1_29(const Pod& pod);
Outcome sysctls_1_32(const Pod& pod);
Outcome windows_host_process(const Pod& pod);

// Restricted. From 1.25 on, what Windows has not is not asked of pods for it.
Outcome privilege_escalation(const Pod& pod);
Outcome privilege_escalation_1_25(const Pod& pod);
Outcome restricted_capabilities(const Pod& pod);
Outcome restricted_capabilities_1_25(const Pod& pod);
Outcome restricted_volumes(const Pod& pod);
Outcome run_as_non_root(const Pod& pod);
Outcome run_as_user(const Pod& pod);
Outcome restricted_seccomp(const Pod& pod);
Outcome restricted_seccomp_1_25(const Pod& pod);

// Whether a profile type is one that both levels allow.
bool is_allowed_seccomp(std::string_view type);

}  // namespace plinth::server::pod_security
