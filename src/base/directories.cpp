#include "base/directories.h"

#include <vector>

namespace plinth {
namespace {

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

Result<void> make_durable_directories(Disk& disk, const std::string& given, int permissions) {
  std::string path = given;
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  std::vector<std::string> parents;  // of what is missing
  for (std::string at = path; at != "." && at != "/" && !disk.list(at).ok(); at = parent_of(at))
    parents.push_back(parent_of(at));
  TRY(disk.make_directories(path, permissions));
  for (const std::string& parent : parents) TRY(disk.sync_directory(parent));
  return {};
}

}  // namespace plinth
