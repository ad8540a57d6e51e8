// The line of a request and its Accept header, one line each: paths, queries, continue tokens, media types. No crash; what a
// server would hand out as a continue token reads back.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "fuzz/require.h"
#include "server/compressed_responder.h"
#include "server/list_options.h"
#include "server/media_type.h"
#include "server/request_info.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t line = input.find('\n');
  const std::string_view target = input.substr(0, line);
  const std::string_view accept = line == std::string_view::npos ? "" : input.substr(line + 1);
  auto info = plinth::server::parse_request_info("GET", std::string(target));
  if (info.ok()) {
    for (bool watch : {false, true}) {
      auto options = plinth::server::parse_list_options(info->query, watch);
      if (!options.ok() || options->continue_token.empty()) continue;
      auto token = plinth::server::decode_continue(options->continue_token);
      if (!token.ok()) continue;
      auto again = plinth::server::decode_continue(plinth::server::encode_continue(*token));
      REQUIRE_PROPERTY(again.ok() && again->revision == token->revision && again->start == token->start);
    }
  }
  (void)plinth::server::negotiate_object(accept, true);
  (void)plinth::server::negotiate_discovery(accept);
  (void)plinth::server::negotiate_openapi(accept);
  (void)plinth::server::accepts_gzip(accept);
  return 0;
}
