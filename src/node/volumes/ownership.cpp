#include "node/volumes/ownership.h"

namespace plinth::node {
namespace {

constexpr std::uint32_t kReadWrite = 0660, kRead = 0440, kSetgid = 02000, kSearch = 0110;

Result<void> give(HostFiles& files, const std::string& path, FileType type, std::int64_t group, std::uint32_t rights) {
  if (type == FileType::kLink) return {};
  TRY(files.set_owner(path, -1, group));
  const auto info = TRY(files.info(path));
  if (!info) return {};
  TRY(files.set_mode(path, info->mode | rights | (type == FileType::kDirectory ? kSetgid | kSearch : 0)));
  if (type != FileType::kDirectory) return {};
  for (const DirectoryEntry& entry : TRY(files.list(path)))
    TRY(give(files, path + "/" + entry.name, entry.type, group, rights));
  return {};
}

}  // namespace

Result<void> release_directory(HostFiles& files, const std::string& directory) {
  constexpr int kMountsMax = 16;  // one over the other
  for (int i = 0; i < kMountsMax && TRY(files.is_mounted(directory)); ++i) TRY(files.unmount(directory));
  return files.remove_all(directory);
}

Result<void> give_to_group(HostFiles& files, const std::string& directory, std::int64_t group, bool readonly,
                           bool only_if_needed) {
  const std::uint32_t rights = readonly ? kRead : kReadWrite;
  const auto info = TRY(files.info(directory));
  if (!info) return Error(Reason::kNotFound, directory + ": no such directory");
  const std::uint32_t wanted = rights | kSetgid | kSearch;
  if (only_if_needed && info->gid == static_cast<std::uint32_t>(group) && (info->mode & wanted) == wanted) return {};
  return give(files, directory, FileType::kDirectory, group, rights);
}

}  // namespace plinth::node
