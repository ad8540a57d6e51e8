#include "server/auth/signing_keys.h"

#include <algorithm>

#include "base/json.h"
#include "server/auth/base64url.h"

namespace plinth::server::auth {
namespace {

std::string pem_of(const std::vector<Es256Key>& keys) {
  std::string out;
  for (const Es256Key& key : keys) out += key.pem();
  return out;
}

std::string quoted(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

}  // namespace

Result<std::unique_ptr<SigningKeys>> SigningKeys::open(SecretFiles& files, Entropy& entropy) {
  const std::optional<std::string> pem = TRY(files.read(kFileName));
  if (!pem) {
    Keys keys{TRY(Es256Key::generate(entropy))};
    if (auto written = files.write(kFileName, pem_of(keys)); !written.ok()) return std::move(written).error();
    return std::unique_ptr<SigningKeys>(new SigningKeys(std::move(keys)));
  }
  auto keys = Es256Key::read_pem(*pem);
  if (!keys.ok()) return internal_error(std::string(kFileName) + ": " + keys.error().message());
  const auto signer = std::find_if(keys->begin(), keys->end(), [](const Es256Key& key) { return key.can_sign(); });
  if (signer == keys->end()) return internal_error(std::string(kFileName) + " holds no private key to sign tokens with");
  std::rotate(keys->begin(), signer, signer + 1);
  return std::unique_ptr<SigningKeys>(new SigningKeys(std::move(keys).value()));
}

std::shared_ptr<const SigningKeys::Keys> SigningKeys::keys() const {
  std::lock_guard lock(mutex_);
  return keys_;
}

std::string SigningKeys::sign(std::string_view claims_json) const {
  const auto keys = this->keys();
  const Es256Key& key = keys->front();
  std::string token = base64url_encode(R"({"alg":"ES256","kid":)" + quoted(key.key_id()) + "}");
  token += '.';
  token += base64url_encode(claims_json);
  const std::string signature = base64url_encode(key.sign(token));
  return token + "." + signature;
}

Result<void> SigningKeys::verify(const ParsedJwt& token) const {
  const auto keys = this->keys();
  bool known = false;
  for (const Es256Key& key : *keys) {
    if (!token.key_id.empty() && token.key_id != key.key_id()) continue;
    known = true;
    if (key.verify(token.signing_input, token.signature)) return {};
  }
  return Error(Reason::kUnauthorized, known ? "invalid token signature" : "invalid signature, no keys found");
}

Result<void> SigningKeys::rotate(SecretFiles& files, Entropy& entropy) {
  std::lock_guard lock(mutex_);
  Keys next{TRY(Es256Key::generate(entropy))};
  next.insert(next.end(), keys_->begin(), keys_->end());
  if (auto written = files.write(kFileName, pem_of(next)); !written.ok()) return written;
  keys_ = std::make_shared<const Keys>(std::move(next));
  return {};
}

std::string SigningKeys::jwks_json() const {
  const auto keys = this->keys();
  std::string out = "{\"keys\":[";
  for (std::size_t i = 0; i < keys->size(); ++i) {
    const Es256Key& key = (*keys)[i];
    if (i > 0) out += ',';
    out += R"({"use":"sig","kty":"EC","kid":)" + quoted(key.key_id()) + R"(,"crv":"P-256","alg":"ES256","x":")" +
           base64url_encode(key.x()) + R"(","y":")" + base64url_encode(key.y()) + "\"}";
  }
  return out + "]}";
}

std::string openid_configuration_json(std::string_view issuer, std::string_view jwks_uri) {
  return R"({"issuer":)" + quoted(issuer) + R"(,"jwks_uri":)" + quoted(jwks_uri) +
         R"(,"response_types_supported":["id_token"],"subject_types_supported":["public"],)"
         R"("id_token_signing_alg_values_supported":["ES256"]})";
}

}  // namespace plinth::server::auth
