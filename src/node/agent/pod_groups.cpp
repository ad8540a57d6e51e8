#include "node/agent/pod_groups.h"

#include "api/strategies/qos_class.h"
#include "node/pod/resources.h"

namespace plinth::node {

TierResources tier_resources(const std::vector<std::shared_ptr<const Pod>>& pods, const api::ResourceAmounts& allocatable) {
  std::int64_t burstable_milli = 0;
  for (const auto& pod : pods) {
    if (api::qos_class(pod->spec()) != "Burstable") continue;
    const auto requests = api::pod_amounts(pod->spec(), "requests");
    if (!requests.ok()) continue;
    if (const auto cpu = requests->find("cpu"); cpu != requests->end()) burstable_milli += cpu->second.milli_value();
  }
  TierResources out;
  if (const auto cpu = allocatable.find("cpu"); cpu != allocatable.end())
    out.all.cpu_shares = cpu_shares(cpu->second.milli_value());
  out.burstable.cpu_shares = cpu_shares(burstable_milli);
  out.best_effort.cpu_shares = cpu_shares(0);
  return out;
}

void PodGroups::prepare(const Pod& pod, Done<void> done) {
  const std::string group = cgroup_parent(parts_.config, pod);
  if (groups_ == nullptr || group.empty()) return done({});
  const TierResources tiers = tier_resources(placed_(), parts_.allocatable);
  on_pool<void>(
      *parts_.loop, *parts_.pool, alive_,
      [groups = groups_, root = parts_.config.cgroup_root, tiers, group, own = pod_resources(pod)]() -> Result<void> {
        TRY(groups->apply(root, tiers.all));
        TRY(groups->apply(root + "/burstable", tiers.burstable));
        TRY(groups->apply(root + "/besteffort", tiers.best_effort));
        return groups->apply(group, own);
      },
      std::move(done));
}

}  // namespace plinth::node
