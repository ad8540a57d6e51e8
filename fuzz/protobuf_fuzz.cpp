// Protobuf bodies from outside: no crash, what was decoded is an object of its kind, and what is written of it is read as the
// same again. The first byte picks the kind.
#include <cstddef>
#include <cstdint>
#include <string>

#include "api/decode.h"
#include "api/default.h"
#include "api/kind.h"
#include "api/protobuf.h"
#include "api/protobuf_encoder.h"
#include "api/validate.h"
#include "base/json.h"
#include "fuzz/require.h"

namespace {

std::string encoded(const plinth::Value& object, const plinth::api::Schema& schema) {
  std::string out;
  plinth::api::ProtobufEncoder().message(object, schema, out);
  return out;
}

}  // namespace

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
  const std::string written = encoded(document->root(), *version.schema);
  const auto again = decode_protobuf({"v1", "K", written, ""}, *version.schema);
  REQUIRE_PROPERTY(again.ok());
  REQUIRE_PROPERTY(encoded(again->root(), *version.schema) == written);
  // Numbers of type double may be NaN or infinite, which JSON cannot say.
  plinth::Draft draft(*document);
  const auto done = decode(draft, {version.schema, "K", "v1"}, FieldValidation::kStrict);
  REQUIRE_PROPERTY(done.ok());
  apply_defaults(draft, draft.root(), *version.schema);
  (void)validate(*version.schema, draft.root());
  return 0;
}
