// What a YAML scalar means by the rules of go-yaml v2, which Kubernetes' clients and servers use: YAML 1.1 booleans and
// integers, no base 60, time stamps kept as text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace plinth {

struct YamlScalar {
  enum class Kind : std::uint8_t { kNull, kBool, kInt, kUint, kFloat, kString, kTimestamp };
  Kind kind = Kind::kString;
  bool boolean = false;
  std::int64_t integer = 0;
  std::uint64_t unsigned_integer = 0;  // kUint: past int64
  double number = 0;                   // may be infinite or not-a-number
  std::string bytes;                   // kString of a !!binary scalar; otherwise the text itself is the value
  bool has_bytes = false;
};

// A plain (unquoted, untagged) scalar.
YamlScalar resolve_plain_scalar(std::string_view text);
// A scalar with an explicit tag ("tag:yaml.org,2002:int"); unknown tags make strings. Errors say that the text does not fit.
Result<YamlScalar> resolve_tagged_scalar(std::string_view tag, std::string_view text);

}  // namespace plinth
