// What the restricted level forbids besides.
#include "server/admission/pod_security_rules.h"

namespace plinth::server::pod_security {
namespace {

bool is_windows(const Pod& pod) { return pod.spec["os"]["name"].as_string() == "windows"; }

constexpr std::string_view kAllowedVolumes[] = {
    "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image", "persistentVolumeClaim", "projected", "secret"};
constexpr std::string_view kForbiddenVolumes[] = {"hostPath",
                                                  "gcePersistentDisk",
                                                  "awsElasticBlockStore",
                                                  "gitRepo",
                                                  "nfs",
                                                  "iscsi",
                                                  "glusterfs",
                                                  "rbd",
                                                  "flexVolume",
                                                  "cinder",
                                                  "cephfs",
                                                  "flocker",
                                                  "fc",
                                                  "azureFile",
                                                  "vsphereVolume",
                                                  "quobyte",
                                                  "azureDisk",
                                                  "photonPersistentDisk",
                                                  "portworxVolume",
                                                  "scaleIO",
                                                  "storageos"};

template <std::size_t N>
std::string_view first_of(const Value& volume, const std::string_view (&sources)[N]) {
  for (std::string_view source : sources) {
    if (volume[source].is_object()) return source;
  }
  return {};
}

// Who must set something and did not: `pod or containers "a", "b"`.
std::string should_set(const std::vector<std::string>& names) {
  return "pod or " + containers(names) + " must set securityContext.";
}

}  // namespace

Outcome privilege_escalation(const Pod& pod) {
  const auto names = bad_containers(pod, [](const Value& c) {
    const Value allowed = c["securityContext"]["allowPrivilegeEscalation"];
    return !allowed.is_bool() || allowed.as_bool();
  });
  if (names.empty()) return std::nullopt;
  return PodSecurityViolation{"allowPrivilegeEscalation != false",
                              containers(names) + " must set securityContext.allowPrivilegeEscalation=false"};
}
Outcome privilege_escalation_1_25(const Pod& pod) { return is_windows(pod) ? std::nullopt : privilege_escalation(pod); }

Outcome restricted_capabilities(const Pod& pod) {
  std::set<std::string> added;
  const auto keeps_some = bad_containers(pod, [](const Value& c) {
    for (const Value& dropped : c["securityContext"]["capabilities"]["drop"].items()) {
      if (dropped.as_string() == "ALL") return false;
    }
    return true;
  });
  const auto adds_some = bad_containers(pod, [&](const Value& c) {
    bool bad = false;
    for (const Value& capability : c["securityContext"]["capabilities"]["add"].items()) {
      if (capability.as_string() == "NET_BIND_SERVICE") continue;
      added.emplace(capability.as_string());
      bad = true;
    }
    return bad;
  });
  std::string detail;
  if (!keeps_some.empty()) detail = containers(keeps_some) + " must set securityContext.capabilities.drop=[\"ALL\"]";
  if (!adds_some.empty()) {
    if (!detail.empty()) detail += "; ";
    detail += containers(adds_some) + " must not include " + quote_all(added) + " in securityContext.capabilities.add";
  }
  if (detail.empty()) return std::nullopt;
  return PodSecurityViolation{"unrestricted capabilities", detail};
}
Outcome restricted_capabilities_1_25(const Pod& pod) { return is_windows(pod) ? std::nullopt : restricted_capabilities(pod); }

Outcome restricted_volumes(const Pod& pod) {
  std::vector<std::string> names;
  std::set<std::string> types;
  for (const Value& volume : pod.spec["volumes"].items()) {
    if (!first_of(volume, kAllowedVolumes).empty()) continue;
    const std::string_view type = first_of(volume, kForbiddenVolumes);
    names.emplace_back(volume["name"].as_string());
    types.emplace(type.empty() ? "unknown" : type);
  }
  if (names.empty()) return std::nullopt;
  return PodSecurityViolation{
      "restricted volume types",
      counted("volume", "volumes", names.size()) + " " + quote_all(names) + " " + counted("uses", "use", names.size()) + " " +
          counted("restricted volume type", "restricted volume types", types.size()) + " " + quote_all(types)};
}

Outcome run_as_non_root(const Pod& pod) {
  const Value of_pod = pod.spec["securityContext"]["runAsNonRoot"];
  const auto refuses = bad_containers(pod, [](const Value& c) {
    const Value own = c["securityContext"]["runAsNonRoot"];
    return own.is_bool() && !own.as_bool();
  });
  const std::string who = setters(of_pod.is_bool() && !of_pod.as_bool(), refuses);
  if (!who.empty())
    return PodSecurityViolation{"runAsNonRoot != true", who + " must not set securityContext.runAsNonRoot=false"};
  const auto silent =
      bad_containers(pod, [&](const Value& c) { return !c["securityContext"]["runAsNonRoot"].is_bool() && !of_pod.as_bool(); });
  if (silent.empty()) return std::nullopt;
  return PodSecurityViolation{"runAsNonRoot != true", should_set(silent) + "runAsNonRoot=true"};
}

Outcome run_as_user(const Pod& pod) {
  const auto is_root = [](const Value& context) { return context["runAsUser"].is_int() && context["runAsUser"].as_int() == 0; };
  const std::string who = setters(is_root(pod.spec["securityContext"]),
                                  bad_containers(pod, [&](const Value& c) { return is_root(c["securityContext"]); }));
  if (who.empty()) return std::nullopt;
  return PodSecurityViolation{"runAsUser=0", who + " must not set runAsUser=0"};
}

Outcome restricted_seccomp(const Pod& pod) {
  if (auto explicitly = baseline_seccomp(pod)) return explicitly;
  if (pod.spec["securityContext"]["seccompProfile"].is_object()) return std::nullopt;
  const auto silent = bad_containers(pod, [](const Value& c) { return !c["securityContext"]["seccompProfile"].is_object(); });
  if (silent.empty()) return std::nullopt;
  return PodSecurityViolation{"seccompProfile",
                              should_set(silent) + R"(seccompProfile.type to "RuntimeDefault" or "Localhost")"};
}
Outcome restricted_seccomp_1_25(const Pod& pod) { return is_windows(pod) ? std::nullopt : restricted_seccomp(pod); }

}  // namespace plinth::server::pod_security
