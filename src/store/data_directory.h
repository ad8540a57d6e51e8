// The folder of a store: which format it has, and that one process has it.
//
//   FORMAT          "plinth-store 1\n", written last when the folder is made
//   LOCK            held while a process uses the folder
//   secrets.keys    the data keys (secrets.h)
//   log/            segments
//   snapshots/      snapshot files, named by revision
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "base/world.h"

namespace plinth::store {

inline constexpr int kDataFormat = 1;

class DataDirectory {
 public:
  // Makes the folder when it is absent. Conflict when another process has it; an error when its format is newer.
  static Result<DataDirectory> open(Disk& disk, const std::string& path);
  // Whether this program may touch the folder at all; looks, and changes nothing.
  static Result<void> check_format(Disk& disk, const std::string& path);
  bool fresh() const { return fresh_; }
  // Writes FORMAT: from now on the folder's content counts.
  Result<void> mark_complete();

  std::string log_path() const { return path_ + "/log"; }
  std::string snapshots_path() const { return path_ + "/snapshots"; }

 private:
  DataDirectory(Disk& disk, std::string path) : disk_(&disk), path_(std::move(path)) {}
  Result<void> read_format();

  Disk* disk_;
  std::string path_;
  std::unique_ptr<FileLock> lock_;
  bool fresh_ = false;
};

}  // namespace plinth::store
