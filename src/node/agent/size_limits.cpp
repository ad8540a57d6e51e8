#include "node/agent/size_limits.h"

#include <fmt/format.h>

#include "api/quantity.h"
#include "base/quoted.h"

namespace plinth::node {

SizeLimits::~SizeLimits() {
  *alive_ = false;
  if (timer_ != 0) parts_.loop->cancel(timer_);
}

void SizeLimits::start() {
  timer_ = parts_.loop->after(kInterval, [this, alive = alive_] {
    if (*alive) look();
  });
}

void SizeLimits::look() {
  std::vector<Limit> limits;
  for (const auto& pod : pods_()) {
    for (const Value& volume : pod->spec()["volumes"].items()) {
      const Value empty_dir = volume["emptyDir"];
      // Of a volume in memory the size of its tmpfs is the limit.
      if (!empty_dir["sizeLimit"].is_string() || !empty_dir["medium"].as_string().empty()) continue;
      const auto size = api::Quantity::parse(empty_dir["sizeLimit"].as_string());
      if (!size.ok() || size->value() <= 0) continue;
      const std::string name(volume["name"].as_string());
      limits.push_back({pod->uid, name, std::string(empty_dir["sizeLimit"].as_string()),
                        parts_.volumes->pod_directory(pod->uid) + "/volumes/kubernetes.io~empty-dir/" + name,
                        static_cast<std::uint64_t>(size->value())});
    }
  }
  measure(std::move(limits));
}

// One after the other: a large volume takes its time, and the next look waits for it.
void SizeLimits::measure(std::vector<Limit> left) {
  if (left.empty()) return start();
  const Limit limit = std::move(left.back());
  left.pop_back();
  HostFiles& files = *parts_.files;
  on_pool<DiskUsage>(
      *parts_.loop, *parts_.pool, alive_, [&files, directory = limit.directory] { return files.usage(directory); },
      [this, limit, left = std::move(left)](Result<DiskUsage> usage) mutable {
        if (usage.ok() && usage->bytes > limit.bytes) {
          evict_(
              limit.uid,
              {"Evicted",
               fmt::format("Usage of EmptyDir volume {} exceeds the limit {}. ", quoted(limit.volume), quoted(limit.text)), 1});
        }
        measure(std::move(left));
      });
}

}  // namespace plinth::node
