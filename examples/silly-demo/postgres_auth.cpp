#include "postgres_auth.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

namespace silly_demo {
namespace {

constexpr int kIterationsMax = 1'000'000;
constexpr std::size_t kNonceBytes = 18;

std::string digest(const EVP_MD* kind, const std::string& data) {
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  EVP_Digest(data.data(), data.size(), out, &size, kind, nullptr);
  return {reinterpret_cast<char*>(out), size};
}

std::string hmac(const std::string& key, const std::string& data) {
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(data.data()), data.size(),
       out, &size);
  return {reinterpret_cast<char*>(out), size};
}

std::string hex(const std::string& bytes) {
  std::string out;
  for (const unsigned char c : bytes) {
    out += "0123456789abcdef"[c >> 4];
    out += "0123456789abcdef"[c & 15];
  }
  return out;
}

std::string base64(const std::string& bytes) {
  std::string out(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                   reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

std::string from_base64(const std::string& text) {
  std::string out(text.size(), '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  if (size < 0) return "";
  std::size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  out.resize(static_cast<std::size_t>(size) - padding);
  return out;
}

// The value of "name=" in a list separated by commas.
std::string attribute(const std::string& message, char name) {
  std::size_t at = 0;
  while (at < message.size()) {
    const auto end = std::min(message.find(',', at), message.size());
    if (message[at] == name && at + 1 < end && message[at + 1] == '=') return message.substr(at + 2, end - at - 2);
    at = end + 1;
  }
  return "";
}

}  // namespace

std::string md5_answer(const std::string& user, const std::string& password, const std::string& salt) {
  return "md5" + hex(digest(EVP_md5(), hex(digest(EVP_md5(), password + user)) + salt));
}

std::string Scram::first() {
  std::string nonce(kNonceBytes, '\0');
  RAND_bytes(reinterpret_cast<unsigned char*>(nonce.data()), static_cast<int>(nonce.size()));
  first_bare_ = "n=,r=" + base64(nonce);
  return "n,," + first_bare_;
}

std::string Scram::final(const std::string& server_first) {
  const auto nonce = attribute(server_first, 'r');
  const auto salt = from_base64(attribute(server_first, 's'));
  const int iterations = std::atoi(attribute(server_first, 'i').c_str());
  if (!nonce.starts_with(first_bare_.substr(5)) || salt.empty() || iterations < 1 || iterations > kIterationsMax) return "";
  std::string salted(SHA256_DIGEST_LENGTH, '\0');
  PKCS5_PBKDF2_HMAC(password_.data(), static_cast<int>(password_.size()), reinterpret_cast<const unsigned char*>(salt.data()),
                    static_cast<int>(salt.size()), iterations, EVP_sha256(), SHA256_DIGEST_LENGTH,
                    reinterpret_cast<unsigned char*>(salted.data()));
  const auto client_key = hmac(salted, "Client Key");
  const auto without_proof = "c=biws,r=" + nonce;
  const auto signed_text = first_bare_ + "," + server_first + "," + without_proof;
  auto proof = hmac(digest(EVP_sha256(), client_key), signed_text);
  for (std::size_t i = 0; i < proof.size(); ++i) proof[i] = static_cast<char>(proof[i] ^ client_key[i]);
  server_signature_ = hmac(hmac(salted, "Server Key"), signed_text);
  return without_proof + ",p=" + base64(proof);
}

bool Scram::verify(const std::string& server_final) const {
  return from_base64(attribute(server_final, 'v')) == server_signature_;
}

}  // namespace silly_demo
