// Quantities: no crash, a canonical text stays as it is and keeps its value.
#include <cstddef>
#include <cstdint>
#include <string>

#include "api/quantity.h"
#include "fuzz/require.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using plinth::api::Quantity;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto parsed = Quantity::parse(text);
  std::string canonical(text);
  const auto changed = plinth::api::canonical_quantity(text, canonical);
  REQUIRE_PROPERTY(parsed.ok() == changed.ok() || text == "0");
  if (!parsed.ok()) return 0;
  const std::string printed = parsed->text();
  // From 1000E on upstream prints no suffix, so that the text says another value: nothing more to hold there.
  const auto limit = Quantity::parse("999E").value();
  if (parsed->format() == Quantity::Format::kDecimalSi && (parsed->compare(limit) > 0 || parsed->negated().compare(limit) > 0))
    return 0;
  const auto again = Quantity::parse(printed);
  REQUIRE_PROPERTY(again.ok());
  REQUIRE_PROPERTY(again->compare(*parsed) == 0);
  REQUIRE_PROPERTY(again->text() == printed);
  REQUIRE_PROPERTY((*parsed + parsed->negated()).is_zero());
  REQUIRE_PROPERTY((*parsed - *parsed).compare(Quantity()) == 0);
  return 0;
}
