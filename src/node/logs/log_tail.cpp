#include "node/logs/log_tail.h"

#include "base/text.h"
#include "node/logs/cri_log.h"

namespace plinth::node {

Result<std::uint64_t> tail_offset(HostFiles& files, const std::string& path, std::uint64_t lines) {
  constexpr std::uint64_t kBlock = 64 * 1024;
  const auto info = TRY(files.info(path, true));
  if (!info) return std::uint64_t{0};
  std::uint64_t at = info->size, found = 0;
  if (lines == 0) return at;
  bool last_byte = true;
  while (at > 0) {
    const std::uint64_t begin = at > kBlock ? at - kBlock : 0;
    const std::string block = TRY(files.read(path, begin, at - begin));
    for (std::size_t i = block.size(); i-- > 0;) {
      // The line end of the last line does not begin another one.
      if (block[i] == '\n' && !std::exchange(last_byte, false) && ++found == lines) return begin + i + 1;
      last_byte = false;
    }
    at = begin;
  }
  return std::uint64_t{0};
}

Result<std::string> last_log_text(HostFiles& files, const std::string& path, std::size_t lines, std::size_t bytes_max) {
  constexpr std::size_t kReadMax = 256 * 1024;
  const auto info = TRY(files.info(path, true));
  if (!info) return std::string();
  std::uint64_t begin = TRY(tail_offset(files, path, lines));
  if (info->size - begin > kReadMax) begin = info->size - kReadMax;
  const std::string raw = TRY(files.read(path, begin, kReadMax));
  std::string text;
  for (const std::string_view line : split(raw, '\n')) {
    const auto entry = parse_log_entry(line);
    if (!entry) continue;
    text += entry->text;
    if (!entry->partial) text += '\n';
  }
  if (text.size() > bytes_max) text.erase(0, text.size() - bytes_max);
  return text;
}

}  // namespace plinth::node
