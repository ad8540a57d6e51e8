#include "node/volumes/atomic_writer.h"

#include <set>

#include "base/text.h"

namespace plinth::node {
namespace {

constexpr const char* kData = "..data";
constexpr const char* kDataTemporary = "..data_tmp";

Result<void> check_path(const std::string& path) {
  if (path.empty() || path.front() == '/') return bad_request("invalid path \"" + path + "\": must be relative");
  if (path.size() > kPathBytesMax) return bad_request("invalid path \"" + path + "\": too long");
  for (const std::string_view part : split(path, '/')) {
    if (part == "..") return bad_request("invalid path \"" + path + "\": must not contain \"..\"");
    if (part.empty() || part.size() > kNameBytesMax) return bad_request("invalid path \"" + path + "\"");
  }
  if (path.rfind("..", 0) == 0) return bad_request("invalid path \"" + path + "\": must not start with \"..\"");
  return {};
}

std::string top_of(const std::string& path) { return path.substr(0, path.find('/')); }

// Paths of all files below.
Result<void> collect(HostFiles& files, const std::string& directory, const std::string& prefix, std::set<std::string>& out) {
  for (const DirectoryEntry& entry : TRY(files.list(directory))) {
    const std::string path = prefix + entry.name;
    if (entry.type == FileType::kDirectory)
      TRY(collect(files, directory + "/" + entry.name, path + "/", out));
    else
      out.insert(path);
  }
  return {};
}

class Writer {
 public:
  Writer(HostFiles& files, const std::string& directory, const Payload& payload, const std::string& stamp,
         std::optional<std::int64_t> group)
      : files_(files), directory_(directory), payload_(payload), stamp_(".." + stamp), group_(group) {}

  Result<void> write() {
    for (const auto& [path, _] : payload_) TRY(check_path(path));
    const auto old = TRY(old_target());
    if (old && TRY(shows_payload(*old))) {
      // A crash may have come between the rename and the links.
      TRY(link_names());
      return remove_stale(*old);
    }
    TRY(write_files());
    TRY(link_names());
    TRY(files_.remove(at(kDataTemporary)));
    TRY(files_.symlink(stamp_, at(kDataTemporary)));
    TRY(files_.rename(at(kDataTemporary), at(kData)));
    return remove_stale(stamp_);
  }

 private:
  std::string at(const std::string& name) const { return directory_ + "/" + name; }

  Result<std::optional<std::string>> old_target() {
    const auto info = TRY(files_.info(at(kData)));
    if (!info || info->type != FileType::kLink) return std::optional<std::string>();
    std::string target = TRY(files_.read_link(at(kData)));
    if (!TRY(files_.info(at(target))).has_value()) return std::optional<std::string>();
    return std::optional<std::string>(std::move(target));
  }

  Result<bool> shows_payload(const std::string& old) {
    std::set<std::string> there;
    TRY(collect(files_, at(old), "", there));
    if (there.size() != payload_.size()) return false;
    for (const auto& [path, file] : payload_) {
      if (there.count(path) == 0) return false;
      if (TRY(files_.read(at(old) + "/" + path, 0, file.data.size() + 1)) != file.data) return false;
      const auto info = TRY(files_.info(at(old) + "/" + path));
      if (!info || (!group_ && info->mode != file.mode)) return false;
    }
    return true;
  }

  Result<void> write_files() {
    TRY(files_.make_directories(at(stamp_), 0755));
    TRY(own(at(stamp_), 0755, true));
    for (const auto& [path, file] : payload_) {
      const std::string target = at(stamp_) + "/" + path;
      for (std::size_t slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1)) {
        const std::string parent = at(stamp_) + "/" + path.substr(0, slash);
        if (TRY(files_.info(parent)).has_value()) continue;
        TRY(files_.make_directories(parent, 0755));
        TRY(own(parent, 0755, true));
      }
      TRY(files_.write(target, file.data, file.mode));
      TRY(files_.set_mode(target, file.mode));
      TRY(own(target, file.mode, false));
      if (file.owner) TRY(files_.set_owner(target, *file.owner, -1));
    }
    return {};
  }

  // What fsGroup gives: the group, and its rights (as the volume is read-only to containers: reading).
  Result<void> own(const std::string& path, std::uint32_t mode, bool is_directory) {
    if (!group_) return {};
    TRY(files_.set_owner(path, -1, *group_));
    return files_.set_mode(path, is_directory ? mode | 02750 : mode | 0440);
  }

  Result<void> link_names() {
    std::set<std::string> names;
    for (const auto& [path, _] : payload_) names.insert(top_of(path));
    for (const std::string& name : names) {
      if (TRY(files_.info(at(name))).has_value()) continue;
      TRY(files_.symlink(std::string(kData) + "/" + name, at(name)));
    }
    return {};
  }

  // Names that are no longer in the payload, and directories of earlier times.
  Result<void> remove_stale(const std::string& current) {
    std::set<std::string> names;
    for (const auto& [path, _] : payload_) names.insert(top_of(path));
    for (const DirectoryEntry& entry : TRY(files_.list(directory_))) {
      if (entry.name == kData || entry.name == current || names.count(entry.name) > 0) continue;
      TRY(entry.type == FileType::kDirectory ? files_.remove_all(at(entry.name)) : files_.remove(at(entry.name)));
    }
    return {};
  }

  HostFiles& files_;
  const std::string& directory_;
  const Payload& payload_;
  const std::string stamp_;
  const std::optional<std::int64_t> group_;
};

}  // namespace

Result<void> write_atomically(HostFiles& files, const std::string& directory, const Payload& payload, const std::string& stamp,
                              std::optional<std::int64_t> group) {
  return Writer(files, directory, payload, stamp, group).write();
}

}  // namespace plinth::node
