// ECDSA over P-256 with SHA-256, the signature of our tokens. OpenSSL is behind this header.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/world.h"

namespace plinth::server::auth {

// A key pair, or a public key alone. Immutable, cheap to copy, any thread.
class Es256Key {
 public:
  static Result<Es256Key> generate(Entropy& entropy);
  // `scalar` is the private key, 32 bytes big-endian.
  static Result<Es256Key> from_scalar(std::string_view scalar);
  // All keys of a PEM text, private ones (SEC 1, PKCS #8) and public ones. Errors name what is wrong, not the content.
  static Result<std::vector<Es256Key>> read_pem(std::string_view pem);

  bool can_sign() const;
  // r and s, 64 bytes. Deterministic (RFC 6979): the same input gives the same bytes, and no weak random number can leak the
  // key. Needs can_sign().
  std::string sign(std::string_view input) const;
  bool verify(std::string_view input, std::string_view signature) const;

  // The private key as PKCS #8, or the public key when there is no other.
  std::string pem() const;
  // Base64url of the SHA-256 of the public key's DER form, as the API server derives it.
  const std::string& key_id() const;
  std::string x() const, y() const;  // coordinates of the public point, 32 bytes each

 private:
  struct Impl;
  explicit Es256Key(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<const Impl> impl_;
};

}  // namespace plinth::server::auth
