#include "csi_driver/context.h"

namespace plinth::csi_driver {

std::optional<OperationLocks::Held> OperationLocks::take(std::vector<std::string> keys) {
  std::set<std::string> wanted(keys.begin(), keys.end());
  wanted.erase("");
  const std::lock_guard lock(mutex_);
  for (const std::string& key : wanted) {
    if (busy_.contains(key)) return std::nullopt;
  }
  busy_.insert(wanted.begin(), wanted.end());
  return Held(*this, {wanted.begin(), wanted.end()});
}

void OperationLocks::release(const std::vector<std::string>& keys) {
  const std::lock_guard lock(mutex_);
  for (const std::string& key : keys) busy_.erase(key);
}

}  // namespace plinth::csi_driver
