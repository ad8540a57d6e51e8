#include "server/auth/impersonation.h"

namespace plinth::server::auth {
namespace {

constexpr std::string_view kUserHeader = "impersonate-user";
constexpr std::string_view kGroupHeader = "impersonate-group";
constexpr std::string_view kUidHeader = "impersonate-uid";
constexpr std::string_view kExtraPrefix = "impersonate-extra-";
constexpr std::string_view kAuthenticationGroup = "authentication.k8s.io";

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Percent-decoded; as it is when the encoding is wrong, so that nothing that was asked for gets lost.
std::string unescape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
    if (high < 0 || low < 0) return std::string(text);
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

std::string lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return text;
}

// Reads the headers, and asks for the right to each of them.
class Impersonation {
 public:
  Impersonation(const net::Headers& headers, const UserPtr& requestor, Rbac& rbac, const store::Snapshot& snapshot)
      : headers_(headers), requestor_(requestor), rbac_(rbac), snapshot_(snapshot) {}

  Result<UserPtr> run() {
    if (!asked_for_any()) return requestor_;
    const std::string name(headers_.get(kUserHeader));
    if (name.empty())
      return bad_request("requested to impersonate groups, extra information or a uid without impersonating a user");
    if (auto done = take_user(name); !done.ok()) return std::move(done).error();
    if (auto done = take_groups(); !done.ok()) return std::move(done).error();
    if (auto done = take_extra(); !done.ok()) return std::move(done).error();
    if (auto done = take_uid(); !done.ok()) return std::move(done).error();
    add_implied_group();
    return UserPtr(std::make_shared<const UserInfo>(std::move(user_)));
  }

 private:
  bool asked_for_any() const {
    for (const auto& [name, value] : headers_.entries()) {
      if (name == kUserHeader ? !value.empty() : name == kGroupHeader || name.starts_with(kExtraPrefix)) return true;
      if (name == kUidHeader && !value.empty()) return true;
    }
    return false;
  }

  Result<void> ask(std::string_view group, std::string_view resource, std::string_view subresource, std::string_view name_space,
                   std::string_view name) {
    if (++asked_ > kImpersonationHeadersMax) return bad_request("too many impersonation headers");
    Attributes attributes;
    attributes.user = requestor_;
    attributes.verb = "impersonate";
    attributes.group = group;
    attributes.version = "v1";
    attributes.resource = resource;
    attributes.subresource = subresource;
    attributes.name_space = name_space;
    attributes.name = name;
    return rbac_.require(attributes, snapshot_);
  }

  Result<void> take_user(const std::string& name) {
    user_.name = name;
    const auto account = split_service_account_username(name);
    if (!account) return ask("", "users", "", "", name);
    if (!headers_.has(kGroupHeader)) user_.groups = service_account_groups(account->first);
    return ask("", "serviceaccounts", "", account->first, account->second);
  }

  Result<void> take_groups() {
    for (std::string_view group : headers_.all(kGroupHeader)) {
      if (auto allowed = ask("", "groups", "", "", group); !allowed.ok()) return allowed;
      user_.groups.emplace_back(group);
    }
    return {};
  }

  Result<void> take_extra() {
    for (const auto& [name, value] : headers_.entries()) {
      if (!name.starts_with(kExtraPrefix)) continue;
      const std::string key = unescape(lower(name.substr(kExtraPrefix.size())));
      if (auto allowed = ask(kAuthenticationGroup, "userextras", key, "", value); !allowed.ok()) return allowed;
      user_.extra[key].push_back(value);
    }
    return {};
  }

  Result<void> take_uid() {
    const std::string_view uid = headers_.get(kUidHeader);
    if (uid.empty()) return {};
    user_.uid = uid;
    return ask(kAuthenticationGroup, "uids", "", "", uid);
  }

  void add_implied_group() {
    if (user_.name == kAnonymousUser) {
      if (!user_.in_group(kUnauthenticatedGroup)) user_.groups.emplace_back(kUnauthenticatedGroup);
    } else if (!user_.in_group(kAuthenticatedGroup) && !user_.in_group(kUnauthenticatedGroup)) {
      user_.groups.emplace_back(kAuthenticatedGroup);
    }
  }

  const net::Headers& headers_;
  const UserPtr& requestor_;
  Rbac& rbac_;
  const store::Snapshot& snapshot_;
  UserInfo user_;
  std::size_t asked_ = 0;
};

}  // namespace

Result<UserPtr> impersonate(const net::Headers& headers, const UserPtr& requestor, Rbac& rbac,
                            const store::Snapshot& snapshot) {
  return Impersonation(headers, requestor, rbac, snapshot).run();
}

}  // namespace plinth::server::auth
