#include "server/auth/token_request.h"

#include "api/field_error.h"
#include "base/ids.h"
#include "base/time_text.h"
#include "server/object_codec.h"
#include "server/status.h"

namespace plinth::server::auth {
namespace {

constexpr std::string_view kGroup = "authentication.k8s.io";
constexpr std::string_view kKind = "TokenRequest";
constexpr std::int64_t kExpirationDefault = 3600;
constexpr std::int64_t kExpirationMin = 600;
constexpr std::int64_t kExpirationMax = std::int64_t{1} << 32;

Result<void> check_metadata(const Document& request, const TokenRequestContext& context) {
  const Value metadata = request["metadata"];
  api::FieldErrors errors;
  const Value name = metadata["name"], name_space = metadata["namespace"];
  if (!name.as_string().empty() && name.as_string() != context.account) {
    errors.push_back(api::field_invalid("metadata.name", name, "must match the service account name if specified"));
  } else if (!name_space.as_string().empty() && name_space.as_string() != context.name_space) {
    errors.push_back(
        api::field_invalid("metadata.namespace", name_space, "must match the service account namespace if specified"));
  }
  if (errors.empty()) return {};
  return api::invalid(kGroup, kKind, context.account, errors);
}

std::int64_t expiration_of(const Document& request) {
  const Value* value = request["spec"].find("expirationSeconds");
  return value == nullptr || value->is_null() ? kExpirationDefault : value->as_int();
}

Result<void> check_spec(const Document& request) {
  api::FieldErrors errors;
  const std::int64_t expiration = expiration_of(request);
  const Value shown = Value::of(expiration);
  if (expiration < kExpirationMin) {
    errors.push_back(api::field_invalid("spec.expirationSeconds", shown, "may not specify a duration less than 10 minutes"));
  }
  if (expiration > kExpirationMax) {
    errors.push_back(
        api::field_invalid("spec.expirationSeconds", shown, "may not specify a duration larger than 2^32 seconds"));
  }
  if (errors.empty()) return {};
  return api::invalid(kGroup, kKind, "", errors);
}

struct KindName {
  std::string group, version, kind;
};

KindName kind_of(const Value& ref) {
  const std::string_view api_version = ref["apiVersion"].as_string();
  const std::size_t slash = api_version.find('/');
  const bool grouped = slash != std::string_view::npos;
  return {grouped ? std::string(api_version.substr(0, slash)) : "",
          std::string(grouped ? api_version.substr(slash + 1) : api_version), std::string(ref["kind"].as_string())};
}

Result<store::RecordPtr> get_object(const TokenRequestContext& context, std::string_view plural, bool namespaced,
                                    std::string_view name) {
  std::string key = "/core/";
  key.append(plural).append("/").append(namespaced ? context.name_space : "").append("/").append(name);
  store::RecordPtr record = context.snapshot.get(key);
  if (!record) return not_found("", plural, name);
  return record;
}

Result<void> check_uid(const Value& ref, const store::Record& record) {
  const std::string_view uid = ref["uid"].as_string();
  if (uid.empty() || uid == record.uid()) return {};
  return conflict(kind_of(ref).group, ref["kind"].as_string(), ref["name"].as_string(),
                  "the UID in the bound object reference (" + std::string(uid) +
                      ") does not match the UID in record. The object might have been deleted and then recreated");
}

// The pod must run as this account; the node it runs on is told beside it.
Result<void> bind_pod(ServiceAccountClaims& claims, const store::Record& pod, const TokenRequestContext& context) {
  const Document document = TRY(decode_record(pod, "", false));
  if (document["spec"]["serviceAccountName"].as_string() != context.account) {
    return bad_request("cannot bind token for serviceaccount \"" + std::string(context.account) +
                       "\" to pod running with different serviceaccount name.");
  }
  const std::string_view node_name = document["spec"]["nodeName"].as_string();
  if (node_name.empty()) return {};
  const store::RecordPtr node = context.snapshot.get("/core/nodes//" + std::string(node_name));
  claims.node = ObjectRef{std::string(node_name), node ? std::string(node->uid()) : ""};
  return {};
}

Result<void> bind(ServiceAccountClaims& claims, const Value& ref, const TokenRequestContext& context) {
  const KindName kind = kind_of(ref);
  const std::string name(ref["name"].as_string());
  const bool pod = kind.group.empty() && kind.kind == "Pod";
  const bool secret = kind.group.empty() && kind.kind == "Secret";
  const bool node = kind.group.empty() && kind.kind == "Node";
  if (!pod && !secret && !node) {
    return bad_request("cannot bind token to object of type " + kind.group + "/" + kind.version + ", Kind=" + kind.kind);
  }
  const store::RecordPtr record = TRY(get_object(context, pod ? "pods" : secret ? "secrets" : "nodes", !node, name));
  const ObjectRef bound{name, std::string(record->uid())};
  if (pod)
    claims.pod = bound;
  else if (secret)
    claims.secret = bound;
  else
    claims.node = bound;
  if (pod) {
    if (auto done = bind_pod(claims, *record, context); !done.ok()) return done;
  }
  return check_uid(ref, *record);
}

std::vector<std::string> audiences_of(const Document& request, const TokenOptions& options) {
  std::vector<std::string> out;
  for (const Value& item : request["spec"]["audiences"].items()) out.emplace_back(item.as_string());
  return out.empty() ? options.audiences : out;
}

std::int64_t allowed_expiration(std::int64_t wanted, const TokenOptions& options, std::vector<std::string>* warnings) {
  if (options.expiration_s_max <= 0 || wanted <= options.expiration_s_max) return wanted;
  if (warnings != nullptr) {
    warnings->push_back("requested expiration of " + std::to_string(wanted) + " seconds shortened to " +
                        std::to_string(options.expiration_s_max) + " seconds");
  }
  return options.expiration_s_max;
}

Document fill_in(const Document& request, const ServiceAccountClaims& claims, std::int64_t expiration, std::int64_t now_s,
                 std::string token) {
  Draft draft(request);
  Value& metadata = draft.member(draft.root(), "metadata");
  draft.set(metadata, "name", claims.account.name);
  draft.set(metadata, "namespace", claims.name_space);
  draft.set(metadata, "uid", claims.account.uid);
  draft.set(metadata, "creationTimestamp", format_rfc3339(TimeStamp{now_s}));
  Value& spec = draft.member(draft.root(), "spec");
  Value audiences = draft.array(claims.registered.audiences.size());
  for (const std::string& audience : claims.registered.audiences) draft.push(audiences, draft.text(audience));
  draft.set(spec, "audiences", audiences);
  draft.set(spec, "expirationSeconds", Value::of(expiration));
  Value status = draft.object(2);
  draft.set(status, "token", token);
  draft.set(status, "expirationTimestamp", format_rfc3339(TimeStamp{now_s + expiration}));
  draft.set(draft.root(), "status", status);
  return std::move(draft).finish();
}

}  // namespace

Result<Document> create_token(const ServiceAccountTokens& tokens, const Document& request, const TokenRequestContext& context) {
  if (auto valid = check_metadata(request, context); !valid.ok()) return std::move(valid).error();
  const store::RecordPtr account = TRY(get_object(context, "serviceaccounts", true, context.account));
  const std::string_view uid = request["metadata"]["uid"].as_string();
  if (!uid.empty() && uid != account->uid()) {
    return conflict(kGroup, kKind, context.account,
                    "the UID in the token request (" + std::string(uid) + ") does not match the UID of the service account (" +
                        std::string(account->uid()) + ")");
  }
  if (auto valid = check_spec(request); !valid.ok()) return std::move(valid).error();

  ServiceAccountClaims claims;
  claims.name_space = context.name_space;
  claims.account = {std::string(context.account), std::string(account->uid())};
  const Value ref = request["spec"]["boundObjectRef"];
  if (ref.is_object()) {
    if (auto bound = bind(claims, ref, context); !bound.ok()) return std::move(bound).error();
  }
  const std::int64_t now_s = context.now_ns / kNanosecondsPerSecond;
  const std::int64_t expiration = allowed_expiration(expiration_of(request), tokens.options(), context.warnings);
  claims.registered.issuer = tokens.options().issuer;
  claims.registered.subject = service_account_username(context.name_space, context.account);
  claims.registered.id = new_uuid(context.entropy);
  claims.registered.audiences = audiences_of(request, tokens.options());
  claims.registered.expiry_s = now_s + expiration;
  claims.registered.not_before_s = now_s;
  claims.registered.issued_at_s = now_s;
  return fill_in(request, claims, expiration, now_s, tokens.issue(claims));
}

}  // namespace plinth::server::auth
