#include "node/pod/resources.h"

#include <algorithm>

#include "api/resource_amounts.h"
#include "api/strategies/qos_class.h"

namespace plinth::node {
namespace {

constexpr std::int64_t kSharesMin = 2, kSharesMax = 262144, kQuotaMinUs = 1000;
constexpr std::int64_t kGuaranteedScore = -997, kBestEffortScore = 1000;
constexpr std::int64_t kSystemCriticalPriority = 2'000'000'000;

api::ResourceAmounts amounts(const Value& list) {
  auto read = api::read_amounts(list);
  return read.ok() ? std::move(*read) : api::ResourceAmounts();
}

std::int64_t value_of(const api::ResourceAmounts& list, std::string_view name) {
  const auto it = list.find(name);
  return it == list.end() ? 0 : name == "cpu" ? it->second.milli_value() : it->second.value();
}

LinuxResources of(const api::ResourceAmounts& requests, const api::ResourceAmounts& limits, bool swap_limit) {
  LinuxResources out;
  const bool asked = requests.count("cpu") > 0 || limits.count("cpu") == 0;
  out.cpu_shares = cpu_shares(value_of(asked ? requests : limits, "cpu"));
  if (const std::int64_t milli = value_of(limits, "cpu"); milli > 0) {
    out.cpu_period_us = kCpuPeriodUs;
    out.cpu_quota_us = cpu_quota_us(milli);
  }
  out.memory_limit_bytes = value_of(limits, "memory");
  if (swap_limit) out.memory_swap_limit_bytes = out.memory_limit_bytes;
  for (const auto& [name, amount] : limits) {
    constexpr std::string_view kPrefix = "hugepages-";
    if (name.rfind(kPrefix, 0) != 0) continue;
    // "2Mi" is what the kernel calls "2MB".
    std::string size = name.substr(kPrefix.size());
    if (!size.empty() && size.back() == 'i') size.back() = 'B';
    out.hugepage_limits[size] = static_cast<std::uint64_t>(std::max<std::int64_t>(amount.value(), 0));
  }
  return out;
}

}  // namespace

std::int64_t cpu_shares(std::int64_t milli_cpu) { return std::clamp(milli_cpu * 1024 / 1000, kSharesMin, kSharesMax); }

std::int64_t cpu_quota_us(std::int64_t milli_cpu) {
  return milli_cpu <= 0 ? 0 : std::max(milli_cpu * kCpuPeriodUs / 1000, kQuotaMinUs);
}

std::int64_t oom_score_adj(const Pod& pod, const PodContainer& container, std::int64_t memory_capacity_bytes) {
  if (pod.spec()["priority"].as_int() >= kSystemCriticalPriority) return kGuaranteedScore;
  const std::string_view qos = api::qos_class(pod.spec());
  if (qos == "Guaranteed") return kGuaranteedScore;
  if (qos == "BestEffort" || memory_capacity_bytes <= 0) return kBestEffortScore;
  const std::int64_t request = value_of(amounts(container.spec["resources"]["requests"]), "memory");
  const auto score = 1000 - static_cast<std::int64_t>(static_cast<__int128>(1000) * request / memory_capacity_bytes);
  // Above Guaranteed pods and below BestEffort ones.
  return std::clamp<std::int64_t>(score, 1000 + kGuaranteedScore, kBestEffortScore - 1);
}

LinuxResources container_resources(const Pod& pod, const PodContainer& container, std::int64_t memory_capacity_bytes,
                                   bool swap_limit) {
  const Value resources = container.spec["resources"];
  LinuxResources out = of(amounts(resources["requests"]), amounts(resources["limits"]), swap_limit);
  out.oom_score_adj = oom_score_adj(pod, container, memory_capacity_bytes);
  return out;
}

LinuxResources pod_resources(const Pod& pod) {
  auto requests = api::pod_amounts(pod.spec(), "requests"), limits = api::pod_amounts(pod.spec(), "limits");
  if (!requests.ok() || !limits.ok()) return {};
  // A limit of the whole holds only if every container has one.
  for (const PodContainer& container : pod.containers) {
    if (container.role == Role::kEphemeral) continue;
    for (const char* name : {"cpu", "memory"}) {
      if (container.spec["resources"]["limits"][name].is_null() && pod.spec()["resources"]["limits"][name].is_null())
        limits->erase(name);
    }
  }
  return of(*requests, *limits, false);
}

}  // namespace plinth::node
