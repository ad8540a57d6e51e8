#include <fmt/format.h>

#include "node/volumes/local_plugins.h"
#include "node/volumes/ownership.h"
#include "node/volumes/pod_volumes.h"

namespace plinth::node {
namespace {

Result<void> check_type(HostFiles& files, const std::string& path, std::string_view type) {
  if (type.empty()) return {};
  const auto info = TRY(files.info(path, true));
  const auto mismatch = [&](const char* what) {
    return bad_request(fmt::format("hostPath type check failed: {} is not {}", path, what));
  };
  if (type == "DirectoryOrCreate") {
    if (!info) return files.make_directories(path, 0755);
    return info->type == FileType::kDirectory ? Result<void>() : mismatch("a directory");
  }
  if (type == "FileOrCreate") {
    if (!info) return files.write(path, "", 0644);
    return info->type == FileType::kFile ? Result<void>() : mismatch("a file");
  }
  static constexpr struct {
    std::string_view name;
    FileType type;
    const char* what;
  } kTypes[] = {{"Directory", FileType::kDirectory, "a directory"},
                {"File", FileType::kFile, "a file"},
                {"Socket", FileType::kSocket, "a socket file"},
                {"CharDevice", FileType::kCharDevice, "a character device"},
                {"BlockDevice", FileType::kBlockDevice, "a block device"}};
  for (const auto& known : kTypes) {
    if (known.name == type) return info && info->type == known.type ? Result<void>() : mismatch(known.what);
  }
  return bad_request(fmt::format("{} is an invalid volume type", type));
}

class HostPath final : public VolumePlugin {
 public:
  explicit HostPath(const LocalPluginParts& parts) : parts_(parts) {}
  ~HostPath() override { *alive_ = false; }
  std::string_view name() const override { return "kubernetes.io/host-path"; }
  bool serves(const Value& volume) const override { return volume["hostPath"].is_object(); }

  void set_up(VolumeRequest request, Done<VolumeReady> done) override {
    HostFiles& files = *parts_.files;
    const std::string path(request.volume["hostPath"]["path"].as_string()),
        type(request.volume["hostPath"]["type"].as_string());
    on_pool<VolumeReady>(
        *parts_.loop, *parts_.pool, alive_,
        [&files, path, type]() -> Result<VolumeReady> {
          TRY(check_type(files, path, type));
          // Without a type a container runtime makes what is missing a directory; so it is one from the start.
          if (!TRY(files.info(path, true)).has_value()) TRY(files.make_directories(path, 0755));
          return VolumeReady{path, false};
        },
        std::move(done));
  }

  // Nothing of it is below the pod's directory.
  void tear_down(std::string, std::string directory, Done<void> done) override {
    HostFiles& files = *parts_.files;
    on_pool<void>(
        *parts_.loop, *parts_.pool, alive_, [&files, directory] { return files.remove(directory); }, std::move(done));
  }

 private:
  LocalPluginParts parts_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace

std::unique_ptr<VolumePlugin> make_host_path_plugin(const LocalPluginParts& parts) { return std::make_unique<HostPath>(parts); }

}  // namespace plinth::node
