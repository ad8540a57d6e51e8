// Bearer tokens given at start: the administrator's.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "server/auth/digest.h"
#include "server/auth/user.h"

namespace plinth::server::auth {

// Immutable once filled; any thread.
class StaticTokens {
 public:
  // Tokens shorter than this are refused by add(): they could be guessed.
  inline static constexpr std::size_t kBytesMin = 16;
  bool add(std::string_view token, UserInfo user);
  // By the token's hash; null when it is unknown. Takes as long for every unknown token.
  UserPtr find(const Sha256& hash) const;

 private:
  struct Entry {
    Sha256 hash;
    UserPtr user;
  };
  std::vector<Entry> entries_;
};

}  // namespace plinth::server::auth
