#include "server/paths/etag.h"

#include <openssl/evp.h>

namespace plinth::server {

struct Etag::State {
  EVP_MD_CTX* hash = EVP_MD_CTX_new();
  ~State() { EVP_MD_CTX_free(hash); }
};

Etag::Etag() : state_(std::make_unique<State>()) { EVP_DigestInit_ex(state_->hash, EVP_sha512(), nullptr); }
Etag::~Etag() = default;

void Etag::add(std::string_view bytes) { EVP_DigestUpdate(state_->hash, bytes.data(), bytes.size()); }

std::string Etag::finish() {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_DigestFinal_ex(state_->hash, digest, &size);
  std::string out = "\"";
  for (const unsigned char c : std::span(digest, size)) {
    out += "0123456789ABCDEF"[c >> 4];
    out += "0123456789ABCDEF"[c & 15];
  }
  return out + "\"";
}

std::string etag_of(std::string_view body) {
  Etag etag;
  etag.add(body);
  return etag.finish();
}

}  // namespace plinth::server
