// Images of the virtual runtime, and the statistics that annotations tell.
#include <algorithm>

#include <fmt/format.h>

#include "api/quantity.h"
#include "base/text.h"
#include "node/runtime/sim_runtime_parts.h"

namespace plinth::node {
namespace {

// Where the content of an image is among the files of the virtual node.
std::string content_path(const std::string& id) { return "/run/sim-images/" + id; }

Result<void> write_content(HostFiles& files, const std::string& image, const std::string& id) {
  TRY(files.make_directories(content_path(id) + "/data", 0755));
  TRY(files.write(content_path(id) + "/reference", image + "\n", 0644));
  return files.write(content_path(id) + "/data/reference", image + "\n", 0644);
}

}  // namespace

// As runtimes do: an image's content in place of a path of the node, always read-only, a folder of it where one is asked for.
Result<void> SimRuntime::mount_images(ContainerConfig& config) const {
  for (Mount& mount : config.mounts) {
    if (mount.image.empty()) continue;
    const auto known = std::find_if(images_.begin(), images_.end(),
                                    [&](const auto& one) { return one.first == mount.image || one.second.id == mount.image; });
    if (known == images_.end())
      return Error(Reason::kNotFound, "failed to mount image volume: image \"" + mount.image + "\": not found");
    if (!mount.readonly || !mount.host_path.empty())
      return bad_request("failed to mount image volume: it is read-only and has no path on the node");
    mount.host_path = content_path(known->second.id);
    if (mount.image_sub_path.empty()) continue;
    mount.host_path += "/" + mount.image_sub_path;
    const auto info = TRY(files_.info(mount.host_path, true));
    if (!info || info->type != FileType::kDirectory)
      return Error(Reason::kNotFound, "failed to mount image volume: there is no directory \"" + mount.image_sub_path +
                                          "\" in image \"" + mount.image + "\"");
  }
  return {};
}

// --- Statistics and images ---

void SimRuntime::list_container_stats(ContainerFilter filter, Done<std::vector<ContainerStats>> done) {
  later<std::vector<ContainerStats>>("list_container_stats", Duration(0), std::move(done), [this, filter = std::move(filter)] {
    std::vector<ContainerStats> out;
    const std::int64_t now_ns = clock_.wall_ns();
    for (const auto& [id, container] : containers_) {
      const auto& entry = container;
      if (entry->status.state != ContainerState::kRunning || !matches(entry->status, filter)) continue;
      const auto amount = [&](const char* what, const char* otherwise) {
        const std::string text = sim_annotation(entry->pod_annotations, what + ("." + entry->status.metadata.name));
        auto quantity = api::Quantity::parse(text.empty() ? otherwise : text);
        return quantity.ok() ? *quantity : api::Quantity();
      };
      ContainerStats stats;
      stats.id = id;
      stats.name = entry->status.metadata.name;
      stats.labels = entry->status.labels;
      stats.timestamp_ns = now_ns;
      const std::int64_t milli = amount("cpu", "1m").milli_value();
      stats.cpu_usage_nano_cores = static_cast<std::uint64_t>(milli) * 1'000'000;
      const auto lived = static_cast<__int128>(now_ns - entry->status.started_ns);
      stats.cpu_usage_core_ns = static_cast<std::uint64_t>(lived * std::max<std::int64_t>(milli, 0) / 1000);
      stats.memory_working_set_bytes = static_cast<std::uint64_t>(amount("memory", "4Mi").value());
      stats.memory_usage_bytes = stats.memory_rss_bytes = stats.memory_working_set_bytes;
      out.push_back(std::move(stats));
    }
    return out;
  });
}

void SimRuntime::image_status(std::string image, Done<std::optional<Image>> done) {
  later<std::optional<Image>>("image_status", Duration(0), std::move(done), [this, image = std::move(image)] {
    std::optional<Image> found;
    for (const auto& [name, known] : images_) {
      if (name == image || known.id == image) found = known;
    }
    return found;
  });
}

void SimRuntime::list_images(Done<std::vector<Image>> done) {
  later<std::vector<Image>>("list_images", Duration(0), std::move(done), [this] {
    std::vector<Image> out;
    for (const auto& [_, image] : images_) out.push_back(image);
    return out;
  });
}

void SimRuntime::pull_image(std::string image, ImageAuth, SandboxConfig sandbox, Done<std::string> done) {
  const Duration more = sim_delay(sandbox.annotations, "pull-delay");
  later<std::string>("pull_image", more, std::move(done), [this, image = std::move(image)]() -> Result<std::string> {
    if (names_nothing(image)) {
      return Error(Reason::kNotFound, "failed to pull and unpack image \"" + image + "\": failed to resolve reference \"" +
                                          image + "\": " + image + ": not found");
    }
    constexpr std::size_t kImagesMax = 10'000;
    if (images_.size() >= kImagesMax) return Error(Reason::kInsufficientStorage, "too many images");
    std::uint64_t hash = 1469598103934665603ull;
    for (const char c : image) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ull;
    Image& known = images_[image];
    known.id = fmt::format("sha256:{0:016x}{1:016x}{2:016x}{3:016x}", hash, hash * 3, hash * 5, hash * 7);
    known.tags = {image};
    known.size_bytes = 4 << 20;
    TRY(write_content(files_, image, known.id));
    return known.id;
  });
}

void SimRuntime::remove_image(std::string image, Done<void> done) {
  later<void>("remove_image", Duration(0), std::move(done), [this, image = std::move(image)]() -> Result<void> {
    for (auto it = images_.begin(); it != images_.end(); ++it) {
      if (it->first != image && it->second.id != image) continue;
      TRY(files_.remove_all(content_path(it->second.id)));
      images_.erase(it);
      break;
    }
    return {};
  });
}

void SimRuntime::image_filesystem(Done<FilesystemUsage> done) {
  later<FilesystemUsage>("image_filesystem", Duration(0), std::move(done), [this] {
    FilesystemUsage usage;
    usage.timestamp_ns = clock_.wall_ns();
    usage.mountpoint = "/";
    for (const auto& [_, image] : images_) usage.used_bytes += image.size_bytes;
    return usage;
  });
}

}  // namespace plinth::node
