// A JSONPath of a CustomResourceDefinition and an object, one line each: no crash, results of bounded number that all lie in
// the object's reach, and the same ones every time.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "api/json_path.h"
#include "base/json.h"
#include "fuzz/require.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t line = input.find('\n');
  auto path = plinth::api::JsonPath::compile(input.substr(0, line));
  if (!path.ok()) return 0;
  REQUIRE_PROPERTY(line != std::string_view::npos ? line <= plinth::api::kJsonPathTextMax
                                                  : size <= plinth::api::kJsonPathTextMax);
  auto object = plinth::parse_json(line == std::string_view::npos ? "{}" : input.substr(line + 1), {.depth_max = 64});
  if (!object.ok()) return 0;
  const auto found = path->find(object->root());
  REQUIRE_PROPERTY(found.size() <= plinth::api::kJsonPathResultsMax);
  const auto again = path->find(object->root());
  REQUIRE_PROPERTY(found == again);
  REQUIRE_PROPERTY(path->first(object->root()) == (found.empty() ? nullptr : found.front()));
  for (const plinth::Value* value : found) (void)plinth::to_json(*value);
  return 0;
}
