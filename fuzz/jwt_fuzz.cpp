// A bearer token from outside: no crash; what is taken for a JWT is ES256, spelled in one way only, and never proved by itself.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/json.h"
#include "fuzz/require.h"
#include "server/auth/authenticator.h"
#include "server/auth/base64url.h"
#include "server/auth/bootstrap_tokens.h"
#include "server/auth/jwt.h"
#include "server/auth/service_account_tokens.h"

using namespace plinth;
using namespace plinth::server::auth;

namespace {

void check_claims(const ParsedJwt& token) {
  const auto registered = registered_claims(token.claims.root());
  const auto account = service_account_claims(token.claims.root());
  if (!account.ok()) return;
  REQUIRE_PROPERTY(registered.ok());
  // What we would write for these claims reads back as the same.
  const auto again = parse_json(claims_json(*account));
  REQUIRE_PROPERTY(again.ok());
  const auto same = service_account_claims(again->root());
  REQUIRE_PROPERTY(same.ok());
  REQUIRE_PROPERTY(same->account.name == account->account.name && same->account.uid == account->account.uid);
  REQUIRE_PROPERTY(same->registered.audiences == account->registered.audiences);
  REQUIRE_PROPERTY(same->pod.has_value() == account->pod.has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string_view bearer = bearer_token(text);
  REQUIRE_PROPERTY(bearer.find(' ') == std::string_view::npos);
  const auto bootstrap = parse_bootstrap_token(text);
  REQUIRE_PROPERTY(!bootstrap || text.size() == 23);

  const auto token = parse_jwt(text);
  if (!token.ok()) {
    REQUIRE_PROPERTY(token.error().reason() == Reason::kUnauthorized);
    return 0;
  }
  REQUIRE_PROPERTY(token->algorithm == "ES256");
  REQUIRE_PROPERTY(text.size() <= kJwtBytesMax);
  REQUIRE_PROPERTY(std::string(token->signing_input) + "." + base64url_encode(token->signature) == text);
  check_claims(*token);
  return 0;
}
