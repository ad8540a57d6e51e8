#include "csi/volume_data.h"

#include <openssl/sha.h>

#include "base/hex.h"
#include "base/json.h"

namespace plinth::csi {
namespace {

constexpr std::string_view kDataFile = "/vol_data.json", kNewFile = "/vol_data.json.new";
constexpr std::size_t kDataBytesMax = 16 * 1024;
constexpr std::string_view kFolder = "/volumes/kubernetes.io~csi", kPlugins = "/plugins/kubernetes.io/csi";

std::string sha256_hex(const std::string& text) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
  return hex_encode({reinterpret_cast<const char*>(digest), sizeof(digest)});
}

// The kubelet's names, and three of our own: stagingPath, targetPath, volumeMode.
std::string print(const VolumeData& data) {
  Draft draft;
  Value& root = draft.root() = draft.object();
  draft.set(root, "driverName", data.driver);
  draft.set(root, "volumeHandle", data.handle);
  draft.set(root, "specVolID", data.volume);
  draft.set(root, "volumeLifecycleMode", data.ephemeral ? "Ephemeral" : "Persistent");
  draft.set(root, "volumeMode", data.block ? "Block" : "Filesystem");
  draft.set(root, "stagingPath", data.staging);
  draft.set(root, "targetPath", data.target);
  return to_json(root);
}

// The folders in a directory; none when it is not there.
Result<std::vector<std::string>> folders_in(node::HostFiles& files, const std::string& directory) {
  std::vector<std::string> out;
  if (!TRY(files.info(directory)).has_value()) return out;
  for (const node::DirectoryEntry& entry : TRY(files.list(directory))) {
    if (entry.type == node::FileType::kDirectory) out.push_back(directory + "/" + entry.name);
  }
  return out;
}

}  // namespace

Result<void> write_volume_data(node::HostFiles& files, const std::string& directory, const VolumeData& data) {
  TRY(files.write(directory + std::string(kNewFile), print(data), 0600));
  return files.rename(directory + std::string(kNewFile), directory + std::string(kDataFile));
}

Result<std::optional<VolumeData>> read_volume_data(node::HostFiles& files, const std::string& directory) {
  const std::string path = directory + std::string(kDataFile);
  if (!TRY(files.info(path)).has_value()) return std::optional<VolumeData>();
  const auto parsed = parse_json(TRY(files.read(path, 0, kDataBytesMax)));
  if (!parsed.ok()) return bad_request(path + ": " + parsed.error().message());
  const Document& text = *parsed;
  VolumeData data;
  data.driver = text["driverName"].as_string();
  data.handle = text["volumeHandle"].as_string();
  data.volume = text["specVolID"].as_string();
  data.staging = text["stagingPath"].as_string();
  data.target = text["targetPath"].as_string();
  if (data.target.empty()) data.target = directory + "/mount";
  data.block = text["volumeMode"].as_string() == "Block";
  data.ephemeral = text["volumeLifecycleMode"].as_string() == "Ephemeral";
  if (data.driver.empty() || data.handle.empty()) return bad_request(path + ": no driverName or volumeHandle");
  return std::optional(std::move(data));
}

Result<bool> used_elsewhere(node::HostFiles& files, const std::string& root, const std::string& directory,
                            const VolumeData& data) {
  for (const std::string& pod : TRY(folders_in(files, root + "/pods"))) {
    for (const std::string& other : TRY(folders_in(files, pod + std::string(kFolder)))) {
      if (other == directory) continue;
      auto found = read_volume_data(files, other);
      if (found.ok() && *found && (*found)->same_volume(data)) return true;
      if (!found.ok() && found.error().reason() != Reason::kBadRequest) return std::move(found).error();
    }
  }
  return false;
}

std::string staging_folder(const std::string& root, const std::string& driver, const std::string& handle) {
  return root + std::string(kPlugins) + "/" + driver + "/" + sha256_hex(handle);
}

Result<std::vector<VolumeData>> staged_volumes(node::HostFiles& files, const std::string& root) {
  std::vector<VolumeData> out;
  for (const std::string& driver : TRY(folders_in(files, root + std::string(kPlugins)))) {
    for (const std::string& folder : TRY(folders_in(files, driver))) {
      auto found = read_volume_data(files, folder);
      if (found.ok() && *found) out.push_back(std::move(**found));
    }
  }
  return out;
}

}  // namespace plinth::csi
