#include "server/auth/static_tokens.h"

namespace plinth::server::auth {

bool StaticTokens::add(std::string_view token, UserInfo user) {
  if (token.size() < kBytesMin) return false;
  if (!user.in_group(kAuthenticatedGroup)) user.groups.emplace_back(kAuthenticatedGroup);
  entries_.push_back({sha256(token), std::make_shared<const UserInfo>(std::move(user))});
  return true;
}

UserPtr StaticTokens::find(const Sha256& hash) const {
  UserPtr found;
  for (const Entry& entry : entries_) {
    if (equal_constant_time(as_text(entry.hash), as_text(hash))) found = entry.user;
  }
  return found;
}

}  // namespace plinth::server::auth
