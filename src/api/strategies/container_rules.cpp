// Containers of a pod: ports, environment, mounts, and what init and ephemeral containers may not have.
#include <algorithm>
#include <set>
#include <string>

#include <fmt/core.h>

#include "api/strategies/pod_rules.h"
#include "api/strategies/text_checks.h"

namespace plinth::api {
namespace {

using Names = std::set<std::string_view>;

void validate_ports(const FieldRef& ports) {
  Names names;
  ports.each_item([&](const FieldRef& port, std::size_t) {
    const FieldRef name = port["name"];
    if (name.empty()) return;
    Complaints problems = check_port_name(name.text());
    for (std::string& problem : problems) name.invalid(std::move(problem));
    if (problems.empty() && !names.insert(name.text()).second) name.duplicate();
  });
}

constexpr std::string_view kEnvFields[] = {
    "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName",
    "status.hostIP", "status.hostIPs",     "status.podIP", "status.podIPs"};
constexpr std::string_view kResourceFields[] = {"limits.cpu",   "limits.ephemeral-storage",   "limits.memory",
                                                "requests.cpu", "requests.ephemeral-storage", "requests.memory"};

// Fields that can be selected at all; an environment variable can have those of kEnvFields.
bool is_pod_field(std::string_view path) {
  for (const std::string_view other :
       {"metadata.annotations", "metadata.labels", "spec.restartPolicy", "spec.schedulerName", "status.phase"}) {
    if (path == other) return true;
  }
  return std::find(std::begin(kEnvFields), std::end(kEnvFields), path) != std::end(kEnvFields);
}

void validate_field_ref(const FieldRef& ref) {
  const FieldRef path = ref["fieldPath"];
  const std::string_view text = path.text();
  const std::size_t open = text.find("['");
  if (open == std::string_view::npos || !text.ends_with("']")) {
    if (is_pod_field(text)) return path.one_of(kEnvFields);
    return path.invalid(fmt::format("error converting fieldPath: field label not supported: {}", text));
  }
  const std::string_view map = text.substr(0, open);
  if (map != "metadata.labels" && map != "metadata.annotations") return ref.invalid(map, "does not support subscript");
  const std::string_view key = text.substr(open + 2, text.size() - open - 4);
  for (std::string& problem : check_label_key(key)) ref.invalid(key, std::move(problem));
}

void validate_resource_ref(const FieldRef& ref) {
  const FieldRef resource = ref["resource"];
  if (resource.text().starts_with("limits.hugepages-") || resource.text().starts_with("requests.hugepages-")) return;
  resource.one_of(kResourceFields);
}

void validate_key_ref(const FieldRef& ref) {
  if (!ref.present()) return;
  ref["name"].check(check_dns1123_subdomain);
  ref["key"].check(check_config_key);
}

constexpr std::string_view kValueSources[] = {"fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef"};

void validate_value_from(const FieldRef& variable) {
  const FieldRef from = variable["valueFrom"];
  if (!from.present()) return;
  std::size_t count = 0;
  for (const std::string_view source : kValueSources) count += from[source].present() ? 1 : 0;
  if (from["fieldRef"].present()) validate_field_ref(from["fieldRef"]);
  if (from["resourceFieldRef"].present()) validate_resource_ref(from["resourceFieldRef"]);
  validate_key_ref(from["configMapKeyRef"]);
  validate_key_ref(from["secretKeyRef"]);
  if (count == 0) {
    from.invalid("", "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`");
  } else if (!variable["value"].empty()) {
    from.invalid("", "may not be specified when `value` is not empty");
  } else if (count > 1) {
    from.invalid("", "may not have more than one field specified at a time");
  }
}

void validate_env(const FieldRef& container) {
  container["env"].each_item([](const FieldRef& variable, std::size_t) {
    variable["name"].check(check_env_var_name);
    validate_value_from(variable);
  });
  const FieldRef from = container["envFrom"];
  from.each_item([&](const FieldRef& source, std::size_t) {
    source["prefix"].check(check_env_var_name);
    const FieldRef config = source["configMapRef"];
    const FieldRef secret = source["secretRef"];
    config["name"].check(check_dns1123_subdomain);
    secret["name"].check(check_dns1123_subdomain);
    if (!config.present() && !secret.present()) from.invalid("", "must specify one of: `configMapRef` or `secretRef`");
    if (config.present() && secret.present()) from.invalid("", "may not have more than one field specified at a time");
  });
}

bool has_item(const FieldRef& list, std::string_view member, std::string_view value) {
  for (const Value& item : list.value().items()) {
    if (item[member].as_string() == value) return true;
  }
  return false;
}

void validate_propagation(const FieldRef& mount, const FieldRef& container) {
  // Upstream names these two without the position of the mount.
  const FieldRef mounts = container["volumeMounts"];
  const FieldRef propagation = mount["mountPropagation"];
  if (propagation.is("Bidirectional") && !container["securityContext.privileged"].flag()) {
    mounts["mountPropagation"].forbidden("Bidirectional mount propagation is available only to privileged containers");
  }
  const FieldRef recursive = mount["recursiveReadOnly"];
  if (recursive.empty() || recursive.is("Disabled")) return;
  if (!mount["readOnly"].flag()) mounts["recursiveReadOnly"].forbidden("may only be specified when readOnly is true");
  if (!propagation.empty() && !propagation.is("None")) {
    mounts["recursiveReadOnly"].forbidden("may only be specified when mountPropagation is None or not specified");
  }
}

void validate_mounts(const FieldRef& container, const VolumeNames& volumes) {
  const FieldRef devices = container["volumeDevices"];
  Names paths;
  const FieldRef mounts = container["volumeMounts"];
  mounts.each_item([&](const FieldRef& mount, std::size_t) {
    const FieldRef name = mount["name"];
    const FieldRef path = mount["mountPath"];
    const FieldRef sub_path = mounts.shared("subPath", mount.value());
    const FieldRef expression = mounts.shared("subPathExpr", mount.value());
    if (!volumes.contains(name.text())) name.not_found();
    if (!path.empty() && !paths.insert(path.text()).second) path.invalid("must be unique");
    if (has_item(devices, "name", name.text())) name.invalid("must not already exist in volumeDevices");
    if (has_item(devices, "devicePath", path.text())) path.invalid("must not already exist as a path in volumeDevices");
    validate_descending_path(sub_path);
    if (!expression.empty() && !sub_path.empty())
      mount["subPathExpr"].invalid("subPathExpr and subPath are mutually exclusive");
    validate_descending_path(expression);
    validate_propagation(mount, container);
  });
}

bool is_block_capable(const ContainerContext& context, std::string_view volume) {
  for (const Value& claim : context.options.claim_templates.items()) {
    if (claim["metadata"]["name"].as_string() == volume) return true;
  }
  for (const Value& v : context.spec["volumes"].value().items()) {
    if (v["name"].as_string() == volume) return v["persistentVolumeClaim"].is_object() || v["ephemeral"].is_object();
  }
  return false;
}

void validate_devices(const FieldRef& container, const ContainerContext& context) {
  const FieldRef mounts = container["volumeMounts"];
  Names names, paths;
  container["volumeDevices"].each_item([&](const FieldRef& device, std::size_t) {
    const FieldRef name = device["name"];
    const FieldRef path = device["devicePath"];
    if (!name.empty() && !names.insert(name.text()).second) name.invalid("must be unique");
    if (!context.volumes.contains(name.text())) {
      name.not_found();
    } else if (!is_block_capable(context, name.text())) {
      name.invalid("can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode");
    }
    if (!path.empty() && !paths.insert(path.text()).second) path.invalid("must be unique");
    validate_no_backsteps(path);
    if (has_item(mounts, "name", name.text())) name.invalid("must not already exist in volumeMounts");
    if (has_item(mounts, "mountPath", path.text())) path.invalid("must not already exist as a path in volumeMounts");
  });
}

void validate_resize_policy(const FieldRef& container, const FieldRef& spec) {
  const FieldRef policies = container["resizePolicy"];
  Names resources;
  policies.each_item([&](const FieldRef& policy, std::size_t) {
    if (!resources.insert(policy["resourceName"].text()).second) {
      policies.errors().push_back(field_duplicate(policy.path(), policy["resourceName"].value()));
    }
    if (spec["restartPolicy"].is("Never") && !policy["restartPolicy"].is("NotRequired")) {
      policies.invalid(policy["restartPolicy"].text(), "must be 'NotRequired' when pod `restartPolicy` is 'Never'");
    }
  });
}

void validate_common(const FieldRef& container, const ContainerContext& context) {
  const FieldRef image = container["image"];
  container["name"].check_required(check_dns1123_label);
  image.require();
  const std::string_view text = image.text();
  if (!text.empty() && (text.front() == ' ' || text.back() == ' ')) {
    image.invalid("must not have leading or trailing whitespace");
  }
  validate_ports(container["ports"]);
  validate_env(container);
  validate_mounts(container, context.volumes);
  validate_devices(container, context);
  validate_resources(container["resources"], context.spec["resourceClaims"]);
  validate_resize_policy(container, context.spec);
  validate_container_security(container["securityContext"], context.spec);
}

void validate_host_ports(const FieldRef& container, std::set<std::string>& used) {
  container["ports"].each_item([&](const FieldRef& port, std::size_t) {
    const FieldRef host = port["hostPort"];
    if (host.number() == 0) return;
    const std::string text = fmt::format("{}/{}/{}", port["protocol"].text(), port["hostIP"].text(), host.number());
    if (!used.insert(text).second) port.errors().push_back(field_duplicate(host.path(), Value::ref(text)));
  });
}

void validate_once_threshold(const FieldRef& probe) {
  if (probe.present() && probe["successThreshold"].number() != 1) probe["successThreshold"].invalid("must be 1");
}

// Probes and hooks of a container that keeps running.
void validate_running(const FieldRef& container, const FieldRef& spec) {
  const FieldRef lifecycle = container["lifecycle"];
  const FieldRef readiness = container["readinessProbe"];
  if (lifecycle.present()) validate_lifecycle(lifecycle, spec);
  for (const std::string_view name : {"livenessProbe", "startupProbe"}) {
    validate_probe(container[name], spec);
    validate_once_threshold(container[name]);
  }
  validate_probe(readiness, spec);
  const FieldRef grace = readiness["terminationGracePeriodSeconds"];
  if (grace.present()) grace.invalid("must not be set for readinessProbes");
}

void validate_main(const ContainerContext& context) {
  const FieldRef containers = context.spec["containers"];
  Names names;
  std::set<std::string> host_ports;
  if (!containers.require()) return;
  containers.each_item([&](const FieldRef& container, std::size_t) {
    validate_common(container, context);
    if (!names.insert(container["name"].text()).second) container["name"].duplicate();
    validate_running(container, context.spec);
    const FieldRef restart = container["restartPolicy"];
    if (restart.present() && !container["restartPolicyRules"].present()) {
      restart.one_of({"Always", "Never", "OnFailure"});
    }
    validate_host_ports(container, host_ports);
  });
}

Names names_of(const FieldRef& containers) {
  Names names;
  for (const Value& container : containers.value().items()) names.insert(container["name"].as_string());
  return names;
}

void validate_init(const ContainerContext& context) {
  Names names = names_of(context.spec["containers"]);
  context.spec["initContainers"].each_item([&](const FieldRef& container, std::size_t) {
    std::set<std::string> host_ports;
    validate_common(container, context);
    const FieldRef name = container["name"];
    if (!name.empty() && !names.insert(name.text()).second) name.duplicate();
    validate_host_ports(container, host_ports);
    if (container["restartPolicy"].is("Always")) return validate_running(container, context.spec);
    for (const std::string_view member : {"lifecycle", "livenessProbe", "readinessProbe", "startupProbe"}) {
      const FieldRef at = container[member];
      if (at.present()) at.forbidden("may not be set for init containers without restartPolicy=Always");
    }
  });
}

constexpr std::string_view kNotForEphemeral[] = {"ports",     "resources",    "livenessProbe", "readinessProbe",
                                                 "lifecycle", "startupProbe", "resizePolicy"};

void validate_ephemeral(const ContainerContext& context) {
  Names others = names_of(context.spec["containers"]);
  others.merge(names_of(context.spec["initContainers"]));
  Names names = others;
  context.spec["ephemeralContainers"].each_item([&](const FieldRef& container, std::size_t) {
    validate_common(container, context);
    const FieldRef target = container["targetContainerName"];
    if (!names.insert(container["name"].text()).second) container["name"].duplicate();
    if (!target.empty() && !others.contains(target.text())) target.not_found();
    for (const std::string_view member : kNotForEphemeral) {
      if (!container[member].empty()) container[member].forbidden("cannot be set for an Ephemeral Container");
    }
    container["volumeMounts"].each_item([](const FieldRef& mount, std::size_t) {
      for (const std::string_view member : {"subPath", "subPathExpr"}) {
        if (!mount[member].empty()) mount[member].forbidden("cannot be set for an Ephemeral Container");
      }
    });
  });
}

}  // namespace

void validate_all_containers(const ContainerContext& context) {
  validate_main(context);
  validate_init(context);
  validate_ephemeral(context);
}

}  // namespace plinth::api
