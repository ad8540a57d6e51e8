#include "base/yaml.h"

#include <algorithm>

#include <doctest/doctest.h>

#include "base/json.h"

namespace plinth {
namespace {

enum CaseKind { kParse, kPrint };
constexpr const char* kFails = nullptr;

struct UpstreamCase {
  CaseKind kind;
  const char* in;
  const char* out;
};

constexpr UpstreamCase kUpstreamCases[] = {
#include "base/yaml_upstream_cases.inc"
};

TEST_CASE("yaml: scalars, keys, merges, aliases and styles are upstream's") {
  for (const UpstreamCase& c : kUpstreamCases) {
    std::string in = c.in;
    CAPTURE(in);
    if (c.kind == kPrint) {
      auto value = parse_json(in);
      CHECK(to_yaml(value->root()) == std::string(c.out));
      auto again = parse_yaml(to_yaml(value->root()));
      REQUIRE(again.ok());
      CHECK(equal(again->root(), value->root()));
      continue;
    }
    std::vector<std::string> duplicates;
    auto doc = parse_yaml(c.in, {.duplicates = &duplicates});
    if (c.out == kFails) {
      CHECK_FALSE(doc.ok());
      continue;
    }
    std::string message = doc.ok() ? "" : doc.error().message();
    CAPTURE(message);
    REQUIRE(doc.ok());
    CAPTURE(to_json(doc->root()));
    std::string out = c.out;
    CAPTURE(out);
    CHECK(equal(doc->root(), parse_json(c.out)->root()));
  }
}

}  // namespace
}  // namespace plinth
