#include "base/json.h"
#include "server/auth/service_account_tokens.h"

namespace plinth::server::auth {
namespace {

Value ref_value(Draft& draft, const ObjectRef& ref) {
  Value out = draft.object(2);
  draft.set(out, "name", ref.name);
  if (!ref.uid.empty()) draft.set(out, "uid", ref.uid);
  return out;
}

Result<std::optional<ObjectRef>> ref_claim(const Value& parent, std::string_view name) {
  const Value* value = parent.find(name);
  if (value == nullptr) return std::optional<ObjectRef>();
  ObjectRef ref{std::string((*value)["name"].as_string()), std::string((*value)["uid"].as_string())};
  if (ref.name.empty()) return Error(Reason::kUnauthorized, "malformed token: claim " + std::string(name) + " has no name");
  return std::optional<ObjectRef>(std::move(ref));
}

}  // namespace

std::string claims_json(const ServiceAccountClaims& claims) {
  Draft draft;
  Value& root = draft.root();
  root = draft.object(9);
  Value audiences = draft.array(claims.registered.audiences.size());
  for (const std::string& audience : claims.registered.audiences) draft.push(audiences, draft.text(audience));
  draft.set(root, "aud", audiences);
  if (claims.registered.expiry_s) draft.set(root, "exp", Value::of(*claims.registered.expiry_s));
  if (claims.registered.issued_at_s) draft.set(root, "iat", Value::of(*claims.registered.issued_at_s));
  draft.set(root, "iss", claims.registered.issuer);
  if (!claims.registered.id.empty()) draft.set(root, "jti", claims.registered.id);
  Value kubernetes = draft.object(6);
  draft.set(kubernetes, "namespace", claims.name_space);
  if (claims.node) draft.set(kubernetes, "node", ref_value(draft, *claims.node));
  if (claims.pod) draft.set(kubernetes, "pod", ref_value(draft, *claims.pod));
  if (claims.secret) draft.set(kubernetes, "secret", ref_value(draft, *claims.secret));
  draft.set(kubernetes, "serviceaccount", ref_value(draft, claims.account));
  if (claims.warn_after_s) draft.set(kubernetes, "warnafter", Value::of(*claims.warn_after_s));
  draft.set(root, "kubernetes.io", kubernetes);
  if (claims.registered.not_before_s) draft.set(root, "nbf", Value::of(*claims.registered.not_before_s));
  draft.set(root, "sub", claims.registered.subject);
  return to_json(root);
}

Result<ServiceAccountClaims> service_account_claims(const Value& claims) {
  ServiceAccountClaims out;
  out.registered = TRY(registered_claims(claims));
  const Value kubernetes = claims["kubernetes.io"];
  out.name_space = kubernetes["namespace"].as_string();
  std::optional<ObjectRef> account = TRY(ref_claim(kubernetes, "serviceaccount"));
  if (!account || account->uid.empty() || out.name_space.empty()) {
    return Error(Reason::kUnauthorized, "malformed token: it names no service account");
  }
  out.account = std::move(*account);
  out.pod = TRY(ref_claim(kubernetes, "pod"));
  out.secret = TRY(ref_claim(kubernetes, "secret"));
  out.node = TRY(ref_claim(kubernetes, "node"));
  if (kubernetes["warnafter"].is_int()) out.warn_after_s = kubernetes["warnafter"].as_int();
  if (out.registered.subject != service_account_username(out.name_space, out.account.name)) {
    return Error(Reason::kUnauthorized, "malformed token: its subject is not its service account");
  }
  return out;
}

}  // namespace plinth::server::auth
