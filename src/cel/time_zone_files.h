// Time zones out of zoneinfo files (RFC 9636), read through a function so that no disk is touched here.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>

#include "cel/time.h"

namespace plinth::cel {

class TimeZoneFiles final : public TimeZones {
 public:
  // The bytes of a zone's file by its name ("Europe/Zurich"); empty when there is none. Called with names that are safe as a
  // relative path only.
  using Reader = std::function<std::optional<std::string>(const std::string& name)>;
  // Zones kept in memory; others are read again each time.
  static constexpr std::size_t kZonesMax = 64;

  explicit TimeZoneFiles(Reader reader) : reader_(std::move(reader)) {}
  std::optional<std::int64_t> offset_seconds(std::string_view name, std::int64_t unix_seconds) const override;

 private:
  Reader reader_;
  mutable std::mutex mutex_;
  mutable std::map<std::string, std::string, std::less<>> files_;  // guarded by mutex_
};

// Seconds east of UTC by the bytes of a zoneinfo file; empty when it is malformed.
std::optional<std::int64_t> zone_file_offset(std::string_view file, std::int64_t unix_seconds);

}  // namespace plinth::cel
