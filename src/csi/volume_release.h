// The way back of a volume on the node: unpublish, unstage with the last pod, and nothing is left; also of what a crash left
// behind.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "csi/claim_volumes.h"
#include "csi/turns.h"
#include "csi/volume_data.h"

namespace plinth::csi {

// On one loop.
class VolumeRelease {
 public:
  static constexpr Duration kSweepPause = std::chrono::seconds(30);

  VolumeRelease(const ClaimVolumeParts& parts, Turns& turns) : parts_(parts), turns_(turns) {}
  ~VolumeRelease();
  // Only the directory of the pod's volume is known. Succeeds when nothing is there.
  void tear_down(std::string directory, node::Done<void> done);
  // Unstages what no pod uses, again after a pause while a driver is missing or fails.
  void sweep();

 private:
  struct Work;
  using WorkPtr = std::shared_ptr<Work>;
  void take_apart(const std::string& directory, node::Done<void> done);
  void unpublish(const WorkPtr& work);
  void unstage_if_unused(const WorkPtr& work);
  void unstage(const WorkPtr& work);
  void remove_folders(const WorkPtr& work);
  void end(const WorkPtr& work, Result<void> outcome);
  void sweep_all(std::vector<VolumeData> staged);
  void sweep_later();

  const ClaimVolumeParts& parts_;
  Turns& turns_;
  TimerId sweep_timer_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

// The turn that everything done to a volume takes.
std::string turn_of(const VolumeData& data);

}  // namespace plinth::csi
