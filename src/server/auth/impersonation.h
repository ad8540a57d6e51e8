// Impersonate-User, -Group, -Uid and -Extra-*: acting as somebody else, for those who hold the verb impersonate on what they
// ask for.
#pragma once

#include "base/result.h"
#include "net/http.h"
#include "server/auth/rbac.h"
#include "server/auth/user.h"

namespace plinth::server::auth {

inline constexpr std::size_t kImpersonationHeadersMax = 256;

// `requestor` itself when the headers ask for nobody else. BadRequest for groups, uid or extra without a user; Forbidden when a
// right is missing.
Result<UserPtr> impersonate(const net::Headers& headers, const UserPtr& requestor, Rbac& rbac, const store::Snapshot& snapshot);

}  // namespace plinth::server::auth
