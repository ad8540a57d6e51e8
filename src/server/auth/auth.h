// Authentication and authorization put together, as the request pipeline uses them.
#pragma once

#include <memory>
#include <string>

#include "base/world.h"
#include "net/http.h"
#include "server/auth/authenticator.h"
#include "server/auth/rbac.h"
#include "server/auth/reviews.h"
#include "server/auth/secret_files.h"
#include "server/auth/service_account_tokens.h"
#include "server/auth/signing_keys.h"
#include "server/auth/static_tokens.h"
#include "server/auth/user.h"

namespace plinth::server::auth {

struct AuthOptions {
  TokenOptions tokens;
  // Who the administrator's token stands for; a member of system:masters.
  std::string admin_user = "plinth:admin";
};

// Any thread, once open.
class Auth {
 public:
  inline static constexpr std::string_view kAdminTokenFile = "admin.token";
  // Loads the signing keys and the administrator's token, or makes them at the first start. Both arguments are used during the
  // call only.
  static Result<std::unique_ptr<Auth>> open(SecretFiles& files, Entropy& entropy, AuthOptions options);

  // Who the request acts as: its credential, then its Impersonate-* headers. Unauthorized, Forbidden or BadRequest.
  Result<UserPtr> authenticate(const net::HttpRequest& request, const store::Snapshot& snapshot, std::int64_t now_ns);

  Rbac& rbac() { return rbac_; }
  Reviews& reviews() { return reviews_; }
  SigningKeys& signing_keys() { return *keys_; }
  ServiceAccountTokens& account_tokens() { return account_tokens_; }
  Authenticator& authenticator() { return authenticator_; }
  // A secret: for the administrator's kubeconfig, never for a log.
  const std::string& admin_token() const { return admin_token_; }

 private:
  Auth(std::unique_ptr<SigningKeys> keys, std::string admin_token, AuthOptions options);

  std::unique_ptr<SigningKeys> keys_;
  std::string admin_token_;
  StaticTokens static_tokens_;
  ServiceAccountTokens account_tokens_;
  Authenticator authenticator_;
  Rbac rbac_;
  Reviews reviews_;
};

}  // namespace plinth::server::auth
