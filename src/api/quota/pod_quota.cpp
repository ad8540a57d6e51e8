// Pods: one place each, and while they run what they request and are limited to.
#include <map>
#include <set>

#include "api/quota/evaluator.h"
#include "api/strategies/qos_class.h"
#include "base/time_text.h"

namespace plinth::api {
namespace {

constexpr std::string_view kNames[] = {
    "cpu",        "memory",        "ephemeral-storage",        "requests.cpu", "requests.memory", "requests.ephemeral-storage",
    "limits.cpu", "limits.memory", "limits.ephemeral-storage", "pods"};
constexpr std::string_view kRequests = "requests.", kLimits = "limits.", kHugePages = "hugepages-";
constexpr std::string_view kDemanded[] = {"cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory"};

template <std::size_t N>
bool is_one_of(const std::string_view (&names)[N], std::string_view name) {
  for (const std::string_view known : names) {
    if (known == name) return true;
  }
  return false;
}

// "nvidia.com/gpu": a resource that Kubernetes knows nothing of.
bool is_extended(std::string_view resource) {
  return resource.find('/') != std::string_view::npos && resource.find("kubernetes.io/") == std::string_view::npos;
}

bool uses(std::string_view resource) {
  if (is_one_of(kNames, resource) || resource.starts_with(kHugePages) || resource.starts_with("requests.hugepages-"))
    return true;
  return resource.starts_with(kRequests) && is_extended(resource);
}

bool is_plain(std::string_view resource) {
  return resource == "cpu" || resource == "memory" || resource == "ephemeral-storage";
}

// Under the names that quotas have for them.
void count_resources(const ResourceAmounts& requests, const ResourceAmounts& limits, ResourceAmounts& out) {
  for (const auto& [name, amount] : requests) {
    const bool huge = std::string_view(name).starts_with(kHugePages);
    if (is_plain(name) || huge) out[name] = amount;
    if (is_plain(name) || huge || is_extended(name)) out[std::string(kRequests) + name] = amount;
  }
  for (const auto& [name, amount] : limits) {
    if (is_plain(name)) out[std::string(kLimits) + name] = amount;
  }
}

bool has_ended(const Value& pod) {
  const std::string_view phase = pod["status"]["phase"].as_string();
  return phase == "Failed" || phase == "Succeeded";
}

// When a pod that is being deleted should be gone even if its node says nothing more.
std::optional<std::int64_t> gone_at(const Value& pod) {
  const Value metadata = pod["metadata"];
  const auto deleted = parse_rfc3339(metadata["deletionTimestamp"].as_string());
  if (!deleted || has_ended(pod) || !metadata["deletionGracePeriodSeconds"].is_int()) return {};
  return deleted->seconds + metadata["deletionGracePeriodSeconds"].as_int() + 1;
}

Result<ResourceAmounts> usage(const Value& pod, std::int64_t now_s) {
  ResourceAmounts out;
  const auto gone = gone_at(pod);
  if (has_ended(pod) || (gone && now_s >= *gone)) return out;
  out.emplace("pods", one());
  const PodNeeds needs = TRY(pod_needs(pod));
  count_resources(needs.requests, needs.limits, out);
  return out;
}

bool is_terminating(const Value& pod) {
  const Value* deadline = pod["spec"].find("activeDeadlineSeconds");
  return deadline != nullptr && deadline->is_int() && deadline->as_int() >= 0;
}

bool is_best_effort(const Value& pod) {
  const std::string_view known = pod["status"]["qosClass"].as_string();
  return (known.empty() ? qos_class(pod["spec"]) : known) == "BestEffort";
}

bool crosses_namespaces(const Value& term) { return term["namespaces"].size() > 0 || !term["namespaceSelector"].is_null(); }

bool has_cross_namespace_affinity(const Value& pod) {
  for (const std::string_view kind : {"podAffinity", "podAntiAffinity"}) {
    const Value affinity = pod["spec"]["affinity"][kind];
    for (const Value& term : affinity["requiredDuringSchedulingIgnoredDuringExecution"].items()) {
      if (crosses_namespaces(term)) return true;
    }
    for (const Value& weighted : affinity["preferredDuringSchedulingIgnoredDuringExecution"].items()) {
      if (crosses_namespaces(weighted["podAffinityTerm"])) return true;
    }
  }
  return false;
}

bool in_scope(const ScopeDemand& demand, const Value& pod) {
  if (demand.scope == "Terminating") return is_terminating(pod);
  if (demand.scope == "NotTerminating") return !is_terminating(pod);
  if (demand.scope == "BestEffort") return is_best_effort(pod);
  if (demand.scope == "NotBestEffort") return !is_best_effort(pod);
  if (demand.scope == "CrossNamespacePodAffinity") return has_cross_namespace_affinity(pod);
  if (demand.scope != "PriorityClass") return false;
  const std::string_view name = pod["spec"]["priorityClassName"].as_string();
  return selects(demand, name.empty() ? std::vector<std::string_view>() : std::vector<std::string_view>{name});
}

bool has_pod_level(const Value& pod) {
  for (const std::string_view list : {"requests", "limits"}) {
    for (const Member& m : pod["spec"]["resources"][list].members()) {
      if (m.key() == "cpu" || m.key() == "memory" || m.key().starts_with(kHugePages)) return true;
    }
  }
  return false;
}

// A quota of cpu or memory wants every container to say how much of it it needs.
std::string unspecified(const std::vector<std::string_view>& resources, const Value& pod) {
  if (has_pod_level(pod)) return "";
  std::map<std::string_view, std::set<std::string_view>> missing;
  for (const std::string_view list : {"containers", "initContainers"}) {
    for (const Value& container : pod["spec"][list].items()) {
      for (const std::string_view resource : resources) {
        if (!is_one_of(kDemanded, resource)) continue;
        const bool limit = resource.starts_with(kLimits);
        const std::string_view plain = limit                             ? resource.substr(kLimits.size())
                                       : resource.starts_with(kRequests) ? resource.substr(kRequests.size())
                                                                         : resource;
        if (container["resources"][limit ? "limits" : "requests"].find(plain) == nullptr) {
          missing[resource].insert(container["name"].as_string());
        }
      }
    }
  }
  std::string out;
  for (const auto& [resource, containers] : missing) {
    out += (out.empty() ? "must specify " : "; ") + std::string(resource) + " for: ";
    bool first = true;
    for (const std::string_view name : containers) out += (std::exchange(first, false) ? "" : ",") + std::string(name);
  }
  return out;
}

bool limits_update(std::string_view subresource, const Value& old, const Value& pod) {
  return subresource.empty() ? is_terminating(old) != is_terminating(pod) : subresource == "resize";
}

}  // namespace

extern constexpr QuotaEvaluator kPodQuota{{"", "pods"}, uses, usage, in_scope, unspecified, limits_update, gone_at};

}  // namespace plinth::api
