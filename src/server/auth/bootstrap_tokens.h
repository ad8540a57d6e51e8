// Bootstrap tokens ("abcdef.0123456789abcdef"): Secrets of type bootstrap.kubernetes.io/token in kube-system, with which new
// nodes introduce themselves.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "server/auth/user.h"
#include "store/store.h"

namespace plinth::server::auth {

// Id and secret of a token, when it has the form of one.
struct BootstrapToken {
  std::string_view id, secret;
};
std::optional<BootstrapToken> parse_bootstrap_token(std::string_view token);

// Null when no Secret vouches for the token now. The user is system:bootstrap:<id>.
UserPtr bootstrap_user(const BootstrapToken& token, const store::Snapshot& snapshot, std::int64_t now_s);

}  // namespace plinth::server::auth
