// The pod spec as a whole.
#include <fmt/core.h>

#include "api/strategies/pod_rules.h"
#include "api/strategies/resource_rules.h"
#include "api/strategies/text_checks.h"

namespace plinth::api {
namespace {

constexpr std::size_t kNameserversMax = 3;
constexpr std::size_t kSearchesMax = 32;
constexpr std::size_t kSearchBytesMax = 2048;

void validate_dns(const FieldRef& spec) {
  const FieldRef config = spec["dnsConfig"];
  const FieldRef servers = config["nameservers"];
  const FieldRef searches = config["searches"];
  if (spec["dnsPolicy"].is("None")) {
    if (!config.present()) return config.required("must provide `dnsConfig` when `dnsPolicy` is None");
    if (servers.empty()) return servers.required("must provide at least one DNS nameserver when `dnsPolicy` is None");
  }
  if (servers.size() > kNameserversMax) servers.invalid(fmt::format("must not have more than {} nameservers", kNameserversMax));
  servers.each_item([](const FieldRef& server, std::size_t) { server.check_required(check_ip_address); });
  if (searches.size() > kSearchesMax) searches.invalid(fmt::format("must not have more than {} search paths", kSearchesMax));
  std::size_t bytes = 0;
  searches.each_item([&](const FieldRef& search, std::size_t i) {
    std::string_view text = search.text();
    bytes += text.size() + (i > 0 ? 1 : 0);
    if (text == ".") return;
    if (text.ends_with('.')) text.remove_suffix(1);
    for (std::string& problem : check_search_domain(text)) search.invalid(std::move(problem));
  });
  if (bytes > kSearchBytesMax) {
    searches.invalid(
        fmt::format("must not have more than {} characters (including spaces) in the search list", kSearchBytesMax));
  }
  config["options"].each_item([](const FieldRef& option, std::size_t) {
    if (option["name"].empty()) option.required("must not be empty");
  });
}

void validate_host_network(const FieldRef& spec, bool is_pod) {
  if (!spec["hostNetwork"].flag()) return;
  spec["containers"].each_item([&](const FieldRef& container, std::size_t) {
    container["ports"].each_item([&](const FieldRef& port, std::size_t) {
      const std::int64_t host = port["hostPort"].number();
      if ((is_pod || host != 0) && host != port["containerPort"].number()) {
        port.errors().push_back(
            field_invalid(port["hostPort"].path(), Value::of(host), "must match `containerPort` when `hostNetwork` is true"));
      }
    });
  });
}

void validate_gates(const FieldRef& spec) {
  spec["readinessGates"].each_item([](const FieldRef& gate, std::size_t) {
    const FieldRef type = gate["conditionType"];
    for (std::string& problem : check_label_key(type.text())) type.invalid(std::move(problem));
  });
  std::set<std::string_view> names;
  spec["schedulingGates"].each_item([&](const FieldRef& gate, std::size_t) {
    const FieldRef name = gate["name"];
    for (std::string& problem : check_label_key(name.text())) gate.invalid(name.text(), std::move(problem));
    if (!names.insert(name.text()).second) gate.errors().push_back(field_duplicate(gate.path(), name.value()));
  });
}

void validate_names(const FieldRef& spec) {
  for (const std::string_view member : {"serviceAccountName", "nodeName", "priorityClassName", "runtimeClassName"}) {
    spec[member].check(check_dns1123_subdomain);
  }
  for (const std::string_view member : {"hostname", "subdomain"}) spec[member].check(check_dns1123_label);
  spec["imagePullSecrets"].each_item([](const FieldRef& secret, std::size_t) { secret["name"].require(); });
  spec["hostAliases"].each_item([](const FieldRef& alias, std::size_t) {
    alias["ip"].check_required(check_ip_address);
    alias["hostnames"].each_item([](const FieldRef& name, std::size_t) {
      for (std::string& problem : check_dns1123_subdomain(name.text())) name.invalid(std::move(problem));
    });
  });
}

void validate_resource_claims(const FieldRef& claims) {
  std::set<std::string_view> names;
  claims.each_item([&](const FieldRef& claim, std::size_t) {
    const FieldRef name = claim["name"];
    name.check_required(check_dns1123_label);
    if (!names.insert(name.text()).second) name.duplicate();
    const bool by_name = claim["resourceClaimName"].present();
    const bool by_template = claim["resourceClaimTemplateName"].present();
    if (by_name && by_template)
      claim.invalid("at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified");
    if (!by_name && !by_template) claim.invalid("must specify one of: `resourceClaimName`, `resourceClaimTemplateName`");
  });
}

constexpr std::string_view kLinuxSecurity[] = {"appArmorProfile",
                                               "seLinuxOptions",
                                               "seccompProfile",
                                               "fsGroup",
                                               "fsGroupChangePolicy",
                                               "sysctls",
                                               "shareProcessNamespace",
                                               "runAsUser",
                                               "runAsGroup",
                                               "supplementalGroups",
                                               "supplementalGroupsPolicy"};

// What a pod for Windows cannot have, and the other way round.
void validate_os(const FieldRef& spec) {
  const FieldRef os = spec["os.name"];
  if (os.is("linux")) {
    const FieldRef windows = spec["securityContext.windowsOptions"];
    if (windows.present()) windows.forbidden("windows options cannot be set for a linux pod");
  } else if (os.is("windows")) {
    for (const std::string_view member : {"hostPID", "hostIPC", "hostUsers", "shareProcessNamespace"}) {
      if (spec[member].present()) spec[member].forbidden("cannot be set for a windows pod");
    }
    const FieldRef security = spec["securityContext"];
    for (const std::string_view member : kLinuxSecurity) {
      if (!security[member].empty()) security[member].forbidden("cannot be set for a windows pod");
    }
  }
}

}  // namespace

void validate_pod_spec(const FieldRef& spec, const PodSpecOptions& options) {
  const VolumeNames volumes = validate_volumes(spec["volumes"], options);
  validate_resource_claims(spec["resourceClaims"]);
  validate_all_containers({spec, volumes, options});
  validate_host_network(spec, options.is_pod);
  spec["nodeSelector"].labels();
  validate_pod_security(spec["securityContext"], spec);
  validate_affinity(spec["affinity"]);
  validate_dns(spec);
  validate_gates(spec);
  validate_spread_constraints(spec["topologySpreadConstraints"]);
  validate_names(spec);
  const FieldRef deadline = spec["activeDeadlineSeconds"];
  if (deadline.present()) deadline.between(1, 2147483647);
  validate_tolerations(spec["tolerations"]);
  spec["overhead"].each_entry([](const FieldRef& entry, std::string_view name) {
    validate_container_resource_name(entry, name);
    validate_resource_amount(entry, name);
  });
  validate_os(spec);
}

void validate_pod_template(const FieldRef& pod_template, const PodSpecOptions& options) {
  pod_template["metadata.labels"].labels();
  const FieldRef annotations = pod_template["metadata.annotations"];
  if (annotations.size() != 0) validate_annotations(annotations.value(), annotations.path(), annotations.errors());
  const FieldRef spec = pod_template["spec"];
  validate_pod_spec(spec, options);
  const FieldRef ephemeral = spec["ephemeralContainers"];
  if (!ephemeral.empty()) ephemeral.forbidden("ephemeral containers not allowed in pod template");
}

}  // namespace plinth::api
