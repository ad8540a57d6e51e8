// Security contexts of pods and containers.
#include <set>

#include <fmt/core.h>

#include "api/strategies/pod_rules.h"

namespace plinth::api {
namespace {

constexpr std::size_t kSysctlMax = 253;
constexpr std::size_t kProfilePathMax = 4095;

void validate_seccomp(const FieldRef& profile) {
  if (!profile.present()) return;
  const FieldRef path = profile["localhostProfile"];
  if (profile["type"].is("Localhost")) {
    if (!path.present()) return path.required("must be set when seccomp type is Localhost");
    validate_descending_path(path);
  } else if (path.present()) {
    path.invalid("can only be set when seccomp type is Localhost");
  }
}

void validate_app_armor(const FieldRef& profile) {
  if (!profile.present()) return;
  const FieldRef path = profile["localhostProfile"];
  if (!profile["type"].is("Localhost")) {
    if (path.present()) path.invalid("can only be set when AppArmor type is Localhost");
    return;
  }
  const std::string_view text = path.text();
  if (text.empty()) return path.required("must be set when AppArmor type is Localhost");
  if (text.front() == ' ' || text.back() == ' ') path.invalid("must not be padded with whitespace");
  if (text.size() > kProfilePathMax) path.too_long(static_cast<std::int64_t>(kProfilePathMax));
}

// Words of lower-case letters, digits, '-' and '_' between dots or slashes.
bool is_sysctl(std::string_view name) {
  bool word = false;
  for (const char c : name) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if ((c == '.' || c == '/') && word) {
      word = false;
    } else if (letter || (word && (c == '-' || c == '_'))) {
      word = true;
    } else {
      return false;
    }
  }
  return word && name.size() <= kSysctlMax && name.back() != '-' && name.back() != '_';
}

void validate_sysctls(const FieldRef& sysctls, const FieldRef& spec) {
  std::set<std::string_view> names;
  sysctls.each_item([&](const FieldRef& sysctl, std::size_t) {
    const FieldRef name = sysctl["name"];
    if (name.empty()) return;
    if (!is_sysctl(name.text())) {
      name.invalid(
          fmt::format("must have at most {} characters and match regex "
                      "^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$",
                      kSysctlMax));
    } else if (!names.insert(name.text()).second) {
      name.duplicate();
    }
    if (spec["hostNetwork"].flag() && name.text().starts_with("net."))
      name.invalid("may not be specified when 'hostNetwork' is true");
    const bool ipc = name.text().starts_with("kernel.shm") || name.text().starts_with("kernel.msg") || name.is("kernel.sem") ||
                     name.text().starts_with("fs.mqueue.");
    if (spec["hostIPC"].flag() && ipc) name.invalid("may not be specified when 'hostIPC' is true");
  });
}

}  // namespace

void validate_container_security(const FieldRef& security, const FieldRef& spec) {
  if (!security.present()) return;
  const FieldRef users = spec["hostUsers"];
  const FieldRef mount = security["procMount"];
  const FieldRef escalation = security["allowPrivilegeEscalation"];
  if (mount.is("Unmasked") && (!users.present() || users.flag())) {
    mount.invalid("`hostUsers` must be false to use `Unmasked`");
  }
  validate_seccomp(security["seccompProfile"]);
  validate_app_armor(security["appArmorProfile"]);
  if (!escalation.present() || escalation.flag()) return;
  if (security["privileged"].flag()) {
    security.invalid("cannot set `allowPrivilegeEscalation` to false and `privileged` to true");
  }
  security["capabilities.add"].each_item([&](const FieldRef& capability, std::size_t) {
    if (capability.is("CAP_SYS_ADMIN")) {
      security.invalid("cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN");
    }
  });
}

void validate_pod_security(const FieldRef& security, const FieldRef& spec) {
  if (!security.present()) return;
  validate_sysctls(security["sysctls"], spec);
  validate_seccomp(security["seccompProfile"]);
  validate_app_armor(security["appArmorProfile"]);
  const FieldRef shared = spec["shareProcessNamespace"];
  if (shared.flag() && spec["hostPID"].flag()) {
    shared.invalid("ShareProcessNamespace and HostPID cannot both be enabled");
  }
}

}  // namespace plinth::api
