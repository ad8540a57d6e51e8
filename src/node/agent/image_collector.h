// Images that no container uses go when the disk fills up, those first that were not used for the longest time.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "node/agent/node_parts.h"
#include "node/host/host_gauges.h"

namespace plinth::node {

struct ImageLimits {
  int high_percent = 85, low_percent = 80;    // of the disk: from which on images go, and down to which
  std::int64_t age_min_ns = 120'000'000'000;  // younger ones stay
};

// When an image was first seen, and last seen in use.
struct ImageTimes {
  std::int64_t seen_ns = 0, used_ns = 0;
};

// Bytes to free so that the disk is down to the low limit; 0 below the high one.
std::uint64_t bytes_to_free(const FilesystemReading& disk, const ImageLimits& limits);

// Which images go (ids), and how much that frees at most.
struct ImageChoice {
  std::vector<std::string> ids;
  std::uint64_t bytes = 0;
};
ImageChoice choose_images(const std::vector<Image>& images, const std::set<std::string>& in_use,
                          const std::map<std::string, ImageTimes>& times, std::uint64_t bytes, std::int64_t age_min_ns,
                          std::int64_t now_ns);

// On the node's loop.
class ImageCollector {
 public:
  static constexpr Duration kInterval = std::chrono::minutes(1);
  static constexpr std::int64_t kCollectNs = 300'000'000'000;  // how often the disk's limits are looked at

  ImageCollector(NodeParts& parts, HostGauges* gauges) : parts_(parts), gauges_(gauges) {}
  ~ImageCollector();

  void start();
  // Every image that nobody uses, whatever its age.
  void free_unused(Done<std::uint64_t> freed);
  // As they were at the last look.
  const std::vector<Image>& images() const { return images_; }
  void on_look(std::function<void()> looked) { looked_ = std::move(looked); }

 private:
  using Seen = std::function<void()>;
  void look();
  // Lists images and the containers that use them.
  void list(Done<void> done);
  void collect();
  void remove(std::shared_ptr<ImageChoice> choice, std::uint64_t freed, Done<std::uint64_t> done);
  void tell(const char* reason, std::string message);

  NodeParts& parts_;
  HostGauges* gauges_;
  std::vector<Image> images_;
  std::set<std::string> in_use_;
  std::map<std::string, ImageTimes> times_;  // by id
  std::int64_t collected_ns_ = 0;
  std::function<void()> looked_;
  TimerId timer_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace plinth::node
