#include "node/logs/log_rotation.h"

#include <vector>

namespace plinth::node {

Result<bool> rotate_log(HostFiles& files, const std::string& path, const std::string& stamp, std::uint64_t bytes_max,
                        std::size_t files_max) {
  const auto info = TRY(files.info(path));
  if (!info || info->size <= bytes_max) return false;
  const std::string directory = path.substr(0, path.rfind('/'));
  const std::string prefix = path.substr(path.rfind('/') + 1) + ".";
  std::vector<std::string> old;  // by time: their names end with it
  for (const DirectoryEntry& entry : TRY(files.list(directory))) {
    if (entry.name.rfind(prefix, 0) == 0) old.push_back(entry.name);
  }
  // The one that is written now becomes an old one too.
  while (old.size() + 2 > files_max && !old.empty()) {
    TRY(files.remove(directory + "/" + old.front()));
    old.erase(old.begin());
  }
  TRY(files.rename(path, path + "." + stamp));
  return true;
}

}  // namespace plinth::node
