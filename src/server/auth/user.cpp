#include "server/auth/user.h"

#include <algorithm>

#include "api/names.h"

namespace plinth::server::auth {
namespace {

constexpr std::string_view kServiceAccountPrefix = "system:serviceaccount:";

std::vector<std::string> strings_of(const Value& array) {
  std::vector<std::string> out;
  out.reserve(array.size());
  for (const Value& item : array.items()) out.emplace_back(item.as_string());
  return out;
}

Value array_of(Draft& draft, const std::vector<std::string>& texts) {
  Value array = draft.array(texts.size());
  for (const std::string& text : texts) draft.push(array, draft.text(text));
  return array;
}

}  // namespace

bool UserInfo::in_group(std::string_view group) const { return std::find(groups.begin(), groups.end(), group) != groups.end(); }

UserPtr anonymous_user() {
  auto user = std::make_shared<UserInfo>();
  user->name = kAnonymousUser;
  user->groups.emplace_back(kUnauthenticatedGroup);
  return user;
}

Value user_to_value(Draft& draft, const UserInfo& user) {
  Value out = draft.object();
  if (!user.name.empty()) draft.set(out, "username", user.name);
  if (!user.uid.empty()) draft.set(out, "uid", user.uid);
  if (!user.groups.empty()) draft.set(out, "groups", array_of(draft, user.groups));
  if (!user.extra.empty()) {
    Value extra = draft.object(user.extra.size());
    for (const auto& [key, values] : user.extra) draft.set(extra, key, array_of(draft, values));
    draft.set(out, "extra", extra);
  }
  return out;
}

UserInfo user_from_value(const Value& value) {
  UserInfo user;
  user.name = value["username"].as_string();
  user.uid = value["uid"].as_string();
  user.groups = strings_of(value["groups"]);
  for (const Member& m : value["extra"].members()) user.extra[std::string(m.key())] = strings_of(m.value);
  return user;
}

std::string service_account_username(std::string_view name_space, std::string_view name) {
  std::string out(kServiceAccountPrefix);
  out.append(name_space).append(":").append(name);
  return out;
}

std::optional<std::pair<std::string, std::string>> split_service_account_username(std::string_view username) {
  if (!username.starts_with(kServiceAccountPrefix)) return std::nullopt;
  username.remove_prefix(kServiceAccountPrefix.size());
  const std::size_t colon = username.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const std::string_view name_space = username.substr(0, colon);
  const std::string_view name = username.substr(colon + 1);
  if (!api::check_dns1123_label(name_space).empty() || !api::check_dns1123_subdomain(name).empty()) return std::nullopt;
  return std::pair(std::string(name_space), std::string(name));
}

std::vector<std::string> service_account_groups(std::string_view name_space) {
  return {std::string(kServiceAccountsGroup), std::string(kServiceAccountsGroup) + ":" + std::string(name_space)};
}

}  // namespace plinth::server::auth
