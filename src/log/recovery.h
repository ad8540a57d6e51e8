// Reads a log's segments back: which groups count, where the writer goes on, and whether anything is damaged.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "log/log.h"
#include "log/segment.h"

namespace plinth::log {

// Used once, by Log::open.
class Recoverer {
 public:
  Recoverer(Log& log, std::uint64_t covered_sequence, const Log::Visit& visit, Recovery& recovery);
  Result<void> run();

 private:
  struct Found {
    std::uint64_t number = 0;
    std::shared_ptr<Segment> segment;  // null: the header is not whole
    std::string path;
  };
  Result<void> find_segments();
  Result<Found> inspect(std::uint64_t number);
  void drop_before_gap();
  Result<void> read_segment(const Found& found);
  Result<void> read_groups(const Found& found);
  Result<std::string_view> bytes_at(std::uint64_t at, std::uint64_t wanted);
  Result<bool> next_group(const Segment& segment, std::uint64_t at, GroupHeader& header);
  Result<void> stop_at(const Found& found, std::uint64_t at);
  Result<bool> later_group(std::uint64_t from, std::uint64_t segment_id);
  Error damage(const std::string& path, std::uint64_t at, const std::string& what) const;
  Result<void> settle();
  Result<void> begin_fresh();

  Log& log_;
  const std::uint64_t covered_sequence_;
  const Log::Visit& visit_;
  Recovery& recovery_;
  std::vector<Found> found_;
  std::vector<std::string> leftovers_;  // files to remove
  File* file_ = nullptr;                // of the segment being read
  std::uint64_t file_bytes_ = 0;
  std::string bytes_;  // its first ones, as far as they were needed
  std::shared_ptr<Segment> active_;
  std::uint64_t position_ = kFirstGroupOffset;
  std::uint64_t last_at_ = kFirstGroupOffset;
  std::string last_group_;
  bool torn_ = false;
};

}  // namespace plinth::log
