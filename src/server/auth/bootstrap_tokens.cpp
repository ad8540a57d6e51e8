#include "server/auth/bootstrap_tokens.h"

#include <algorithm>
#include <set>

#include "base/base64.h"
#include "base/time_text.h"
#include "server/auth/digest.h"
#include "server/object_codec.h"

namespace plinth::server::auth {
namespace {

constexpr std::size_t kIdLength = 6;
constexpr std::size_t kSecretLength = 16;
constexpr std::size_t kGroupSuffixLengthMax = 256;
constexpr std::string_view kDefaultGroup = "system:bootstrappers";

bool is_token_text(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); });
}

// Extra groups are below system:bootstrappers:, so that a Secret cannot make anybody an administrator.
bool is_bootstrap_group(std::string_view group) {
  constexpr std::string_view kPrefix = "system:bootstrappers:";
  if (!group.starts_with(kPrefix)) return false;
  group.remove_prefix(kPrefix.size());
  if (group.empty() || group.size() > kGroupSuffixLengthMax || !is_token_text(group.substr(group.size() - 1))) return false;
  return std::all_of(group.begin(), group.end(),
                     [](char c) { return c == ':' || c == '-' || is_token_text(std::string_view(&c, 1)); });
}

std::string field(const Document& secret, std::string_view key) {
  return base64_decode(secret["data"][key].as_string()).value_or("");
}

// Nothing when a name is not allowed.
std::optional<std::vector<std::string>> groups_of(const Document& secret) {
  std::set<std::string> groups{std::string(kDefaultGroup)};
  const std::string extra = field(secret, "auth-extra-groups");
  for (std::size_t begin = 0; !extra.empty() && begin <= extra.size();) {
    const std::size_t end = std::min(extra.find(',', begin), extra.size());
    const std::string group = extra.substr(begin, end - begin);
    if (!is_bootstrap_group(group)) return std::nullopt;
    groups.insert(group);
    begin = end + 1;
  }
  return std::vector<std::string>(groups.begin(), groups.end());
}

bool expired(const Document& secret, std::int64_t now_s) {
  const std::string text = field(secret, "expiration");
  if (text.empty()) return false;
  const std::optional<TimeStamp> end = parse_rfc3339(text);
  return !end || end->seconds <= now_s;
}

}  // namespace

std::optional<BootstrapToken> parse_bootstrap_token(std::string_view token) {
  if (token.size() != kIdLength + 1 + kSecretLength || token[kIdLength] != '.') return std::nullopt;
  const BootstrapToken out{token.substr(0, kIdLength), token.substr(kIdLength + 1)};
  if (!is_token_text(out.id) || !is_token_text(out.secret)) return std::nullopt;
  return out;
}

UserPtr bootstrap_user(const BootstrapToken& token, const store::Snapshot& snapshot, std::int64_t now_s) {
  const store::RecordPtr record = snapshot.get("/core/secrets/kube-system/bootstrap-token-" + std::string(token.id));
  if (!record) return nullptr;
  const Result<Document> secret = decode_record(*record, "", false);
  if (!secret.ok() || (*secret)["type"].as_string() != "bootstrap.kubernetes.io/token") return nullptr;
  if ((*secret)["metadata"].find("deletionTimestamp") != nullptr) return nullptr;
  if (!equal_constant_time(field(*secret, "token-secret"), token.secret)) return nullptr;
  if (field(*secret, "token-id") != token.id || expired(*secret, now_s)) return nullptr;
  if (field(*secret, "usage-bootstrap-authentication") != "true") return nullptr;
  std::optional<std::vector<std::string>> groups = groups_of(*secret);
  if (!groups) return nullptr;
  auto user = std::make_shared<UserInfo>();
  user->name = "system:bootstrap:" + std::string(token.id);
  user->groups = std::move(*groups);
  user->groups.emplace_back(kAuthenticatedGroup);
  return user;
}

}  // namespace plinth::server::auth
