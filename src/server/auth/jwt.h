// JSON Web Tokens in compact form (RFC 7515, 7519), ES256 only. Parsing trusts nothing; who may use the claims is decided after
// the signature was verified (signing_keys.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/value.h"

namespace plinth::server::auth {

inline constexpr std::int64_t kNanosecondsPerSecond = 1'000'000'000;
inline constexpr std::size_t kJwtBytesMax = 16 * 1024;
inline constexpr std::size_t kEs256SignatureBytes = 64;

// A token that is well-formed. Nothing about it is proved.
struct ParsedJwt {
  std::string algorithm;
  std::string key_id;              // "" when the header has none
  std::string_view signing_input;  // header and claims as sent; a view of the token
  std::string signature;           // kEs256SignatureBytes
  Document claims;                 // an object
};

// Unauthorized, with a reason that holds nothing of the token. Refuses every algorithm but ES256, critical extensions,
// duplicate members, and encodings that are not canonical.
Result<ParsedJwt> parse_jwt(std::string_view token);

// The registered claims.
struct JwtClaims {
  std::string issuer, subject, id;
  std::vector<std::string> audiences;
  std::optional<std::int64_t> expiry_s, not_before_s, issued_at_s;  // seconds since the epoch
};

// Unauthorized when a registered claim has the wrong type.
Result<JwtClaims> registered_claims(const Value& claims);

// Clocks of two machines may differ by so much.
inline constexpr std::int64_t kJwtLeewaySeconds = 60;
// Unauthorized when `now_s` is outside the token's time.
Result<void> check_times(const JwtClaims& claims, std::int64_t now_s);

}  // namespace plinth::server::auth
