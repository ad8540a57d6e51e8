// Images of containers: present or pulled, as the pull policy says, with back-off and the kubelet's Events.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "node/agent/node_parts.h"
#include "node/pod/pod.h"

namespace plinth::node {

struct ImageAsk {
  std::string image;
  std::string policy;      // Always, IfNotPresent, Never; "": what follows from the image's tag
  std::string field_path;  // of the Events; "": they are about the pod
};

struct ImageOutcome {
  bool ok = false;
  Image image;
  std::string ref;              // to create the container with
  std::string reason, message;  // ErrImagePull, ImagePullBackOff, ErrImageNeverPull, InvalidImageName, ImageInspectError
  std::int64_t retry_at_ns = 0;
};

// On the node's loop.
class ImageManager {
 public:
  static constexpr std::size_t kPullsMax = 4;  // at once; others wait
  static constexpr std::size_t kPullsWaitingMax = 1000;
  static constexpr std::int64_t kBackoffFirst = 10'000'000'000, kBackoffMax = 300'000'000'000;

  explicit ImageManager(NodeParts& parts) : parts_(parts) {}
  ~ImageManager() { *alive_ = false; }

  void ensure(std::shared_ptr<const Pod> pod, ImageAsk ask, SandboxConfig sandbox, std::function<void(ImageOutcome)> done);
  // Forgets the back-off of a pod's images.
  void forget(const std::string& pod_uid);

 private:
  struct Wish;
  struct Backoff {
    std::int64_t delay_ns = 0, until_ns = 0;
    std::string error;
  };
  using WishPtr = std::shared_ptr<Wish>;
  void decide(const WishPtr& wish);
  void pull(const WishPtr& wish);
  void try_auths(const WishPtr& wish);
  void pulled(const WishPtr& wish, const std::string& ref);
  void fail_pull(const WishPtr& wish, const Error& error);
  void finish(const WishPtr& wish, ImageOutcome outcome);
  void start_next_pull();
  void tell(const Wish& wish, bool warning, const char* reason, std::string message);

  NodeParts& parts_;
  std::map<std::string, Backoff> backoffs_;  // by pod uid and image
  std::deque<WishPtr> waiting_;
  std::size_t pulling_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

// Whether a reference can be one: "registry:5000/path/name:tag@sha256:...".
bool is_image_name(std::string_view image);

}  // namespace plinth::node
