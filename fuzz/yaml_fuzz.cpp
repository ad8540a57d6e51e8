// YAML text from outside: no crash, no endless expansion, and what was read prints as YAML and JSON that reads the same.
#include <cstddef>
#include <cstdint>

#include "base/json.h"
#include "base/yaml.h"
#include "fuzz/require.h"

namespace {

void check(const plinth::Document& doc) {
  // The first printing may turn doubles into integers of the same text; from then on nothing changes.
  auto again = plinth::parse_yaml(plinth::to_yaml(doc.root()));
  REQUIRE_PROPERTY(again.ok());
  auto third = plinth::parse_yaml(plinth::to_yaml(again->root()));
  REQUIRE_PROPERTY(third.ok());
  REQUIRE_PROPERTY(plinth::equal(again->root(), third->root()));
  // Bytes of !!binary that are no UTF-8 change in JSON, so only that it reads.
  REQUIRE_PROPERTY(plinth::parse_json(plinth::to_json(doc.root())).ok());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  plinth::YamlParseOptions options{.depth_max = 64, .alias_nodes_max = 1000};
  auto one = plinth::parse_yaml(text, options);
  if (one.ok()) check(*one);
  auto all = plinth::parse_yaml_stream(text, options);
  if (!all.ok()) return 0;
  for (const plinth::Document& doc : *all) check(doc);
  return 0;
}
