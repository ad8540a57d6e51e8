#include "api/quantity.h"
#include "node/pod/security.h"
#include "node/volumes/local_plugins.h"
#include "node/volumes/ownership.h"
#include "node/volumes/pod_volumes.h"

namespace plinth::node {
namespace {

constexpr std::uint32_t kMode = 0777;

// The size of a tmpfs: the limit of the volume, and what the pod's containers may use together.
std::int64_t memory_bytes(const VolumeRequest& request) {
  std::int64_t size = 0;
  const auto lower = [&](std::int64_t bytes) {
    if (bytes > 0 && (size == 0 || bytes < size)) size = bytes;
  };
  if (auto limit = api::Quantity::parse(request.volume["emptyDir"]["sizeLimit"].as_string()); limit.ok()) lower(limit->value());
  bool all_limited = true;
  for (const PodContainer& container : request.pod->containers)
    all_limited = all_limited && container.spec["resources"]["limits"]["memory"].is_string();
  if (auto limits = api::pod_amounts(request.pod->spec(), "limits"); all_limited && limits.ok()) {
    if (const auto it = limits->find("memory"); it != limits->end()) lower(it->second.value());
  }
  if (const auto it = request.facts.allocatable.find("memory"); it != request.facts.allocatable.end())
    lower(it->second.value());
  return size;
}

Result<MountRequest> medium_of(const VolumeRequest& request) {
  const std::string_view medium = request.volume["emptyDir"]["medium"].as_string();
  MountRequest mount;
  mount.target = request.directory;
  if (medium == "Memory") {
    mount.source = mount.type = "tmpfs";
    if (const std::int64_t size = memory_bytes(request); size > 0) mount.options.push_back("size=" + std::to_string(size));
  } else if (medium.rfind("HugePages", 0) == 0) {
    mount.source = "nodev";
    mount.type = "hugetlbfs";
    if (medium.size() > 10) mount.options.push_back("pagesize=" + std::string(medium.substr(10)));
  } else if (!medium.empty()) {
    return bad_request("unknown storage medium \"" + std::string(medium) + "\"");
  }
  return mount;
}

class EmptyDir final : public VolumePlugin {
 public:
  explicit EmptyDir(const LocalPluginParts& parts) : parts_(parts) {}
  ~EmptyDir() override { *alive_ = false; }
  std::string_view name() const override { return "kubernetes.io/empty-dir"; }
  bool serves(const Value& volume) const override { return volume["emptyDir"].is_object(); }

  void set_up(VolumeRequest request, Done<VolumeReady> done) override {
    auto mount = medium_of(request);
    if (!mount.ok()) {
      auto error = std::make_shared<Error>(std::move(mount).error());
      auto held = std::make_shared<Done<VolumeReady>>(std::move(done));
      return parts_.loop->post([error, held] { (*held)(std::move(*error)); });
    }
    HostFiles& files = *parts_.files;
    on_pool<VolumeReady>(
        *parts_.loop, *parts_.pool, alive_,
        [&files, mount = *mount, group = fs_group(*request.pod), directory = request.directory]() -> Result<VolumeReady> {
          const bool is_new = !TRY(files.info(directory)).has_value();
          TRY(files.make_directories(directory, kMode));
          if (!mount.type.empty() && !TRY(files.is_mounted(directory))) TRY(files.mount(mount));
          // Once: what containers have done to it since is theirs.
          if (is_new) {
            TRY(files.set_mode(directory, kMode));
            if (group) TRY(give_to_group(files, directory, *group, false));
          }
          return VolumeReady{directory, false};
        },
        std::move(done));
  }

  void tear_down(std::string, std::string directory, Done<void> done) override {
    HostFiles& files = *parts_.files;
    on_pool<void>(
        *parts_.loop, *parts_.pool, alive_,
        [&files, directory = std::move(directory)]() -> Result<void> { return release_directory(files, directory); },
        std::move(done));
  }

 private:
  LocalPluginParts parts_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace

std::unique_ptr<VolumePlugin> make_empty_dir_plugin(const LocalPluginParts& parts) { return std::make_unique<EmptyDir>(parts); }

}  // namespace plinth::node
