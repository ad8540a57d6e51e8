// JSON text from outside: no crash, faults have an offset, and what was read prints as what reads the same.
#include <cstddef>
#include <cstdint>

#include "base/json.h"
#include "fuzz/require.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  std::vector<std::string> duplicates;
  auto doc = plinth::parse_json(text, {.depth_max = 64, .duplicates = &duplicates});
  if (!doc.ok()) {
    // The scanner explains every text that the parser refuses.
    REQUIRE_PROPERTY(doc.error().message().find("byte offset") != std::string::npos);
    return 0;
  }
  // The first printing may turn doubles into integers of the same text (1e18, -0.0); from then on nothing changes.
  auto again = plinth::parse_json(plinth::to_json(doc->root()));
  REQUIRE_PROPERTY(again.ok());
  std::string compact = plinth::to_json(again->root());
  auto third = plinth::parse_json(compact);
  REQUIRE_PROPERTY(third.ok());
  REQUIRE_PROPERTY(plinth::equal(again->root(), third->root()));
  REQUIRE_PROPERTY(plinth::to_json(third->root()) == compact);
  auto pretty = plinth::parse_json(plinth::to_pretty_json(again->root()));
  REQUIRE_PROPERTY(pretty.ok());
  REQUIRE_PROPERTY(plinth::equal(again->root(), pretty->root()));
  return 0;
}
