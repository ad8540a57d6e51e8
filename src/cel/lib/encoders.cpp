// base64.encode and base64.decode.
#include "base/base64.h"
#include "cel/lib/libraries.h"
#include "cel/lib/parts.h"

namespace plinth::cel {
namespace {

Value encode(CallContext& context, Args args) { return context.string(base64_encode(args[0].as_string())); }

// With or without padding.
Value decode(CallContext& context, Args args) {
  std::string_view text = args[0].as_string();
  auto bytes = base64_decode(text);
  if (!bytes) bytes = base64_decode(text, Base64::kStandard, Base64Padding::kUnpadded);
  if (!bytes) return context.error("illegal base64 data");
  return Value::bytes(context.memory.copy(*bytes));
}

}  // namespace

Library encoders_library() {
  Library l("encoders");
  l.global("base64.decode", "base64_decode_string", {Type::string()}, Type::bytes(), decode).with_cost(cost_of_first);
  l.global("base64.encode", "base64_encode_bytes", {Type::bytes()}, Type::string(), encode).with_cost(cost_of_first);
  return l;
}

}  // namespace plinth::cel
