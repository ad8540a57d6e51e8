// Pieces of making X.509 certificates. For .cpp files of net only.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "base/world.h"
#include "net/openssl_ptr.h"
#include "net/tls.h"

namespace plinth::net {

// A library context whose randomness is `entropy` and nothing else, so that a simulated world makes the same keys and the
// same signatures from the same seed. Good for one key and one signature.
class SeededLibrary {
 public:
  static Result<SeededLibrary> create(Entropy& entropy);
  OSSL_LIB_CTX* get() const { return context_.get(); }

 private:
  LibraryContextPtr context_;
};

Result<void> set_serial(X509* certificate, Entropy& entropy);
// Seconds since the epoch.
Result<void> set_times(X509* certificate, std::int64_t not_before_s, std::int64_t not_after_s);
// An extension in OpenSSL's configuration notation: never with text from outside.
Result<void> add_extension(X509* certificate, X509* issuer, int id, const std::string& value);
Result<void> sign_certificate(X509* certificate, EVP_PKEY* key);

// The authority of a key pair, its key in the library's context.
struct Issuer {
  X509Ptr certificate;
  PkeyPtr key;
};
Result<Issuer> read_issuer(const SeededLibrary& library, const KeyPair& ca);

}  // namespace plinth::net
