// Patches from outside, [object, patch] in one text: no crash, and the object patched stays as it was.
#include <cstddef>
#include <cstdint>

#include "api/json_patch.h"
#include "api/merge_patch.h"
#include "base/json.h"
#include "fuzz/require.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto input = plinth::parse_json({reinterpret_cast<const char*>(data), size}, {.depth_max = 64});
  if (!input.ok() || input->root().size() != 2 || !input->root().is_array()) return 0;
  plinth::Document object = input->at(input->root().items()[0]), patch = input->at(input->root().items()[1]);
  std::string before = plinth::to_json(input->root());
  if (auto out = plinth::api::json_patch(object, patch); out.ok()) (void)plinth::to_json(out->root());
  if (auto out = plinth::api::merge_patch(object, patch); out.ok()) (void)plinth::to_json(out->root());
  REQUIRE_PROPERTY(plinth::to_json(input->root()) == before);
  return 0;
}
