// The format of container logs: "<RFC3339Nano> stdout|stderr P|F <text>\n". A line that is too long for one entry comes in
// parts, all "P" but the last one, "F".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace plinth::node {

struct LogEntry {
  std::string_view time;  // as it is written
  bool error_output = false;
  bool partial = false;   // more of the line follows
  std::string_view text;  // without line end
};

// Of one line without its line end; nothing when it is not of this format.
std::optional<LogEntry> parse_log_entry(std::string_view line);

}  // namespace plinth::node
