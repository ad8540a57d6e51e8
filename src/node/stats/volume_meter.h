// What claims' volumes hold, asked of those who serve them when somebody wants to know.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "node/agent/node_parts.h"
#include "node/stats/node_stats.h"

namespace plinth::node {

// On the node's loop.
class VolumeMeter {
 public:
  static constexpr Duration kFresh = std::chrono::minutes(1);  // what was asked is told again for so long, as the kubelet does
  static constexpr std::size_t kWaitingMax = 100;              // who ask meanwhile; more get an error

  VolumeMeter(NodeParts& parts, std::function<std::vector<std::shared_ptr<const Pod>>()> pods)
      : parts_(parts), pods_(std::move(pods)) {}
  ~VolumeMeter() { *alive_ = false; }

  // A volume whose driver does not tell, or not in time, is left out.
  void get(Done<std::vector<MeasuredVolume>> done);

 private:
  struct Asking;
  void next(const std::shared_ptr<Asking>& asking);
  void finish(std::vector<MeasuredVolume> measured);

  NodeParts& parts_;
  std::function<std::vector<std::shared_ptr<const Pod>>()> pods_;
  std::vector<Done<std::vector<MeasuredVolume>>> waiting_;
  std::vector<MeasuredVolume> last_;
  std::optional<std::int64_t> last_ns_;  // monotonic
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace plinth::node
