#include "node/agent/image_collector.h"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

#include "base/text.h"
#include "node/agent/event_recorder.h"
#include "node/pod/labels.h"

namespace plinth::node {

std::uint64_t bytes_to_free(const FilesystemReading& disk, const ImageLimits& limits) {
  if (disk.bytes == 0) return 0;
  const auto free_percent = static_cast<int>(static_cast<unsigned __int128>(disk.bytes_available) * 100 / disk.bytes);
  if (100 - free_percent < limits.high_percent) return 0;
  const std::uint64_t wanted = disk.bytes / 100 * static_cast<std::uint64_t>(100 - limits.low_percent);
  return wanted > disk.bytes_available ? wanted - disk.bytes_available : 0;
}

ImageChoice choose_images(const std::vector<Image>& images, const std::set<std::string>& in_use,
                          const std::map<std::string, ImageTimes>& times, std::uint64_t bytes, std::int64_t age_min_ns,
                          std::int64_t now_ns) {
  std::vector<std::tuple<std::int64_t, std::int64_t, const Image*>> unused;
  for (const Image& image : images) {
    const auto known = times.find(image.id);
    if (image.pinned || in_use.count(image.id) > 0 || known == times.end() || now_ns - known->second.seen_ns < age_min_ns)
      continue;
    unused.emplace_back(known->second.used_ns, known->second.seen_ns, &image);
  }
  std::stable_sort(unused.begin(), unused.end(), [](const auto& a, const auto& b) {
    return std::tie(std::get<0>(a), std::get<1>(a)) < std::tie(std::get<0>(b), std::get<1>(b));
  });
  ImageChoice out;
  for (const auto& [used_ns, seen_ns, image] : unused) {
    if (out.bytes >= bytes) break;
    out.ids.push_back(image->id);
    out.bytes += image->size_bytes;
  }
  return out;
}

ImageCollector::~ImageCollector() {
  *alive_ = false;
  if (timer_ != 0) parts_.loop->cancel(timer_);
}

void ImageCollector::start() { look(); }

void ImageCollector::look() {
  timer_ = parts_.loop->after(kInterval, [this, alive = alive_] {
    if (*alive) look();
  });
  list([this](Result<void> listed) {
    if (!listed.ok()) return;
    if (looked_) looked_();
    const std::int64_t now = parts_.clock->monotonic_ns();
    if (!parts_.config.collects_images || gauges_ == nullptr || (collected_ns_ != 0 && now - collected_ns_ < kCollectNs))
      return;
    collected_ns_ = now;
    collect();
  });
}

void ImageCollector::list(Done<void> done) {
  auto finish = std::make_shared<Done<void>>(std::move(done));
  parts_.runtime->list_images([this, finish, alive = alive_](Result<std::vector<Image>> images) {
    if (!*alive) return;
    if (!images.ok()) return (*finish)(std::move(images).error());
    images_ = std::move(*images);
    parts_.runtime->list_containers({}, [this, finish, alive](Result<std::vector<Container>> containers) {
      if (!*alive) return;
      if (!containers.ok()) return (*finish)(std::move(containers).error());
      in_use_.clear();
      for (const Container& container : *containers) {
        in_use_.insert(container.image_ref);
        in_use_.insert(container.image);
        const auto volumes = container.annotations.find(kImageVolumes);
        if (volumes == container.annotations.end()) continue;
        for (const std::string_view image : split(volumes->second, ',')) in_use_.emplace(image);
      }
      const std::int64_t now = parts_.clock->wall_ns();
      std::map<std::string, ImageTimes> times;
      for (Image& image : images_) {
        const auto known = times_.find(image.id);
        ImageTimes& entry = times[image.id] = known == times_.end() ? ImageTimes{now, 0} : known->second;
        if (in_use_.count(image.id) > 0) entry.used_ns = now;
        for (const std::string& tag : image.tags) image.pinned = image.pinned || parts_.config.kept_images.count(tag) > 0;
      }
      times_ = std::move(times);
      (*finish)({});
    });
  });
}

void ImageCollector::tell(const char* reason, std::string message) {
  EventSubject subject;
  subject.kind = "Node";
  subject.name = subject.uid = parts_.config.name;
  parts_.events->record(subject, true, reason, std::move(message));
}

void ImageCollector::collect() {
  on_pool<HostReading>(
      *parts_.loop, *parts_.pool, alive_, [gauges = gauges_] { return gauges->read(); },
      [this](Result<HostReading> reading) {
        if (!reading.ok()) return tell("ImageGCFailed", "the disk of images cannot be read: " + reading.error().message());
        const ImageLimits limits;
        const std::uint64_t wanted = bytes_to_free(reading->images, limits);
        if (wanted == 0) return;
        auto choice = std::make_shared<ImageChoice>(
            choose_images(images_, in_use_, times_, wanted, limits.age_min_ns, parts_.clock->wall_ns()));
        remove(choice, 0, [this, wanted](Result<std::uint64_t> freed) {
          if (!freed.ok()) return tell("ImageGCFailed", freed.error().message());
          if (*freed >= wanted) return;
          tell("FreeDiskSpaceFailed", fmt::format("Failed to garbage collect required amount of images. Attempted to free {} "
                                                  "bytes, but only found {} bytes eligible to free.",
                                                  wanted, *freed));
        });
      });
}

void ImageCollector::free_unused(Done<std::uint64_t> freed) {
  if (!parts_.config.collects_images) return freed(std::uint64_t{0});
  auto finish = std::make_shared<Done<std::uint64_t>>(std::move(freed));
  list([this, finish](Result<void> listed) {
    if (!listed.ok()) return (*finish)(std::move(listed).error());
    auto choice =
        std::make_shared<ImageChoice>(choose_images(images_, in_use_, times_, UINT64_MAX, 0, parts_.clock->wall_ns()));
    remove(choice, 0, [finish](Result<std::uint64_t> bytes) { (*finish)(std::move(bytes)); });
  });
}

// One after the other. What cannot be removed is left, and told once the others are gone.
void ImageCollector::remove(std::shared_ptr<ImageChoice> choice, std::uint64_t freed, Done<std::uint64_t> done) {
  if (choice->ids.empty()) return done(freed);
  const std::string id = choice->ids.front();
  choice->ids.erase(choice->ids.begin());
  std::uint64_t bytes = 0;
  for (const Image& image : images_) bytes += image.id == id ? image.size_bytes : 0;
  parts_.runtime->remove_image(
      id, [this, choice, freed, bytes, id, done = std::make_shared<Done<std::uint64_t>>(std::move(done)),
           alive = alive_](Result<void> removed) {
        if (!*alive) return;
        if (!removed.ok()) parts_.log.warning("an image cannot be removed", {{"image", id}, {"error", removed.error()}});
        remove(choice, freed + (removed.ok() ? bytes : 0), [done](Result<std::uint64_t> sum) { (*done)(std::move(sum)); });
      });
}

}  // namespace plinth::node
