// What volumes and snapshots there are: one directory for each below the driver's state, with the image and a record of it.
//
//   volumes/<id>/image, record.json        snapshots/<id>/image, record.json
//
// A directory is made under a name that starts with ".new-" and renamed when it is complete; it is renamed to ".gone-" before
// it is removed. So a crash leaves whole entries, and such names, which open() removes.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/world.h"

namespace plinth::csi_driver {

struct VolumeRecord {
  std::string id;
  std::string name;  // that the caller gave it: one volume for each
  std::int64_t bytes = 0;
  std::string fs_type;                         // "": a raw device
  std::string source_volume, source_snapshot;  // at most one
  bool block() const { return fs_type.empty(); }
};

struct SnapshotRecord {
  std::string id;
  std::string name;
  std::string source_volume;
  std::int64_t bytes = 0;
  std::string fs_type;
  std::int64_t created_ns = 0;
};

// Thread-safe. Changes are durable when a call returns.
class VolumeBook {
 public:
  static Result<std::unique_ptr<VolumeBook>> open(Disk& disk, std::string directory);

  std::optional<VolumeRecord> volume(const std::string& id) const;
  std::optional<VolumeRecord> volume_named(const std::string& name) const;
  std::vector<VolumeRecord> volumes() const;  // by id
  std::optional<SnapshotRecord> snapshot(const std::string& id) const;
  std::optional<SnapshotRecord> snapshot_named(const std::string& name) const;
  std::vector<SnapshotRecord> snapshots() const;

  std::string volume_image(const std::string& id) const;
  std::string snapshot_image(const std::string& id) const;

  // Where an entry is prepared: an empty directory; its image is "image" in it. keep() makes it an entry, drop() removes it.
  Result<std::string> prepare(const std::string& id);
  Result<void> keep(const VolumeRecord& record);
  Result<void> keep(const SnapshotRecord& record);
  void drop(const std::string& id);

  Result<void> resize(const std::string& id, std::int64_t bytes);
  Result<void> remove_volume(const std::string& id);
  Result<void> remove_snapshot(const std::string& id);

  const std::string& directory() const { return directory_; }

 private:
  VolumeBook(Disk& disk, std::string directory) : disk_(disk), directory_(std::move(directory)) {}
  Result<void> load();
  Result<void> load_kind(const std::string& kind);
  Result<void> publish(const std::string& id, const std::string& kind, const std::string& record);
  Result<std::string> set_aside(const std::string& kind, const std::string& id);

  Disk& disk_;
  const std::string directory_;
  mutable std::mutex mutex_;
  // Guarded by mutex_:
  std::map<std::string, VolumeRecord> volumes_;
  std::map<std::string, SnapshotRecord> snapshots_;
};

}  // namespace plinth::csi_driver
