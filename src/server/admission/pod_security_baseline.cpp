// What the baseline level forbids.
#include <algorithm>
#include <span>

#include "base/quoted.h"
#include "base/text.h"
#include "server/admission/pod_security_rules.h"

namespace plinth::server::pod_security {
namespace {

bool is_in(std::span<const std::string_view> list, std::string_view text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

bool is_allowed_app_armor(const Value& profile) {
  const std::string_view type = profile["type"].as_string();
  return type == "RuntimeDefault" || type == "Localhost";
}

bool is_allowed_app_armor_annotation(std::string_view value) {
  return value.empty() || value == "runtime/default" || value.starts_with("localhost/");
}

bool is_allowed_seccomp_annotation(std::string_view value) {
  return value == "runtime/default" || value == "docker/default" || value.starts_with("localhost/");
}

constexpr std::string_view kDefaultCapabilities[] = {"AUDIT_WRITE", "CHOWN",  "DAC_OVERRIDE",     "FOWNER",  "FSETID",
                                                     "KILL",        "MKNOD",  "NET_BIND_SERVICE", "SETFCAP", "SETGID",
                                                     "SETPCAP",     "SETUID", "SYS_CHROOT"};

// In the order in which they came to be allowed.
constexpr std::string_view kSysctls[] = {"kernel.shm_rmid_forced",
                                         "net.ipv4.ip_local_port_range",
                                         "net.ipv4.tcp_syncookies",
                                         "net.ipv4.ping_group_range",
                                         "net.ipv4.ip_unprivileged_port_start",
                                         "net.ipv4.ip_local_reserved_ports",
                                         "net.ipv4.tcp_keepalive_time",
                                         "net.ipv4.tcp_fin_timeout",
                                         "net.ipv4.tcp_keepalive_intvl",
                                         "net.ipv4.tcp_keepalive_probes",
                                         "net.ipv4.tcp_rmem",
                                         "net.ipv4.tcp_wmem"};
constexpr std::size_t kSysctls10 = 5, kSysctls127 = 6, kSysctls129 = 10, kSysctls132 = 12;

constexpr std::string_view kSeLinuxTypes[] = {"", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"};
constexpr std::size_t kSeLinuxTypes10 = 4, kSeLinuxTypes131 = 5;

Outcome sysctls_besides(const Pod& pod, std::size_t allowed) {
  std::string forbidden;
  for (const Value& sysctl : pod.spec["securityContext"]["sysctls"].items()) {
    const std::string_view name = sysctl["name"].as_string();
    if (is_in(std::span(kSysctls).first(allowed), name)) continue;
    if (!forbidden.empty()) forbidden += ", ";
    forbidden += name;
  }
  if (forbidden.empty()) return std::nullopt;
  return PodSecurityViolation{"forbidden sysctls", forbidden};
}

// What is wrong with the SELinux options of all who set them.
struct SeLinuxFaults {
  std::size_t allowed;
  std::set<std::string> types;
  bool user = false, role = false;

  bool is_bad(const Value& options) {
    const std::string_view type = options["type"].as_string();
    const bool bad_type = !is_in(std::span(kSeLinuxTypes).first(allowed), type);
    const bool has_user = !options["user"].as_string().empty(), has_role = !options["role"].as_string().empty();
    if (bad_type) types.emplace(type);
    user = user || has_user;
    role = role || has_role;
    return bad_type || has_user || has_role;
  }
  std::string text() const {
    std::vector<std::string> parts;
    if (!types.empty()) parts.push_back(counted("type", "types", types.size()) + " " + quote_all(types));
    if (user) parts.emplace_back("user may not be set");
    if (role) parts.emplace_back("role may not be set");
    std::string out;
    for (const std::string& part : parts) out += (out.empty() ? "" : "; ") + part;
    return out;
  }
};

Outcome se_linux_besides(const Pod& pod, std::size_t allowed) {
  SeLinuxFaults faults{allowed, {}};
  const bool by_pod = faults.is_bad(pod.spec["securityContext"]["seLinuxOptions"]);
  const auto names = bad_containers(pod, [&](const Value& c) { return faults.is_bad(c["securityContext"]["seLinuxOptions"]); });
  const std::string who = setters(by_pod, names);
  if (who.empty()) return std::nullopt;
  return PodSecurityViolation{"seLinuxOptions", who + " set forbidden securityContext.seLinuxOptions: " + faults.text()};
}

// Hosts that a probe or a handler names.
void add_hosts(const Value& action, std::set<std::string>& hosts) {
  for (std::string_view kind : {"httpGet", "tcpSocket"}) {
    if (const std::string_view host = action[kind]["host"].as_string(); !host.empty()) hosts.emplace(host);
  }
}

}  // namespace

Outcome app_armor_profile(const Pod& pod) {
  std::set<std::string> values;
  const auto is_bad = [&](const Value& context) {
    const Value profile = context["appArmorProfile"];
    if (!profile.is_object() || is_allowed_app_armor(profile)) return false;
    values.emplace(profile["type"].as_string());
    return true;
  };
  const bool by_pod = is_bad(pod.spec["securityContext"]);
  const auto names = bad_containers(pod, [&](const Value& c) { return is_bad(c["securityContext"]); });
  std::set<std::string> annotations;
  for (const Member& m : pod.metadata["annotations"].members()) {
    if (!m.key().starts_with("container.apparmor.security.beta.kubernetes.io/") ||
        is_allowed_app_armor_annotation(m.value.as_string()))
      continue;
    annotations.insert(std::string(m.key()) + "=" + quoted(m.value.as_string()));
  }
  std::string who = setters(by_pod, names);
  std::vector<std::string> all(values.begin(), values.end());
  if (!annotations.empty()) {
    all.insert(all.end(), annotations.begin(), annotations.end());
    who += (who.empty() ? "" : " and ") + counted("annotation", "annotations", annotations.size());
  }
  if (who.empty()) return std::nullopt;
  return PodSecurityViolation{counted("forbidden AppArmor profile", "forbidden AppArmor profiles", all.size()),
                              who + " must not set AppArmor profile type to " + quote_all(all)};
}

Outcome baseline_capabilities(const Pod& pod) {
  std::set<std::string> added;
  const auto names = bad_containers(pod, [&](const Value& c) {
    bool bad = false;
    for (const Value& capability : c["securityContext"]["capabilities"]["add"].items()) {
      if (is_in(kDefaultCapabilities, capability.as_string())) continue;
      added.emplace(capability.as_string());
      bad = true;
    }
    return bad;
  });
  if (names.empty()) return std::nullopt;
  return PodSecurityViolation{"non-default capabilities", containers(names) + " must not include " + quote_all(added) +
                                                              " in securityContext.capabilities.add"};
}

Outcome host_namespaces(const Pod& pod) {
  std::string used;
  for (std::string_view field : {"hostNetwork", "hostPID", "hostIPC"}) {
    if (pod.spec[field].as_bool()) used += (used.empty() ? "" : ", ") + std::string(field) + "=true";
  }
  if (used.empty()) return std::nullopt;
  return PodSecurityViolation{"host namespaces", used};
}

Outcome host_path_volumes(const Pod& pod) {
  std::vector<std::string> names;
  for (const Value& volume : pod.spec["volumes"].items()) {
    if (volume["hostPath"].is_object()) names.emplace_back(volume["name"].as_string());
  }
  if (names.empty()) return std::nullopt;
  return PodSecurityViolation{"hostPath volumes", counted("volume", "volumes", names.size()) + " " + quote_all(names)};
}

Outcome host_ports(const Pod& pod) {
  std::set<std::string> ports;
  const auto names = bad_containers(pod, [&](const Value& c) {
    bool bad = false;
    for (const Value& port : c["ports"].items()) {
      if (port["hostPort"].as_int() == 0) continue;
      ports.insert(std::to_string(port["hostPort"].as_int()));
      bad = true;
    }
    return bad;
  });
  if (names.empty()) return std::nullopt;
  std::string list;
  for (const std::string& port : ports) list += (list.empty() ? "" : ", ") + port;
  return PodSecurityViolation{"hostPort", containers(names) + " " + counted("uses", "use", names.size()) + " " +
                                              counted("hostPort", "hostPorts", ports.size()) + " " + list};
}

Outcome host_probes(const Pod& pod) {
  std::set<std::string> names, hosts;
  each_container(pod, [&](const Value& c) {
    std::set<std::string> own;
    for (std::string_view probe : {"livenessProbe", "readinessProbe", "startupProbe"}) add_hosts(c[probe], own);
    for (std::string_view handler : {"postStart", "preStop"}) add_hosts(c["lifecycle"][handler], own);
    if (own.empty()) return;
    names.emplace(c["name"].as_string());
    hosts.merge(own);
  });
  if (names.empty()) return std::nullopt;
  return PodSecurityViolation{"probe or lifecycle host",
                              containers({names.begin(), names.end()}) + " " + counted("uses", "use", names.size()) + " " +
                                  counted("probe or lifecycle host", "probe or lifecycle hosts", hosts.size()) + " " +
                                  quote_all(hosts)};
}

Outcome privileged(const Pod& pod) {
  const auto names = bad_containers(pod, [](const Value& c) { return c["securityContext"]["privileged"].as_bool(); });
  if (names.empty()) return std::nullopt;
  return PodSecurityViolation{"privileged", containers(names) + " must not set securityContext.privileged=true"};
}

Outcome proc_mount(const Pod& pod) {
  std::set<std::string> types;
  const auto names = bad_containers(pod, [&](const Value& c) {
    const Value type = c["securityContext"]["procMount"];
    if (!type.is_string() || type.as_string() == "Default") return false;
    types.emplace(type.as_string());
    return true;
  });
  if (names.empty()) return std::nullopt;
  return PodSecurityViolation{"procMount",
                              containers(names) + " must not set securityContext.procMount to " + quote_all(types)};
}

Outcome se_linux_options(const Pod& pod) { return se_linux_besides(pod, kSeLinuxTypes10); }
Outcome se_linux_options_1_31(const Pod& pod) { return se_linux_besides(pod, kSeLinuxTypes131); }

Outcome seccomp_annotations(const Pod& pod) {
  std::set<std::string> forbidden;
  const Value annotations = pod.metadata["annotations"];
  const auto look = [&](const std::string& key) {
    const Value* value = annotations.find(key);
    if (value != nullptr && !is_allowed_seccomp_annotation(value->as_string()))
      forbidden.insert(key + "=" + quoted(value->as_string()));
  };
  look("seccomp.security.alpha.kubernetes.io/pod");
  each_container(pod, [&](const Value& c) {
    look("container.seccomp.security.alpha.kubernetes.io/" + std::string(c["name"].as_string()));
  });
  if (forbidden.empty()) return std::nullopt;
  std::string list;
  for (const std::string& one : forbidden) list += (list.empty() ? "" : ", ") + one;
  return PodSecurityViolation{"seccompProfile",
                              "forbidden " + counted("annotation", "annotations", forbidden.size()) + " " + list};
}

Outcome baseline_seccomp(const Pod& pod) {
  std::set<std::string> values;
  const auto is_bad = [&](const Value& context) {
    const Value profile = context["seccompProfile"];
    if (!profile.is_object() || is_allowed_seccomp(profile["type"].as_string())) return false;
    values.emplace(profile["type"].as_string());
    return true;
  };
  const bool by_pod = is_bad(pod.spec["securityContext"]);
  const std::string who = setters(by_pod, bad_containers(pod, [&](const Value& c) { return is_bad(c["securityContext"]); }));
  if (who.empty()) return std::nullopt;
  return PodSecurityViolation{"seccompProfile",
                              who + " must not set securityContext.seccompProfile.type to " + quote_all(values)};
}

Outcome sysctls(const Pod& pod) { return sysctls_besides(pod, kSysctls10); }
Outcome sysctls_1_27(const Pod& pod) { return sysctls_besides(pod, kSysctls127); }
Outcome sysctls_1_29(const Pod& pod) { return sysctls_besides(pod, kSysctls129); }
Outcome sysctls_1_32(const Pod& pod) { return sysctls_besides(pod, kSysctls132); }

Outcome windows_host_process(const Pod& pod) {
  const auto is_bad = [](const Value& context) { return context["windowsOptions"]["hostProcess"].as_bool(); };
  const std::string who = setters(is_bad(pod.spec["securityContext"]),
                                  bad_containers(pod, [&](const Value& c) { return is_bad(c["securityContext"]); }));
  if (who.empty()) return std::nullopt;
  return PodSecurityViolation{"hostProcess", who + " must not set securityContext.windowsOptions.hostProcess=true"};
}

bool is_allowed_seccomp(std::string_view type) { return type == "RuntimeDefault" || type == "Localhost"; }

void each_container(const Pod& pod, const std::function<void(const Value& container)>& visit) {
  for (std::string_view list : {"initContainers", "containers", "ephemeralContainers"}) {
    for (const Value& container : pod.spec[list].items()) visit(container);
  }
}

std::vector<std::string> bad_containers(const Pod& pod, const std::function<bool(const Value& container)>& is_bad) {
  std::vector<std::string> names;
  each_container(pod, [&](const Value& c) {
    if (is_bad(c)) names.emplace_back(c["name"].as_string());
  });
  return names;
}

std::string quote_all(const std::vector<std::string>& items) {
  std::string out;
  for (const std::string& item : items) out += (out.empty() ? "\"" : ", \"") + item + "\"";
  return out;
}
std::string quote_all(const std::set<std::string>& items) {
  return quote_all(std::vector<std::string>(items.begin(), items.end()));
}

std::string counted(std::string_view singular, std::string_view plural, std::size_t count) {
  return std::string(count == 1 ? singular : plural);
}

std::string containers(const std::vector<std::string>& names) {
  return counted("container", "containers", names.size()) + " " + quote_all(names);
}

std::string setters(bool pod, const std::vector<std::string>& names) {
  std::string out = pod ? "pod" : "";
  if (!names.empty()) out += (out.empty() ? "" : " and ") + containers(names);
  return out;
}

}  // namespace plinth::server::pod_security
