// Tokens of service accounts: made on request, bound to a Pod, Secret or Node if asked, and valid only as long as the account
// and what they are bound to exist under the same uid.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/world.h"
#include "server/auth/signing_keys.h"
#include "server/auth/token_cache.h"
#include "server/auth/user.h"
#include "store/store.h"

namespace plinth::server::auth {

struct ObjectRef {
  std::string name, uid;
};

// The claims below "kubernetes.io" and what else tells whose token it is.
struct ServiceAccountClaims {
  JwtClaims registered;
  std::string name_space;
  ObjectRef account;
  std::optional<ObjectRef> pod, secret, node;
  std::optional<std::int64_t> warn_after_s;
};

std::string claims_json(const ServiceAccountClaims& claims);
// Unauthorized when a claim is missing or has the wrong type.
Result<ServiceAccountClaims> service_account_claims(const Value& claims);

struct TokenOptions {
  std::string issuer = "https://kubernetes.default.svc.cluster.local";
  // What the API server itself answers to; empty: the issuer.
  std::vector<std::string> audiences;
  // Longer requests are cut to this, with a warning; 0: no limit.
  std::int64_t expiration_s_max = 0;
  std::size_t cache_entries_max = 4096;
  // Forged tokens are remembered so long, that many at most: a client that tries one again and again costs no signature check
  // each time.
  std::int64_t refused_s = 10;
  std::size_t refused_entries_max = 1024;
};

// Who a token stands for, and those of the wanted audiences that it is for.
struct TokenIdentity {
  UserPtr user;
  std::vector<std::string> audiences;
};

// Any thread.
class ServiceAccountTokens {
 public:
  ServiceAccountTokens(const SigningKeys& keys, TokenOptions options);

  std::string issue(const ServiceAccountClaims& claims) const;

  // Nothing: not a token of our issuer, somebody else may know it. Unauthorized: ours, and no good. `wanted` empty means the
  // audiences of the API server. Verifies a signature once; later only expiry and the identity of the account and of the bound
  // object are compared with the snapshot.
  Result<std::optional<TokenIdentity>> verify(std::string_view token, const std::vector<std::string>& wanted,
                                              const store::Snapshot& snapshot, std::int64_t now_s) {
    return verify(token, sha256(token), wanted, snapshot, now_s);
  }
  // The same where the token's hash is known.
  Result<std::optional<TokenIdentity>> verify(std::string_view token, const Sha256& hash,
                                              const std::vector<std::string>& wanted, const store::Snapshot& snapshot,
                                              std::int64_t now_s);

  const TokenOptions& options() const { return options_; }
  // Forged tokens that are remembered now.
  std::size_t refused_tokens() const { return refused_.size(); }

 private:
  struct Verified;
  // What the objects behind a token looked like when last checked: while their records have not changed, nothing is parsed.
  struct Entry {
    std::shared_ptr<const Verified> token;
    store::Revision account_revision = 0, bound_revision = 0;
    std::int64_t invalid_after_s = 0;  // 0: never by deletion
  };

  // Only what can never become good: a signature that is not ours, or claims that we did not write.
  struct Refusal {
    std::string message;
    std::int64_t until_s = 0;
  };

  Result<std::optional<Entry>> admit(std::string_view token) const;
  // admit(), unless the answer is known to be no.
  Result<std::optional<Entry>> admit_once(std::string_view token, const Sha256& hash, std::int64_t now_s);
  Result<void> check_objects(Entry& entry, const store::Snapshot& snapshot, bool& changed) const;

  const SigningKeys& keys_;
  TokenOptions options_;
  TokenCache<Entry> cache_;
  TokenCache<Refusal> refused_;
};

}  // namespace plinth::server::auth
