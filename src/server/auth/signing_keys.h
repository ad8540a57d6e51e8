// The keys of service account tokens: one signs, all verify, so that tokens outlive a change of the key.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/world.h"
#include "server/auth/es256.h"
#include "server/auth/jwt.h"
#include "server/auth/secret_files.h"

namespace plinth::server::auth {

// Kept as one PEM file: the first private key signs; further private and public keys verify. Any thread.
class SigningKeys {
 public:
  inline static constexpr std::string_view kFileName = "service-account-keys.pem";
  // Makes a key at the first start.
  static Result<std::unique_ptr<SigningKeys>> open(SecretFiles& files, Entropy& entropy);

  // A compact JWT around the claims, a JSON object.
  std::string sign(std::string_view claims_json) const;
  // Unauthorized unless one of the keys made the signature. A token that names a key is held to it.
  Result<void> verify(const ParsedJwt& token) const;
  // A new key signs from now on; tokens of the old ones stay valid.
  Result<void> rotate(SecretFiles& files, Entropy& entropy);

  // RFC 7517 key set, as served at /openid/v1/jwks.
  std::string jwks_json() const;

 private:
  using Keys = std::vector<Es256Key>;  // the first signs
  explicit SigningKeys(Keys keys) : keys_(std::make_shared<const Keys>(std::move(keys))) {}
  std::shared_ptr<const Keys> keys() const;

  mutable std::mutex mutex_;
  std::shared_ptr<const Keys> keys_;
};

// The OpenID provider document of /.well-known/openid-configuration.
std::string openid_configuration_json(std::string_view issuer, std::string_view jwks_uri);

}  // namespace plinth::server::auth
