#include "api/resource_amounts.h"

namespace plinth::api {
namespace {

// Whether a pod may say how much of it all its containers share.
bool is_pod_level(std::string_view resource) {
  return resource == "cpu" || resource == "memory" || resource.starts_with("hugepages-");
}

Value status_of(const Value& pod, std::string_view container) {
  for (const std::string_view list : {"containerStatuses", "initContainerStatuses"}) {
    for (const Value& status : pod["status"][list].items()) {
      if (status["name"].as_string() == container) return status;
    }
  }
  return Value();
}

bool is_infeasible(const Value& pod) {
  for (const Value& condition : pod["status"]["conditions"].items()) {
    if (condition["type"].as_string() == "PodResizePending") return condition["reason"].as_string() == "Infeasible";
  }
  return false;
}

// Sum over containers of `list_of(container)`, init containers as pod_amounts says.
template <typename ListOf>
Result<ResourceAmounts> sum_containers(const Value& pod_spec, ListOf list_of) {
  ResourceAmounts running, restartable, starting;
  for (const Value& container : pod_spec["containers"].items()) add_to(running, TRY(read_amounts(list_of(container))));
  for (const Value& container : pod_spec["initContainers"].items()) {
    ResourceAmounts here = TRY(read_amounts(list_of(container)));
    if (container["restartPolicy"].as_string() == "Always") {
      add_to(running, here);
      add_to(restartable, here);
      here = restartable;
    } else {
      add_to(here, restartable);
    }
    raise_to(starting, here);
  }
  raise_to(running, starting);
  return running;
}

// The states of a container's resources: as asked for, as the node has set it aside, as it is.
enum class Stage : std::uint8_t { kAsked, kAllocated, kActual };

Value resources_at(const Value& pod, const Value& container, Stage stage, std::string_view which, bool infeasible) {
  const Value asked = container["resources"][which];
  if (stage == Stage::kAsked) return asked;
  const Value status = status_of(pod, container["name"].as_string());
  if (stage == Stage::kActual && !status["resources"][which].is_null()) return status["resources"][which];
  if (which == "requests" && !status["allocatedResources"].is_null()) return status["allocatedResources"];
  return infeasible ? Value() : asked;
}

bool has_statuses(const Value& pod) {
  return pod["status"]["containerStatuses"].size() + pod["status"]["initContainerStatuses"].size() > 0;
}

Result<ResourceAmounts> needs(const Value& pod, std::string_view which) {
  const Value spec = pod["spec"];
  const bool infeasible = is_infeasible(pod);
  auto sum = [&](Stage stage) {
    return sum_containers(spec, [&](const Value& container) { return resources_at(pod, container, stage, which, infeasible); });
  };
  ResourceAmounts total = infeasible ? ResourceAmounts() : TRY(sum(Stage::kAsked));
  if (infeasible || has_statuses(pod)) {
    if (which == "requests") raise_to(total, TRY(sum(Stage::kAllocated)));
    raise_to(total, TRY(sum(Stage::kActual)));
  }
  for (const auto& [name, amount] : TRY(read_amounts(spec["resources"][which]))) {
    if (is_pod_level(name)) total[name] = amount;
  }
  return total;
}

}  // namespace

Result<ResourceAmounts> read_amounts(const Value& list) {
  ResourceAmounts out;
  for (const Member& member : list.members()) out[std::string(member.key())] = TRY(Quantity::parse(member.value.as_string()));
  return out;
}

void add_to(ResourceAmounts& sum, const ResourceAmounts& more) {
  for (const auto& [name, amount] : more) {
    const auto [at, added] = sum.try_emplace(name, amount);
    if (!added) at->second = at->second + amount;
  }
}

void raise_to(ResourceAmounts& most, const ResourceAmounts& other) {
  for (const auto& [name, amount] : other) {
    const auto [at, added] = most.try_emplace(name, amount);
    if (!added && amount.compare(at->second) > 0) at->second = amount;
  }
}

Result<ResourceAmounts> pod_amounts(const Value& pod_spec, std::string_view which) {
  ResourceAmounts total = TRY(sum_containers(pod_spec, [&](const Value& container) { return container["resources"][which]; }));
  for (const auto& [name, amount] : TRY(read_amounts(pod_spec["resources"][which]))) {
    if (name == "cpu" || name == "memory") total[name] = amount;
  }
  return total;
}

Result<PodNeeds> pod_needs(const Value& pod) {
  PodNeeds out;
  out.requests = TRY(needs(pod, "requests"));
  out.limits = TRY(needs(pod, "limits"));
  const ResourceAmounts overhead = TRY(read_amounts(pod["spec"]["overhead"]));
  add_to(out.requests, overhead);
  for (const auto& [name, amount] : overhead) {
    const auto limit = out.limits.find(name);
    if (limit != out.limits.end() && !limit->second.is_zero()) limit->second = limit->second + amount;
  }
  return out;
}

}  // namespace plinth::api
