#include "node/logs/log_reader.h"

#include <algorithm>

#include "base/time_text.h"
#include "node/logs/cri_log.h"
#include "node/logs/log_tail.h"

namespace plinth::node {

// Lines that are longer than any that a runtime writes are broken: they are dropped rather than kept.
constexpr std::size_t kLineBytesMax = 256 * 1024;

Result<std::string> LogReader::next() {
  std::string out;
  const auto info = TRY(files_.info(path_, true));
  if (!info) {
    at_end_ = true;
    return out;
  }
  if (!offset_) offset_ = options_.tail_lines ? TRY(tail_offset(files_, path_, *options_.tail_lines)) : 0;
  if (info->size < *offset_) {
    offset_ = 0;
    rest_.clear();
  }
  const std::string raw = TRY(files_.read(path_, *offset_, kReadBytes));
  *offset_ += raw.size();
  at_end_ = raw.size() < kReadBytes;
  rest_ += raw;
  std::size_t begin = 0;
  for (std::size_t end; (end = rest_.find('\n', begin)) != std::string::npos && !full(); begin = end + 1)
    take_line(std::string_view(rest_).substr(begin, end - begin), out);
  rest_.erase(0, begin);
  if (rest_.size() > kLineBytesMax) rest_.clear();
  return out;
}

void LogReader::take_line(std::string_view line, std::string& out) {
  const auto entry = parse_log_entry(line);
  if (!entry) return;
  if (options_.error_output && entry->error_output != *options_.error_output) return;
  if (options_.since_ns) {
    const auto time = parse_rfc3339(entry->time);
    if (time && time->wall_ns() < *options_.since_ns) return;
  }
  std::string text;
  // A line that comes in parts has one time.
  if (options_.timestamps && !in_line_) text = std::string(entry->time) + " ";
  text += entry->text;
  if (!entry->partial) text += '\n';
  in_line_ = entry->partial;
  if (options_.limit_bytes) {
    if (text.size() > *options_.limit_bytes) text.resize(*options_.limit_bytes);
    *options_.limit_bytes -= text.size();
  }
  out += text;
}

}  // namespace plinth::node
