// Schemas of CRDs from outside: checking never crashes; what is accepted compiles, and pruning and defaulting by it settle at
// once.
#include <cstddef>
#include <cstdint>

#include "api/crd_schema.h"
#include "api/decode.h"
#include "api/default.h"
#include "api/kind.h"
#include "api/prune.h"
#include "api/validate.h"
#include "base/json.h"
#include "fuzz/require.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace plinth::api;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto parsed = plinth::parse_json(text, {.depth_max = 64});
  if (!parsed.ok() || !parsed->root().is_object()) return 0;
  plinth::Draft draft(*parsed);
  if (!decode_builtin(draft, draft.root(), *builtin_type("apiextensions.v1.JSONSchemaProps")).ok()) return 0;
  const plinth::Document schema = std::move(draft).finish();
  if (!check_crd_schema(schema, "s", (size & 1) != 0).empty()) return 0;
  const CompiledSchemaPtr compiled = compile_schema(schema);
  // The text itself serves as an object of the kind.
  plinth::Draft object(*parsed);
  prune(object, object.root(), compiled->root());
  apply_defaults(object, object.root(), compiled->root());
  const std::string once = plinth::to_json(object.root());
  prune(object, object.root(), compiled->root());
  apply_defaults(object, object.root(), compiled->root());
  REQUIRE_PROPERTY(plinth::to_json(object.root()) == once);
  (void)validate(compiled->root(), object.root(), {&object.root(), &compiled->patterns()});
  return 0;
}
