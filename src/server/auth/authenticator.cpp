#include "server/auth/authenticator.h"

#include <algorithm>

#include "server/auth/bootstrap_tokens.h"

namespace plinth::server::auth {
namespace {

constexpr std::string_view kPublicPaths[] = {"/healthz", "/livez", "/readyz", "/version", "/version/"};

bool is_space(char c) { return c == ' ' || c == '\t'; }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

bool equal_ignoring_case(std::string_view a, std::string_view lower) {
  return a.size() == lower.size() && std::equal(a.begin(), a.end(), lower.begin(), [](char x, char y) {
           return (x >= 'A' && x <= 'Z' ? static_cast<char>(x + 32) : x) == y;
         });
}

UserPtr certificate_user(const PeerCertificate& certificate) {
  if (!certificate.present || certificate.common_name.empty()) return nullptr;
  auto user = std::make_shared<UserInfo>();
  user->name = certificate.common_name;
  user->groups = certificate.organizations;
  if (!user->in_group(kAuthenticatedGroup)) user->groups.emplace_back(kAuthenticatedGroup);
  return user;
}

std::vector<std::string> intersection(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  std::vector<std::string> out;
  for (const std::string& text : a) {
    if (std::find(b.begin(), b.end(), text) != b.end()) out.push_back(text);
  }
  return out;
}

}  // namespace

Error unauthorized() { return Error(Reason::kUnauthorized, "Unauthorized"); }

std::string_view bearer_token(std::string_view authorization) {
  const std::string_view text = trimmed(authorization);
  const std::size_t space = text.find(' ');
  if (space == std::string_view::npos || !equal_ignoring_case(text.substr(0, space), "bearer")) return "";
  const std::string_view rest = text.substr(space + 1);
  return rest.substr(0, rest.find(' '));
}

bool is_public_path(std::string_view path) {
  return std::find(std::begin(kPublicPaths), std::end(kPublicPaths), path) != std::end(kPublicPaths);
}

Result<UserPtr> Authenticator::authenticate(const net::HttpRequest& request, const store::Snapshot& snapshot,
                                            std::int64_t now_ns) {
  if (UserPtr user = certificate_user(request.peer.certificate)) {
    // Verified when the connection was made; the connection may outlive it.
    const std::int64_t end = request.peer.certificate.not_after_s;
    if (end != 0 && now_ns / kNanosecondsPerSecond >= end) return unauthorized();
    return user;
  }
  const std::string_view token = bearer_token(request.headers.get("authorization"));
  if (!token.empty()) {
    auto identity = authenticate_token(token, {}, snapshot, now_ns);
    if (!identity.ok()) return unauthorized();
    return std::move(identity->user);
  }
  const std::string_view target = request.target;
  if (!is_public_path(target.substr(0, target.find('?')))) return unauthorized();
  return anonymous_user();
}

Result<TokenIdentity> Authenticator::authenticate_token(std::string_view token, const std::vector<std::string>& audiences,
                                                        const store::Snapshot& snapshot, std::int64_t now_ns) {
  const std::int64_t now_s = now_ns / kNanosecondsPerSecond;
  const Sha256 hash = sha256(token);
  UserPtr user = static_tokens_.find(hash);
  if (!user) {
    std::optional<TokenIdentity> identity = TRY(account_tokens_.verify(token, hash, audiences, snapshot, now_s));
    if (identity) return std::move(*identity);
    if (const auto bootstrap = parse_bootstrap_token(token)) user = bootstrap_user(*bootstrap, snapshot, now_s);
  }
  if (!user) return Error(Reason::kUnauthorized, "invalid bearer token");
  // Tokens without an audience of their own are for the API server alone.
  const std::vector<std::string>& own = account_tokens_.options().audiences;
  std::vector<std::string> meant = audiences.empty() ? own : intersection(own, audiences);
  if (meant.empty()) return Error(Reason::kUnauthorized, "invalid bearer token");
  return TokenIdentity{std::move(user), std::move(meant)};
}

}  // namespace plinth::server::auth
