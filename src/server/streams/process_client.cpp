#include "server/streams/process_client.h"

#include <fmt/format.h>

#include "base/json.h"
#include "server/status.h"

namespace plinth::server {

std::string process_end_status(const Result<std::int32_t>& exit_code) {
  if (!exit_code.ok()) return status_json(exit_code.error());
  if (*exit_code == 0) return R"({"metadata":{},"status":"Success"})";
  return fmt::format(
      R"({{"metadata":{{}},"status":"Failure","message":"command terminated with non-zero exit code: exit status {0}",)"
      R"("reason":"NonZeroExitCode","details":{{"causes":[{{"reason":"ExitCode","message":"{0}"}}]}}}})",
      *exit_code);
}

std::string process_end_text(const Result<std::int32_t>& exit_code) {
  if (!exit_code.ok()) return std::string(exit_code.error().message());
  return *exit_code == 0 ? "" : fmt::format("command terminated with non-zero exit code: exit status {}", *exit_code);
}

Result<TerminalSize> parse_terminal_size(std::string_view json) {
  const Document size = TRY(parse_json(std::string(json)));
  const std::int64_t width = size["Width"].as_int(), height = size["Height"].as_int();
  if (width < 0 || width > 65535 || height < 0 || height > 65535)
    return bad_request("a terminal's Width and Height are 0 to 65535");
  return TerminalSize{static_cast<std::uint16_t>(width), static_cast<std::uint16_t>(height)};
}

}  // namespace plinth::server
