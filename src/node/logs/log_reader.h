// Reads a container's log for `kubectl logs`: a piece at a time, only what was asked for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "node/host/host_files.h"

namespace plinth::node {

struct LogOptions {
  bool timestamps = false;
  std::optional<std::int64_t> since_ns;
  std::optional<std::uint64_t> tail_lines, limit_bytes;
  std::optional<bool> error_output;  // only that stream
};

// Not thread-safe; calls block and come one after the other (on a pool).
class LogReader {
 public:
  static constexpr std::size_t kReadBytes = 64 * 1024;

  LogReader(HostFiles& files, std::string path, LogOptions options)
      : files_(files), path_(std::move(path)), options_(std::move(options)) {}

  // What comes next, possibly nothing yet. Whole lines of the file only: one that is still being written waits. A file that has
  // become shorter was rotated: the new one is read from its beginning.
  Result<std::string> next();
  // Nothing more was there at the last next(); more may come.
  bool at_end() const { return at_end_; }
  // The limit of bytes is reached.
  bool full() const { return options_.limit_bytes && *options_.limit_bytes == 0; }

 private:
  void take_line(std::string_view line, std::string& out);

  HostFiles& files_;
  std::string path_;
  LogOptions options_;
  std::optional<std::uint64_t> offset_;
  std::string rest_;  // of a line whose end was not there yet
  bool at_end_ = false, in_line_ = false;
};

}  // namespace plinth::node
