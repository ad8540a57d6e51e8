#include "server/auth/auth.h"

#include "server/auth/impersonation.h"

namespace plinth::server::auth {

Auth::Auth(std::unique_ptr<SigningKeys> keys, std::string admin_token, AuthOptions options)
    : keys_(std::move(keys)),
      admin_token_(std::move(admin_token)),
      account_tokens_(*keys_, std::move(options.tokens)),
      authenticator_(static_tokens_, account_tokens_),
      reviews_(rbac_, authenticator_) {}

Result<std::unique_ptr<Auth>> Auth::open(SecretFiles& files, Entropy& entropy, AuthOptions options) {
  std::unique_ptr<SigningKeys> keys = TRY(SigningKeys::open(files, entropy));
  std::string token = TRY(load_or_make_token(files, kAdminTokenFile, entropy));
  UserInfo admin;
  admin.name = options.admin_user;
  admin.groups.emplace_back(kPrivilegedGroup);
  std::unique_ptr<Auth> auth(new Auth(std::move(keys), std::move(token), std::move(options)));
  if (!auth->static_tokens_.add(auth->admin_token_, std::move(admin))) {
    return internal_error("the file " + std::string(kAdminTokenFile) + " holds a token shorter than " +
                          std::to_string(StaticTokens::kBytesMin) + " bytes: delete it to have a new one made");
  }
  return auth;
}

Result<UserPtr> Auth::authenticate(const net::HttpRequest& request, const store::Snapshot& snapshot, std::int64_t now_ns) {
  const UserPtr user = TRY(authenticator_.authenticate(request, snapshot, now_ns));
  return impersonate(request.headers, user, rbac_, snapshot);
}

}  // namespace plinth::server::auth
