#include "node/stats/volume_meter.h"

#include "node/volumes/pod_volumes.h"

namespace plinth::node {
namespace {

std::string claim_of(const Pod& pod, const Value& volume) {
  if (volume["ephemeral"].is_object()) return pod.name + "-" + std::string(volume["name"].as_string());
  return std::string(volume["persistentVolumeClaim"]["claimName"].as_string());
}

}  // namespace

struct VolumeMeter::Asking {
  std::vector<std::pair<std::shared_ptr<const Pod>, Value>> left;
  std::vector<MeasuredVolume> measured;
};

void VolumeMeter::get(Done<std::vector<MeasuredVolume>> done) {
  if (last_ns_ && parts_.clock->monotonic_ns() - *last_ns_ < kFresh.count()) return done(std::vector<MeasuredVolume>(last_));
  if (waiting_.size() >= kWaitingMax)
    return done(Error(Reason::kTooManyRequests, "too many ask for volumes' statistics at once"));
  waiting_.push_back(std::move(done));
  if (waiting_.size() > 1) return;
  auto asking = std::make_shared<Asking>();
  for (const auto& pod : pods_()) {
    for (const Value& volume : pod->spec()["volumes"].items()) {
      if (!claim_of(*pod, volume).empty()) asking->left.emplace_back(pod, volume);
    }
  }
  next(asking);
}

// One after the other.
void VolumeMeter::next(const std::shared_ptr<Asking>& asking) {
  if (asking->left.empty()) return finish(std::move(asking->measured));
  const auto [pod, volume] = std::move(asking->left.back());
  asking->left.pop_back();
  parts_.volumes->usage(
      *pod, volume, [this, asking, pod = pod, volume = volume, alive = alive_](Result<std::optional<VolumeUsage>> usage) {
        // Later: an answer may come at once.
        parts_.loop->post([this, asking, pod, volume, alive, usage = usage.ok() ? *usage : std::nullopt] {
          if (!*alive) return;
          if (usage) {
            asking->measured.push_back({pod->name_space, pod->name, pod->uid, std::string(volume["name"].as_string()),
                                        claim_of(*pod, volume), parts_.clock->wall_ns(), *usage});
          }
          next(asking);
        });
      });
}

void VolumeMeter::finish(std::vector<MeasuredVolume> measured) {
  last_ = std::move(measured);
  last_ns_ = parts_.clock->monotonic_ns();
  for (auto& done : std::exchange(waiting_, {})) done(std::vector<MeasuredVolume>(last_));
}

}  // namespace plinth::node
