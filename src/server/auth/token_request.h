// The subresource serviceaccounts/token: a TokenRequest in, the same with a token out.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/value.h"
#include "server/auth/service_account_tokens.h"

namespace plinth::server::auth {

struct TokenRequestContext {
  std::string_view name_space, account;  // of the path
  const store::Snapshot& snapshot;
  std::int64_t now_ns;
  Entropy& entropy;
  std::vector<std::string>* warnings = nullptr;
};

// `request` has its defaults applied or not. NotFound (account, bound object), Invalid, BadRequest, Conflict (uids differ).
Result<Document> create_token(const ServiceAccountTokens& tokens, const Document& request, const TokenRequestContext& context);

}  // namespace plinth::server::auth
