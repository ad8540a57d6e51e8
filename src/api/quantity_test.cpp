#include "api/quantity.h"

#include <limits>

#include <doctest/doctest.h>

namespace plinth::api {
namespace {

std::string kept(std::string_view text) {
  std::string out(text);
  const auto changed = canonical_quantity(text, out);
  return changed.ok() ? out : "error: " + changed.error().message();
}

}  // namespace

// Recorded from k8s.io/apimachinery v0.37.2: text, JSON form after a round trip, Value(), MilliValue().
TEST_CASE("quantities take the form that a built-in kind returns") {
  struct Case {
    std::string_view in, out;
    std::int64_t value, milli;
  };
  static constexpr Case kCases[] = {
      {"0.5", "500m", 1, 500},
      {"1000m", "1", 1, 1000},
      {"1024Mi", "1Gi", 1073741824, 1073741824000},
      {"1.5Gi", "1536Mi", 1610612736, 1610612736000},
      {"1.500", "1.500", 2, 1500},
      {"+5", "+5", 5, 5000},
      {"005", "005", 5, 5000},
      {"-1.5", "-1500m", -2, -1500},
      {"1e3", "1e3", 1000, 1000000},
      {"1E3", "1E3", 1000, 1000000},
      {"12e2", "1200", 1200, 1200000},
      {"1e-3", "1e-3", 1, 1},
      {"0.0000000001", "1n", 1, 1},
      {"-0.0000000001", "-1n", -1, -1},
      {"1n", "1n", 1, 1},
      {"1u", "1u", 1, 1},
      {"1.0000000001", "1000000001n", 2, 1001},
      {"0Ki", "0", 0, 0},
      {"0.5Ki", "512", 512, 512000},
      {"0.0001Ki", "102400u", 1, 103},
      {"1025Mi", "1025Mi", 1074790400, 1074790400000},
      {"512", "512", 512, 512000},
      {"512Ki", "512Ki", 524288, 524288000},
      {"2048", "2048", 2048, 2048000},
      {"2048Ki", "2Mi", 2097152, 2097152000},
      {"1.234k", "1.234k", 1234, 1234000},
      {"100k", "100k", 100000, 100000000},
      {"1000k", "1M", 1000000, 1000000000},
      {"1000000", "1M", 1000000, 1000000000},
      {"1500000", "1500k", 1500000, 1500000000},
      {"k", "0", 0, 0},
      {".", "0", 0, 0},
      {"1.", "1.", 1, 1000},
      {".5", "500m", 1, 500},
      {"-", "0", 0, 0},
      {"0", "0", 0, 0},
      {"00", "0", 0, 0},
      {"-0", "0", 0, 0},
      {"1Ki", "1Ki", 1024, 1024000},
      {"1048576Ki", "1Gi", 1073741824, 1073741824000},
      {"3.141592653589793238", "3141592654n", 4, 3142},
      {"0.1", "100m", 1, 100},
      {"0.10", "100m", 1, 100},
      {"1.100", "1.100", 2, 1100},
      {"1e7", "10e6", 10000000, 10000000000},
      {"5E", "5E", 5000000000000000000, std::numeric_limits<std::int64_t>::max()},
      {"1Ei", "1Ei", 1152921504606846976, std::numeric_limits<std::int64_t>::max()},
      {"9Ei", "9223372036854775807", std::numeric_limits<std::int64_t>::max(), std::numeric_limits<std::int64_t>::max()},
      {"9223372036854775807Ki", "9223372036854775807", std::numeric_limits<std::int64_t>::max(),
       std::numeric_limits<std::int64_t>::max()},
      {"1e100", "10e99", std::numeric_limits<std::int64_t>::max(), std::numeric_limits<std::int64_t>::max()},
      {"123456789012345678901234567890", "123456789012345678901234567890", std::numeric_limits<std::int64_t>::max(),
       std::numeric_limits<std::int64_t>::max()},
  };
  for (const Case& c : kCases) {
    CAPTURE(c.in);
    CHECK(kept(c.in) == c.out);
    const auto parsed = Quantity::parse(c.in);
    REQUIRE(parsed.ok());
    CHECK(parsed->value() == c.value);
    CHECK(parsed->milli_value() == c.milli);
  }
}

TEST_CASE("what is no quantity is refused in upstream's words") {
  static constexpr std::string_view kForm =
      "error: quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
  for (std::string_view text : {"", "abc", "1x", "1.5.5", " 1", "1 Gi"}) {
    CAPTURE(text);
    CHECK(kept(text) == kForm);
  }
  CHECK(kept("1kk") == "error: unable to parse quantity's suffix");
  CHECK(kept("1e") == "error: unable to parse quantity's suffix");
  CHECK(kept("1e99999999999") == "error: unable to parse quantity's suffix");
  CHECK(kept(std::string(60, '9')) == "error: unable to parse numeric part of quantity");
}

TEST_CASE("quantities compare by value across families") {
  const auto q = [](std::string_view text) { return Quantity::parse(text).value(); };
  CHECK(q("1Gi").compare(q("1G")) > 0);
  CHECK(q("1000m").compare(q("1")) == 0);
  CHECK(q("1e3").compare(q("1k")) == 0);
  CHECK(q("-1").compare(q("1n")) < 0);
  CHECK(q("-2").compare(q("-1")) < 0);
  CHECK(q("1e100").compare(q("1n")) > 0);
  CHECK(q("0").compare(q("0Ki")) == 0);
  CHECK(q("999m").compare(q("1")) < 0);
}

TEST_CASE("sums are exact and keep the family of the left side") {
  const auto sum = [](std::string_view a, std::string_view b) {
    return (Quantity::parse(a).value() + Quantity::parse(b).value()).text();
  };
  CHECK(sum("100m", "0.9") == "1");
  CHECK(sum("1Gi", "512Mi") == "1536Mi");
  CHECK(sum("1G", "1Mi") == "1001048576");
  CHECK(sum("0", "1Ki") == "1Ki");
  CHECK(sum("1", "-1") == "0");
  CHECK(sum("1n", "1n") == "2n");
  CHECK((Quantity::parse("1").value() - Quantity::parse("300m").value()).text() == "700m");
  CHECK(Quantity(3, Quantity::Format::kDecimalSi).text() == "3");
}

}  // namespace plinth::api
