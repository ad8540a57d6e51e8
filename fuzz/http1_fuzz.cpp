// HTTP/1.1 requests from outside: no crash, limits hold, and how the bytes are cut into pieces does not matter.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "fuzz/require.h"
#include "net/http1_parser.h"

namespace {

constexpr std::size_t kHeaderBytesMax = 512;
constexpr std::size_t kBodyBytesMax = 256;

std::vector<std::string> parse_all(std::string_view text, std::size_t piece) {
  std::vector<std::string> requests;
  plinth::net::Http1RequestParser parser(kHeaderBytesMax, kBodyBytesMax);
  std::string kept;
  for (std::size_t at = 0; at < text.size(); at += piece) {
    kept += text.substr(at, piece);
    while (!kept.empty()) {
      const std::size_t used = parser.feed(kept);
      REQUIRE_PROPERTY(used <= kept.size());
      kept.erase(0, used);
      if (parser.error()) {
        REQUIRE_PROPERTY(parser.error()->code() >= 400 && parser.error()->code() < 600);
        return requests;
      }
      if (parser.complete()) {
        const plinth::net::HttpRequest request = parser.take();
        REQUIRE_PROPERTY(request.body.size() <= kBodyBytesMax);
        REQUIRE_PROPERTY(request.target.size() <= 2 * kHeaderBytesMax);
        std::string line = request.method + " " + request.target + " " + request.host + "\n";
        for (const auto& [name, value] : request.headers.entries()) line += name + ":" + value + "\n";
        requests.push_back(line + request.body);
      } else if (used == 0) {
        break;
      }
    }
  }
  return requests;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto whole = parse_all(text, text.size());
  const auto pieces = parse_all(text, 1 + data[0] % 40u);
  // Pieces may wait for a line's end where the whole shows at once that it is wrong, and what is waited for can break a limit
  // that the whole just keeps; what both understood is equal.
  for (std::size_t i = 0; i < std::min(whole.size(), pieces.size()); ++i) REQUIRE_PROPERTY(whole[i] == pieces[i]);
  return 0;
}
