// A container's log as `kubectl logs` reads it, whatever a container has put there: no crash, no more text than the file has,
// and the same text whether the file is read at once or as it grows.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "fuzz/require.h"
#include "node/host/memory_files.h"
#include "node/logs/cri_log.h"
#include "node/logs/log_reader.h"
#include "node/logs/log_tail.h"

namespace {

std::string read_all(plinth::node::LogReader& reader) {
  std::string out;
  do {
    auto text = reader.next();
    REQUIRE_PROPERTY(text.ok());
    out += *text;
  } while (!reader.at_end() && !reader.full());
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view log(reinterpret_cast<const char*>(data) + 2, size - 2);
  plinth::node::LogOptions options;
  if (data[0] & 1) options.tail_lines = data[1];
  if (data[0] & 2) options.limit_bytes = data[1];
  if (data[0] & 4) options.since_ns = std::int64_t{data[1]} * 1'000'000'000;
  if (data[0] & 8) options.error_output = (data[1] & 1) != 0;
  plinth::node::MemoryFiles files;
  REQUIRE_PROPERTY(files.write("/log", log, 0600).ok());
  plinth::node::LogReader whole(files, "/log", options);
  const std::string text = read_all(whole);
  // A line of the file becomes at most its own text and a line end.
  REQUIRE_PROPERTY(text.size() <= log.size());
  if (options.limit_bytes) REQUIRE_PROPERTY(text.size() <= data[1]);
  REQUIRE_PROPERTY(plinth::node::last_log_text(files, "/log", 80, 2048)->size() <= 2048);
  if (options.tail_lines) return 0;  // where the tail begins depends on what is there
  plinth::node::MemoryFiles growing;
  REQUIRE_PROPERTY(growing.write("/log", log.substr(0, log.size() / 2), 0600).ok());
  plinth::node::LogReader follower(growing, "/log", options);
  std::string followed = read_all(follower);
  REQUIRE_PROPERTY(growing.append("/log", log.substr(log.size() / 2), 0600).ok());
  if (!follower.full()) followed += read_all(follower);
  REQUIRE_PROPERTY(followed == text);
  return 0;
}
