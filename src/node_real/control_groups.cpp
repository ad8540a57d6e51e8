#include "node_real/control_groups.h"

#include <vector>

#include <fmt/format.h>

#include "base/text.h"
#include "node_real/real_files.h"

namespace plinth::node_real {
namespace {

constexpr std::uint32_t kDirectoryMode = 0755, kFileMode = 0644;

struct Setting {
  std::string controller, file, value;
};

std::vector<Setting> settings_v1(const node::LinuxResources& resources) {
  std::vector<Setting> out;
  if (resources.cpu_shares > 0) out.push_back({"cpu", "cpu.shares", std::to_string(resources.cpu_shares)});
  if (resources.cpu_quota_us > 0) {
    out.push_back({"cpu", "cpu.cfs_period_us", std::to_string(resources.cpu_period_us)});
    out.push_back({"cpu", "cpu.cfs_quota_us", std::to_string(resources.cpu_quota_us)});
  }
  if (resources.memory_limit_bytes > 0)
    out.push_back({"memory", "memory.limit_in_bytes", std::to_string(resources.memory_limit_bytes)});
  return out;
}

std::vector<Setting> settings_v2(const node::LinuxResources& resources) {
  std::vector<Setting> out;
  if (resources.cpu_shares > 0) out.push_back({"cpu", "cpu.weight", std::to_string(cpu_weight(resources.cpu_shares))});
  if (resources.cpu_quota_us > 0)
    out.push_back({"cpu", "cpu.max", fmt::format("{} {}", resources.cpu_quota_us, resources.cpu_period_us)});
  if (resources.memory_limit_bytes > 0) out.push_back({"memory", "memory.max", std::to_string(resources.memory_limit_bytes)});
  return out;
}

class MachineGroups final : public node::ControlGroups {
 public:
  explicit MachineGroups(std::string root) : root_(std::move(root)) {}

  Result<void> apply(const std::string& group, const node::LinuxResources& resources) override {
    if (group.size() < 2 || group.front() != '/' || group.find("..") != std::string::npos)
      return bad_request("a control group's path begins with / and has no ..: " + group);
    const bool unified = TRY(files_.info(root_ + "/cgroup.controllers")).has_value();
    if (unified) TRY(make_unified(group));
    for (const Setting& setting : unified ? settings_v2(resources) : settings_v1(resources)) {
      const std::string folder = root_ + (unified ? "" : "/" + setting.controller) + group;
      TRY(files_.make_directories(folder, kDirectoryMode));
      TRY(files_.write(folder + "/" + setting.file, setting.value, kFileMode));
    }
    return {};
  }

 private:
  // A group has only those controllers that all groups above it hand on.
  Result<void> make_unified(const std::string& group) {
    std::string folder = root_;
    for (const std::string_view name : split(std::string_view(group).substr(1), '/')) {
      TRY(files_.write(folder + "/cgroup.subtree_control", "+cpu +memory", kFileMode));
      folder += "/" + std::string(name);
      TRY(files_.make_directories(folder, kDirectoryMode));
    }
    return {};
  }

  RealFiles files_;
  const std::string root_;
};

}  // namespace

std::unique_ptr<node::ControlGroups> make_control_groups(std::string root) {
  return std::make_unique<MachineGroups>(std::move(root));
}

std::int64_t cpu_weight(std::int64_t shares) {
  constexpr std::int64_t kSharesMin = 2, kSharesMax = 262144, kWeights = 9999;
  return 1 + (std::min(std::max(shares, kSharesMin), kSharesMax) - kSharesMin) * kWeights / (kSharesMax - kSharesMin);
}

}  // namespace plinth::node_real
