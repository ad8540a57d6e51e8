// Who makes a request (authentication/user Info), and the names that the API server gives meaning to.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/value.h"

namespace plinth::server::auth {

inline constexpr std::string_view kAnonymousUser = "system:anonymous";
inline constexpr std::string_view kUnauthenticatedGroup = "system:unauthenticated";
inline constexpr std::string_view kAuthenticatedGroup = "system:authenticated";
inline constexpr std::string_view kPrivilegedGroup = "system:masters";  // passes every authorization
inline constexpr std::string_view kServiceAccountsGroup = "system:serviceaccounts";

struct UserInfo {
  std::string name;
  std::string uid;
  std::vector<std::string> groups;
  std::map<std::string, std::vector<std::string>> extra;  // keys in lower case

  bool in_group(std::string_view group) const;
  bool privileged() const { return in_group(kPrivilegedGroup); }
};
// Shared by the requests of one credential; never changed once made.
using UserPtr = std::shared_ptr<const UserInfo>;

UserPtr anonymous_user();

// authentication.k8s.io/v1 UserInfo: {username, uid, groups, extra}, empty members left out.
Value user_to_value(Draft& draft, const UserInfo& user);
UserInfo user_from_value(const Value& value);

// "system:serviceaccount:<namespace>:<name>" and back; nothing when the name is not of that form.
std::string service_account_username(std::string_view name_space, std::string_view name);
std::optional<std::pair<std::string, std::string>> split_service_account_username(std::string_view username);
std::vector<std::string> service_account_groups(std::string_view name_space);

}  // namespace plinth::server::auth
