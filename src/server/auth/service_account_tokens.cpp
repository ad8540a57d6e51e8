#include "server/auth/service_account_tokens.h"

#include <algorithm>

#include "api/go_text.h"
#include "base/time_text.h"
#include "server/object_codec.h"
#include "server/status.h"

namespace plinth::server::auth {
namespace {

constexpr std::string_view kExtraPrefix = "authentication.kubernetes.io/";

Error unauthorized(std::string message) { return Error(Reason::kUnauthorized, std::move(message)); }

std::string list_text(const std::vector<std::string>& texts) {
  std::string out = "[";
  for (const std::string& text : texts) out += (out.size() > 1 ? " " : "") + api::go_quoted(text);
  return out + "]";
}

std::vector<std::string> intersection(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  std::vector<std::string> out;
  for (const std::string& text : a) {
    if (std::find(b.begin(), b.end(), text) != b.end()) out.push_back(text);
  }
  return out;
}

UserPtr user_of(const ServiceAccountClaims& claims) {
  auto user = std::make_shared<UserInfo>();
  user->name = service_account_username(claims.name_space, claims.account.name);
  user->uid = claims.account.uid;
  user->groups = service_account_groups(claims.name_space);
  user->groups.emplace_back(kAuthenticatedGroup);
  const auto extra = [&](std::string_view key, const std::string& value) {
    if (!value.empty()) user->extra[std::string(kExtraPrefix) + std::string(key)] = {value};
  };
  if (!claims.registered.id.empty()) extra("credential-id", "JTI=" + claims.registered.id);
  if (claims.pod) {
    extra("pod-name", claims.pod->name);
    extra("pod-uid", claims.pod->uid);
  }
  if (claims.node) {
    extra("node-name", claims.node->name);
    extra("node-uid", claims.node->uid);
  }
  return user;
}

// Seconds at which an object that is being deleted no longer backs a token; 0 when it is not being deleted.
std::int64_t deletion_deadline(const store::Record& record) {
  constexpr std::string_view kField = "\"deletionTimestamp\"";
  if (record.body().find(kField) == std::string_view::npos) return 0;  // spares the parser nearly always
  const Result<Document> document = decode_record(record, "", false);
  const std::string_view text = document.ok() ? (*document)["metadata"]["deletionTimestamp"].as_string() : "";
  if (text.empty()) return 0;
  return parse_rfc3339(text).value_or(TimeStamp()).seconds + kJwtLeewaySeconds;
}

struct BoundKey {
  std::string key, uid, kind;
};

// What a token is bound to. A node named beside a pod only tells where the pod runs.
std::optional<BoundKey> bound_key(const ServiceAccountClaims& claims) {
  const std::string local = "/" + claims.name_space + "/";
  if (claims.pod) return BoundKey{"/core/pods" + local + claims.pod->name, claims.pod->uid, "pod"};
  if (claims.secret) return BoundKey{"/core/secrets" + local + claims.secret->name, claims.secret->uid, "secret"};
  if (claims.node) return BoundKey{"/core/nodes//" + claims.node->name, claims.node->uid, "node"};
  return std::nullopt;
}

}  // namespace

struct ServiceAccountTokens::Verified {
  ServiceAccountClaims claims;
  UserPtr user;
  std::string account_key;
  std::optional<BoundKey> bound;
};

ServiceAccountTokens::ServiceAccountTokens(const SigningKeys& keys, TokenOptions options)
    : keys_(keys), options_(std::move(options)), cache_(options_.cache_entries_max), refused_(options_.refused_entries_max) {
  if (options_.audiences.empty()) options_.audiences.push_back(options_.issuer);
}

std::string ServiceAccountTokens::issue(const ServiceAccountClaims& claims) const { return keys_.sign(claims_json(claims)); }

Result<std::optional<ServiceAccountTokens::Entry>> ServiceAccountTokens::admit(std::string_view token) const {
  const Result<ParsedJwt> parsed = parse_jwt(token);
  if (!parsed.ok() || parsed->claims["iss"].as_string() != options_.issuer) return std::optional<Entry>();
  if (auto verified = keys_.verify(*parsed); !verified.ok()) return std::move(verified).error();
  auto out = std::make_shared<Verified>();
  out->claims = TRY(service_account_claims(parsed->claims.root()));
  if (!out->claims.registered.expiry_s) return unauthorized("service account token has no expiry");
  out->user = user_of(out->claims);
  out->account_key = "/core/serviceaccounts/" + out->claims.name_space + "/" + out->claims.account.name;
  out->bound = bound_key(out->claims);
  return std::optional<Entry>(Entry{std::move(out), 0, 0, 0});
}

Result<std::optional<ServiceAccountTokens::Entry>> ServiceAccountTokens::admit_once(std::string_view token, const Sha256& hash,
                                                                                    std::int64_t now_s) {
  if (const auto refused = refused_.find(hash)) {
    if (now_s < refused->until_s) return unauthorized(refused->message);
    refused_.erase(hash);
  }
  auto admitted = admit(token);
  if (!admitted.ok()) refused_.put(hash, Refusal{admitted.error().message(), now_s + options_.refused_s});
  return admitted;
}

Result<void> ServiceAccountTokens::check_objects(Entry& entry, const store::Snapshot& snapshot, bool& changed) const {
  const Verified& token = *entry.token;
  const store::RecordPtr account = snapshot.get(token.account_key);
  if (!account) return unauthorized("serviceaccounts " + api::go_quoted(token.claims.account.name) + " not found");
  if (account->uid() != token.claims.account.uid) {
    return unauthorized("service account UID (" + std::string(account->uid()) + ") does not match claim (" +
                        token.claims.account.uid + ")");
  }
  store::RecordPtr bound;
  if (token.bound) {
    bound = snapshot.get(token.bound->key);
    if (!bound) return unauthorized("service account token has been invalidated");
    if (bound->uid() != token.bound->uid) {
      return unauthorized(token.bound->kind + " UID (" + std::string(bound->uid()) + ") does not match service account " +
                          token.bound->kind + " ref claim (" + token.bound->uid + ")");
    }
  }
  const store::Revision bound_revision = bound ? bound->revision() : 0;
  if (entry.account_revision == account->revision() && entry.bound_revision == bound_revision) return {};
  const std::int64_t first = deletion_deadline(*account);
  const std::int64_t second = bound ? deletion_deadline(*bound) : 0;
  entry.account_revision = account->revision();
  entry.bound_revision = bound_revision;
  entry.invalid_after_s = first == 0 ? second : second == 0 ? first : std::min(first, second);
  changed = true;
  return {};
}

Result<std::optional<TokenIdentity>> ServiceAccountTokens::verify(std::string_view token, const Sha256& hash,
                                                                  const std::vector<std::string>& wanted,
                                                                  const store::Snapshot& snapshot, std::int64_t now_s) {
  if (token.size() > kJwtBytesMax) return std::optional<TokenIdentity>();
  std::optional<Entry> entry = cache_.find(hash);
  const bool cached = entry.has_value();
  if (!cached) entry = TRY(admit_once(token, hash, now_s));
  if (!entry) return std::optional<TokenIdentity>();

  const ServiceAccountClaims& claims = entry->token->claims;
  const std::vector<std::string>& targets = wanted.empty() ? options_.audiences : wanted;
  std::vector<std::string> audiences = intersection(claims.registered.audiences, targets);
  if (audiences.empty()) {
    return unauthorized("token audiences " + list_text(claims.registered.audiences) + " is invalid for the target audiences " +
                        list_text(targets));
  }
  bool changed = !cached;
  Result<void> valid = check_times(claims.registered, now_s);
  if (valid.ok()) valid = check_objects(*entry, snapshot, changed);
  if (valid.ok() && entry->invalid_after_s != 0 && entry->invalid_after_s < now_s) {
    valid = unauthorized("service account token has been invalidated");
  }
  if (!valid.ok()) {
    // It may become good again only where the object comes back under its uid (a restored snapshot): then it is verified anew.
    if (cached) cache_.erase(hash);
    return std::move(valid).error();
  }
  if (changed) cache_.put(hash, *entry);
  return std::optional<TokenIdentity>(TokenIdentity{entry->token->user, std::move(audiences)});
}

}  // namespace plinth::server::auth
