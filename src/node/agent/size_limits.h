// emptyDir volumes on disk that hold more than their sizeLimit: their pods are evicted, as the kubelet does it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "node/agent/node_parts.h"
#include "node/pod/observed.h"

namespace plinth::node {

// On the node's loop.
class SizeLimits {
 public:
  static constexpr Duration kInterval = std::chrono::seconds(10);

  // `pods`: those that run now. `evict`: what is to be done with the pod of that uid.
  SizeLimits(NodeParts& parts, std::function<std::vector<std::shared_ptr<const Pod>>()> pods,
             std::function<void(const std::string& uid, Verdict verdict)> evict)
      : parts_(parts), pods_(std::move(pods)), evict_(std::move(evict)) {}
  ~SizeLimits();

  void start();

 private:
  struct Limit {
    std::string uid, volume, text, directory;
    std::uint64_t bytes = 0;
  };
  void look();
  void measure(std::vector<Limit> left);

  NodeParts& parts_;
  std::function<std::vector<std::shared_ptr<const Pod>>()> pods_;
  std::function<void(const std::string&, Verdict)> evict_;
  TimerId timer_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace plinth::node
