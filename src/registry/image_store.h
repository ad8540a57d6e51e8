// What the registry keeps: an OCI image layout in a folder, written by pushes and read by pulls (oci/layout.h).
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/world.h"
#include "oci/layout.h"

namespace plinth::registry {

// The name that images of a repository have everywhere: "team/app" is "localhost/team/app", as nothing else is called so; a
// repository that begins with a host ("ghcr.io/team/app") is that host's: pods get what was pushed there under this name.
std::string whole_repository(std::string_view repository);

struct StoredManifest {
  std::string digest, subject;  // subject: the manifest that it refers to, or empty
  bool changed = false;         // the name meant something else before, or nothing
};

// Manifests that were pushed with a tag stay as long as a tag names them or an index holds them, those that were pushed by
// digest until they are deleted. Calls block and may come from several threads; changes of names fail with Conflict while
// another process or thread makes one: try again.
class ImageStore {
 public:
  static constexpr std::size_t kManifestBytesMax = 4 * 1024 * 1024;
  static constexpr Duration kGrace = std::chrono::hours(1);  // content that nothing names stays that long

  ImageStore(Disk& disk, Clock& clock, std::string folder) : disk_(disk), clock_(clock), folder_(std::move(folder)) {}

  // Makes the folders and removes uploads that a former process left.
  Result<void> open();

  // BadRequest: it is no manifest, or its digest is another. NotFound: content that it names is missing.
  Result<StoredManifest> put_manifest(std::string_view repository, std::string_view reference, std::string media_type,
                                      const std::string& content);
  // False when there is none. By digest: all tags of the repository that name it too.
  Result<bool> remove_manifest(std::string_view repository, std::string_view reference);

  Result<std::vector<std::string>> tags(std::string_view repository);  // sorted; NotFound for a repository without any manifest
  Result<std::vector<std::string>> repositories();                     // as they are spelled here, sorted
  // An index of the manifests in the repository that name `digest` as their subject.
  Result<std::string> referrers(std::string_view repository, std::string_view digest, std::string_view artifact_type);

  // Whether a blob is there; one that is asked for stays for another grace.
  Result<std::optional<std::uint64_t>> blob_size(std::string_view digest);
  std::string upload_path(std::string_view id) const { return folder_ + "/uploads/" + std::string(id); }
  // Moves a complete and synced file to its place.
  Result<void> adopt_blob(const std::string& path, std::string_view digest);

  // Removes what nothing has named for kGrace. Returns how many files went.
  Result<std::size_t> sweep();

 private:
  Result<std::vector<oci::LayoutEntry>> read_index();
  Result<void> write_index(const std::vector<oci::LayoutEntry>& entries);
  Result<std::set<std::string>> reachable(const std::vector<oci::LayoutEntry>& entries);
  void touch(std::string_view digest);

  Disk& disk_;
  Clock& clock_;
  std::string folder_;
  std::mutex mutex_;
  std::map<std::string, std::int64_t, std::less<>> unnamed_since_ns_;  // files below blobs/sha256, by name; under mutex_
};

}  // namespace plinth::registry
