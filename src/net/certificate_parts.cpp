#include "net/certificate_parts.h"

#include <ctime>

#include <fmt/core.h>
#include <openssl/core_names.h>
#include <openssl/pem.h>
#include <openssl/rand.h>

namespace plinth::net {
namespace {

// Random bytes for one key and one signature: about 100 are used.
constexpr std::size_t kEntropyBytes = 4096;
constexpr std::size_t kSerialBytes = 16;

// OpenSSL's TEST-RAND hands out the given bytes in order and fails when they are used up.
Result<void> feed(EVP_RAND_CTX* random, Entropy& entropy) {
  unsigned char bytes[kEntropyBytes];
  entropy.fill(bytes);
  unsigned int strength = 256;
  OSSL_PARAM parameters[] = {OSSL_PARAM_construct_octet_string(OSSL_RAND_PARAM_TEST_ENTROPY, bytes, sizeof bytes),
                             OSSL_PARAM_construct_uint(OSSL_RAND_PARAM_STRENGTH, &strength), OSSL_PARAM_construct_end()};
  const bool ok = random != nullptr && EVP_RAND_CTX_set_params(random, parameters) == 1 &&
                  EVP_RAND_instantiate(random, strength, 0, nullptr, 0, nullptr) == 1;
  OPENSSL_cleanse(bytes, sizeof bytes);
  if (!ok) return openssl_error("seed key generation");
  return {};
}

}  // namespace

Result<SeededLibrary> SeededLibrary::create(Entropy& entropy) {
  SeededLibrary library;
  library.context_.reset(OSSL_LIB_CTX_new());
  if (!library.context_ || RAND_set_DRBG_type(library.get(), "TEST-RAND", nullptr, nullptr, nullptr) != 1) {
    return openssl_error("prepare key generation");
  }
  TRY(feed(RAND_get0_private(library.get()), entropy));
  TRY(feed(RAND_get0_public(library.get()), entropy));
  return library;
}

Result<void> set_serial(X509* certificate, Entropy& entropy) {
  unsigned char serial[kSerialBytes];
  entropy.fill(serial);
  serial[0] = static_cast<unsigned char>((serial[0] & 0x7f) | 0x40);  // positive, and always of this length
  std::unique_ptr<BIGNUM, OpensslFree<BN_free>> number(BN_bin2bn(serial, sizeof serial, nullptr));
  if (!number || BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) == nullptr) {
    return openssl_error("certificate serial");
  }
  return {};
}

Result<void> set_times(X509* certificate, std::int64_t not_before_s, std::int64_t not_after_s) {
  if (not_after_s <= not_before_s) return bad_request("a certificate must end after it begins");
  if (ASN1_TIME_set(X509_getm_notBefore(certificate), static_cast<time_t>(not_before_s)) == nullptr ||
      ASN1_TIME_set(X509_getm_notAfter(certificate), static_cast<time_t>(not_after_s)) == nullptr) {
    return openssl_error("certificate times");
  }
  return {};
}

Result<void> add_extension(X509* certificate, X509* issuer, int id, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509V3_set_ctx_nodb(&context);
  std::unique_ptr<X509_EXTENSION, OpensslFree<X509_EXTENSION_free>> extension(
      X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str()));
  if (!extension || X509_add_ext(certificate, extension.get(), -1) != 1) {
    return openssl_error(fmt::format("certificate extension {}", OBJ_nid2sn(id)));
  }
  return {};
}

Result<void> sign_certificate(X509* certificate, EVP_PKEY* key) {
  if (X509_sign(certificate, key, EVP_sha256()) <= 0) return openssl_error("sign certificate");
  return {};
}

Result<Issuer> read_issuer(const SeededLibrary& library, const KeyPair& ca) {
  Issuer issuer{X509Ptr(PEM_read_bio_X509(bio_over(ca.certificate_pem).get(), nullptr, nullptr, nullptr)),
                PkeyPtr(PEM_read_bio_PrivateKey_ex(bio_over(ca.private_key_pem).get(), nullptr, nullptr, nullptr, library.get(),
                                                   nullptr))};
  if (!issuer.certificate) return openssl_error("read CA certificate");
  if (!issuer.key) return openssl_error("read CA key");
  if (X509_check_private_key(issuer.certificate.get(), issuer.key.get()) != 1) return openssl_error("CA certificate and key");
  return issuer;
}

}  // namespace plinth::net
