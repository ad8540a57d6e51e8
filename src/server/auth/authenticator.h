// Who sends a request: a client certificate, a bearer token, or nobody.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/http.h"
#include "server/auth/service_account_tokens.h"
#include "server/auth/static_tokens.h"
#include "server/auth/user.h"
#include "store/store.h"

namespace plinth::server::auth {

// 401 with the one message that says nothing about what was wrong.
Error unauthorized();

// Any thread.
class Authenticator {
 public:
  // Both outlive the authenticator.
  Authenticator(const StaticTokens& static_tokens, ServiceAccountTokens& account_tokens)
      : static_tokens_(static_tokens), account_tokens_(account_tokens) {}

  // Unauthorized for a bad credential, and for no credential at all unless the path is one that anybody may ask for: /healthz,
  // /livez, /readyz and /version. `now_ns` is wall time. Does not look at Impersonate-* headers (impersonation.h).
  Result<UserPtr> authenticate(const net::HttpRequest& request, const store::Snapshot& snapshot, std::int64_t now_ns);

  // A bearer token alone. Errors say what is wrong with it, for a TokenReview; `audiences` empty means those of the API server.
  Result<TokenIdentity> authenticate_token(std::string_view token, const std::vector<std::string>& audiences,
                                           const store::Snapshot& snapshot, std::int64_t now_ns);

 private:
  const StaticTokens& static_tokens_;
  ServiceAccountTokens& account_tokens_;
};

// The token of an Authorization header ("Bearer x", the scheme in any case); "" when it holds none.
std::string_view bearer_token(std::string_view authorization);
// Whether requests without a credential may reach this path.
bool is_public_path(std::string_view path);

}  // namespace plinth::server::auth
