#include "server/auth/jwt.h"

#include "base/json.h"
#include "server/auth/base64url.h"

namespace plinth::server::auth {
namespace {

constexpr std::size_t kJwtDepthMax = 16;
constexpr std::size_t kKeyIdBytesMax = 256;

Error malformed(std::string_view what) { return Error(Reason::kUnauthorized, "malformed token: " + std::string(what)); }

Result<Document> parse_object(std::string_view encoded, std::string_view what) {
  const std::optional<std::string> text = base64url_decode(encoded);
  if (!text) return malformed(std::string(what) + " is not base64url");
  std::vector<std::string> duplicates;
  JsonParseOptions options;
  options.depth_max = kJwtDepthMax;
  options.duplicates = &duplicates;
  Result<Document> document = parse_json(*text, options);
  if (!document.ok() || !document->root().is_object()) return malformed(std::string(what) + " is not a JSON object");
  if (!duplicates.empty()) return malformed(std::string(what) + " has a duplicate member");
  return document;
}

Result<void> read_header(const Value& header, ParsedJwt& out) {
  if (!header["alg"].is_string()) return malformed("header names no algorithm");
  out.algorithm = header["alg"].as_string();
  if (out.algorithm != "ES256") return Error(Reason::kUnauthorized, "unsupported token algorithm");
  if (header.find("crit") != nullptr) return Error(Reason::kUnauthorized, "unsupported critical token extension");
  const Value* key_id = header.find("kid");
  if (key_id == nullptr) return {};
  if (!key_id->is_string() || key_id->as_string().size() > kKeyIdBytesMax) return malformed("bad key id");
  out.key_id = key_id->as_string();
  return {};
}

Result<std::string> text_claim(const Value& claims, std::string_view name) {
  const Value* value = claims.find(name);
  if (value == nullptr) return std::string();
  if (!value->is_string()) return malformed("claim " + std::string(name) + " is not a string");
  return std::string(value->as_string());
}

// A NumericDate may have a fraction; it is cut.
Result<std::optional<std::int64_t>> time_claim(const Value& claims, std::string_view name) {
  constexpr double kLatest = 253402300799;  // end of year 9999
  const Value* value = claims.find(name);
  if (value == nullptr) return std::optional<std::int64_t>();
  if (!value->is_number()) return malformed("claim " + std::string(name) + " is not a time");
  const double seconds = value->is_int() ? static_cast<double>(value->as_int()) : value->as_double();
  if (!(seconds >= 0 && seconds <= kLatest)) return malformed("claim " + std::string(name) + " is not a time");
  return std::optional<std::int64_t>(static_cast<std::int64_t>(seconds));
}

Result<std::vector<std::string>> audience_claim(const Value& claims) {
  std::vector<std::string> out;
  const Value* value = claims.find("aud");
  if (value == nullptr) return out;
  if (value->is_string()) {
    out.emplace_back(value->as_string());
    return out;
  }
  if (!value->is_array()) return malformed("claim aud is not a list");
  for (const Value& item : value->items()) {
    if (!item.is_string()) return malformed("claim aud is not a list of strings");
    out.emplace_back(item.as_string());
  }
  return out;
}

}  // namespace

Result<ParsedJwt> parse_jwt(std::string_view token) {
  if (token.size() > kJwtBytesMax) return malformed("too long");
  const std::size_t first = token.find('.');
  const std::size_t second = first == std::string_view::npos ? first : token.find('.', first + 1);
  if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos) {
    return malformed("not three parts");
  }
  ParsedJwt out;
  const Document header = TRY(parse_object(token.substr(0, first), "header"));
  if (auto read = read_header(header.root(), out); !read.ok()) return std::move(read).error();
  out.claims = TRY(parse_object(token.substr(first + 1, second - first - 1), "payload"));
  out.signing_input = token.substr(0, second);
  std::optional<std::string> signature = base64url_decode(token.substr(second + 1));
  if (!signature || signature->size() != kEs256SignatureBytes) return malformed("bad signature encoding");
  out.signature = std::move(*signature);
  return out;
}

Result<JwtClaims> registered_claims(const Value& claims) {
  JwtClaims out;
  out.issuer = TRY(text_claim(claims, "iss"));
  out.subject = TRY(text_claim(claims, "sub"));
  out.id = TRY(text_claim(claims, "jti"));
  out.audiences = TRY(audience_claim(claims));
  out.expiry_s = TRY(time_claim(claims, "exp"));
  out.not_before_s = TRY(time_claim(claims, "nbf"));
  out.issued_at_s = TRY(time_claim(claims, "iat"));
  return out;
}

Result<void> check_times(const JwtClaims& claims, std::int64_t now_s) {
  if (claims.not_before_s && *claims.not_before_s > now_s + kJwtLeewaySeconds) {
    return Error(Reason::kUnauthorized, "service account token is not valid yet");
  }
  if (claims.expiry_s && *claims.expiry_s < now_s - kJwtLeewaySeconds) {
    return Error(Reason::kUnauthorized, "service account token has expired");
  }
  if (claims.issued_at_s && *claims.issued_at_s > now_s + kJwtLeewaySeconds) {
    return Error(Reason::kUnauthorized, "service account token is issued in the future");
  }
  return {};
}

}  // namespace plinth::server::auth
