#include "node/pod/security.h"

#include <algorithm>

#include <fmt/format.h>

namespace plinth::node {
namespace {

std::optional<std::int64_t> number(const Value& value) { return value.is_int() ? std::optional(value.as_int()) : std::nullopt; }

SecurityProfile profile(const Value& container, const Value& pod) {
  const Value chosen = container.is_object() ? container : pod;
  SecurityProfile out;
  const std::string_view type = chosen["type"].as_string();
  if (type == "RuntimeDefault") out.type = ProfileType::kRuntimeDefault;
  if (type == "Localhost") out = {ProfileType::kLocalhost, std::string(chosen["localhostProfile"].as_string())};
  return out;
}

std::optional<SelinuxOptions> selinux(const Value& container, const Value& pod) {
  const Value chosen = container.is_object() ? container : pod;
  if (!chosen.is_object()) return std::nullopt;
  return SelinuxOptions{std::string(chosen["user"].as_string()), std::string(chosen["role"].as_string()),
                        std::string(chosen["type"].as_string()), std::string(chosen["level"].as_string())};
}

NamespaceOptions namespaces(const Pod& pod) {
  NamespaceOptions out;
  const Value spec = pod.spec();
  if (pod.host_network) out.network = NamespaceMode::kNode;
  if (spec["hostPID"].as_bool())
    out.pid = NamespaceMode::kNode;
  else if (spec["shareProcessNamespace"].as_bool())
    out.pid = NamespaceMode::kPod;
  if (spec["hostIPC"].as_bool()) out.ipc = NamespaceMode::kNode;
  return out;
}

std::vector<std::string> texts(const Value& list) {
  std::vector<std::string> out;
  for (const Value& text : list.items()) out.emplace_back(text.as_string());
  return out;
}

std::vector<std::int64_t> groups(const Pod& pod) {
  std::vector<std::int64_t> out;
  const Value context = pod.spec()["securityContext"];
  if (const auto group = fs_group(pod)) out.push_back(*group);
  for (const Value& group : context["supplementalGroups"].items()) {
    if (std::find(out.begin(), out.end(), group.as_int()) == out.end()) out.push_back(group.as_int());
  }
  return out;
}

// What container runtimes hide by default; procMount: Unmasked shows it.
const std::vector<std::string> kMasked = {"/proc/asound",     "/proc/acpi",        "/proc/interrupts",
                                          "/proc/kcore",      "/proc/keys",        "/proc/latency_stats",
                                          "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug",
                                          "/proc/scsi",       "/sys/firmware",     "/sys/devices/virtual/powercap"};
const std::vector<std::string> kReadonly = {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"};

Result<void> check_not_root(const Pod& pod, const PodContainer& container, const SecurityContext& made, const Image& image) {
  const Value own = container.spec["securityContext"]["runAsNonRoot"];
  const Value wanted = own.is_bool() ? own : pod.spec()["securityContext"]["runAsNonRoot"];
  if (!wanted.as_bool()) return {};
  const std::string which = fmt::format("(pod: \"{}\", container: {})", pod.full_name(), container.name);
  if (made.run_as_user) {
    if (*made.run_as_user == 0) return bad_request("container's runAsUser breaks non-root policy " + which);
    return {};
  }
  if (!image.username.empty()) {
    return bad_request(
        fmt::format("container has runAsNonRoot and image has non-numeric user ({}), cannot verify user is non-root {}",
                    image.username, which));
  }
  if (image.uid.value_or(0) == 0) return bad_request("container has runAsNonRoot and image will run as root " + which);
  return {};
}

}  // namespace

std::optional<std::int64_t> fs_group(const Pod& pod) { return number(pod.spec()["securityContext"]["fsGroup"]); }

SecurityContext sandbox_security(const Pod& pod) {
  const Value context = pod.spec()["securityContext"];
  SecurityContext out;
  out.namespaces = namespaces(pod);
  out.run_as_user = number(context["runAsUser"]);
  out.run_as_group = number(context["runAsGroup"]);
  out.supplemental_groups = groups(pod);
  out.seccomp = context["seccompProfile"].is_object() ? profile(Value(), context["seccompProfile"])
                                                      : SecurityProfile{ProfileType::kRuntimeDefault, ""};
  out.apparmor = profile(Value(), context["appArmorProfile"]);
  out.selinux = selinux(Value(), context["seLinuxOptions"]);
  for (const PodContainer& container : pod.containers)
    out.privileged = out.privileged || container.spec["securityContext"]["privileged"].as_bool();
  return out;
}

Result<SecurityContext> container_security(const Pod& pod, const PodContainer& container, const Image& image) {
  const Value own = container.spec["securityContext"], of_pod = pod.spec()["securityContext"];
  const auto chosen = [&](std::string_view member) { return number(own[member].is_int() ? own[member] : of_pod[member]); };
  SecurityContext out;
  out.namespaces = namespaces(pod);
  out.privileged = own["privileged"].as_bool();
  out.run_as_user = chosen("runAsUser");
  out.run_as_group = chosen("runAsGroup");
  if (!out.run_as_user) {
    if (image.uid)
      out.run_as_user = image.uid;
    else
      out.run_as_username = image.username;
  }
  // A group without a user is refused by the runtime.
  if (out.run_as_group && !out.run_as_user && out.run_as_username.empty()) out.run_as_user = 0;
  out.supplemental_groups = groups(pod);
  out.readonly_rootfs = own["readOnlyRootFilesystem"].as_bool();
  const Value escalation = own["allowPrivilegeEscalation"];
  out.no_new_privs = escalation.is_bool() && !escalation.as_bool();
  out.add_capabilities = texts(own["capabilities"]["add"]);
  out.drop_capabilities = texts(own["capabilities"]["drop"]);
  out.seccomp = profile(own["seccompProfile"], of_pod["seccompProfile"]);
  out.apparmor = profile(own["appArmorProfile"], of_pod["appArmorProfile"]);
  out.selinux = selinux(own["seLinuxOptions"], of_pod["seLinuxOptions"]);
  if (!out.privileged && own["procMount"].as_string() != "Unmasked") {
    out.masked_paths = kMasked;
    out.readonly_paths = kReadonly;
  }
  TRY(check_not_root(pod, container, out, image));
  return out;
}

}  // namespace plinth::node
