// Protobuf bodies from outside: no crash, and what was decoded is an object of its kind. The first byte picks the kind.
#include <cstddef>
#include <cstdint>

#include "api/decode.h"
#include "api/default.h"
#include "api/kind.h"
#include "api/protobuf.h"
#include "api/validate.h"
#include "base/json.h"
#include "fuzz/require.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace plinth::api;
  if (size == 0) return 0;
  std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
  (void)open_protobuf(body).ok();
  const auto kinds = builtin_kinds();
  const KindVersion& version = kinds[data[0] % kinds.size()].versions[0];
  const auto document = decode_protobuf({"v1", "K", body, ""}, *version.schema);
  if (!document.ok()) {
    REQUIRE_PROPERTY(document.error().reason() == plinth::Reason::kBadRequest);
    return 0;
  }
  // Numbers of type double may be NaN or infinite, which JSON cannot say.
  plinth::Draft draft(*document);
  const auto done = decode(draft, {version.schema, "K", "v1"}, FieldValidation::kStrict);
  REQUIRE_PROPERTY(done.ok());
  apply_defaults(draft, draft.root(), *version.schema);
  (void)validate(*version.schema, draft.root());
  return 0;
}
