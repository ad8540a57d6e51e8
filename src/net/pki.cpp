// The platform's own certificates: ECDSA P-256, signed with SHA-256.
#include <arpa/inet.h>
#include <fmt/core.h>
#include <openssl/core_names.h>
#include <openssl/pem.h>
#include <openssl/rand.h>

#include <ctime>

#include "net/openssl_ptr.h"
#include "net/tls.h"

namespace plinth::net {
namespace {

// Random bytes for one key and one signature: about 100 are used.
constexpr std::size_t kEntropyBytes = 4096;
constexpr std::size_t kSerialBytes = 16;

// A library context whose randomness is `entropy` and nothing else, so that a simulated world makes the same keys and the
// same signatures from the same seed. OpenSSL's TEST-RAND hands out the given bytes in order and fails when they are used up.
class SeededLibrary {
 public:
  static Result<SeededLibrary> create(Entropy& entropy) {
    SeededLibrary library;
    library.context_.reset(OSSL_LIB_CTX_new());
    if (!library.context_ || RAND_set_DRBG_type(library.get(), "TEST-RAND", nullptr, nullptr, nullptr) != 1) {
      return openssl_error("prepare key generation");
    }
    TRY(feed(RAND_get0_private(library.get()), entropy));
    TRY(feed(RAND_get0_public(library.get()), entropy));
    return library;
  }
  OSSL_LIB_CTX* get() const { return context_.get(); }

 private:
  static Result<void> feed(EVP_RAND_CTX* random, Entropy& entropy) {
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

  LibraryContextPtr context_;
};

Result<void> add_name(X509_NAME* name, const char* field, const std::string& value) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(value.data());
  if (X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8, bytes, static_cast<int>(value.size()), -1, 0) != 1) {
    return openssl_error(fmt::format("certificate subject {}={}", field, value));
  }
  return {};
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

// Built as structures, never as configuration text: a name can hold no separator.
Result<void> add_alternative_names(X509* certificate, const CertificateRequest& request) {
  if (request.dns_names.empty() && request.ip_addresses.empty()) return {};
  std::unique_ptr<GENERAL_NAMES, OpensslFree<GENERAL_NAMES_free>> names(GENERAL_NAMES_new());
  auto add = [&names](int type, std::string_view value) {
    ASN1_STRING* text = ASN1_STRING_type_new(type == GEN_DNS ? V_ASN1_IA5STRING : V_ASN1_OCTET_STRING);
    ASN1_STRING_set(text, value.data(), static_cast<int>(value.size()));
    GENERAL_NAME* name = GENERAL_NAME_new();
    GENERAL_NAME_set0_value(name, type, text);
    sk_GENERAL_NAME_push(names.get(), name);
  };
  for (const std::string& dns : request.dns_names) add(GEN_DNS, dns);
  for (const std::string& ip : request.ip_addresses) {
    char bytes[16];
    if (inet_pton(AF_INET, ip.c_str(), bytes) == 1) add(GEN_IPADD, {bytes, 4});
    else if (inet_pton(AF_INET6, ip.c_str(), bytes) == 1) add(GEN_IPADD, {bytes, 16});
    else return bad_request(fmt::format("\"{}\" is not an IP address", ip));
  }
  if (X509_add1_ext_i2d(certificate, NID_subject_alt_name, names.get(), 0, 0) != 1) return openssl_error("certificate names");
  return {};
}

Result<void> sign(X509* certificate, EVP_PKEY* key) {
  if (X509_sign(certificate, key, EVP_sha256()) <= 0) return openssl_error("sign certificate");
  return {};
}

Result<KeyPair> to_pem(X509* certificate, EVP_PKEY* key) {
  const BioPtr certificate_out(BIO_new(BIO_s_mem()));
  const BioPtr key_out(BIO_new(BIO_s_secmem()));
  if (PEM_write_bio_X509(certificate_out.get(), certificate) != 1 ||
      PEM_write_bio_PKCS8PrivateKey(key_out.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return openssl_error("write certificate");
  }
  return KeyPair{bio_text(certificate_out.get()), bio_text(key_out.get())};
}

struct Draft {
  X509Ptr certificate;
  PkeyPtr key;
};

Result<Draft> make_draft(const SeededLibrary& library, Entropy& entropy, std::int64_t not_before_s, std::int64_t not_after_s) {
  Draft draft{X509Ptr(X509_new_ex(library.get(), nullptr)), PkeyPtr(EVP_PKEY_Q_keygen(library.get(), nullptr, "EC", "P-256"))};
  if (!draft.certificate || !draft.key) return openssl_error("make key");
  X509_set_version(draft.certificate.get(), X509_VERSION_3);
  X509_set_pubkey(draft.certificate.get(), draft.key.get());
  TRY(set_serial(draft.certificate.get(), entropy));
  TRY(set_times(draft.certificate.get(), not_before_s, not_after_s));
  return draft;
}

}  // namespace

Result<KeyPair> make_ca(Entropy& entropy, const std::string& common_name, std::int64_t not_before_s, std::int64_t not_after_s) {
  const SeededLibrary library = TRY(SeededLibrary::create(entropy));
  const Draft draft = TRY(make_draft(library, entropy, not_before_s, not_after_s));
  X509* certificate = draft.certificate.get();
  TRY(add_name(X509_get_subject_name(certificate), "CN", common_name));
  X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
  TRY(add_extension(certificate, certificate, NID_basic_constraints, "critical,CA:TRUE"));
  TRY(add_extension(certificate, certificate, NID_key_usage, "critical,digitalSignature,keyEncipherment,keyCertSign"));
  TRY(add_extension(certificate, certificate, NID_subject_key_identifier, "hash"));
  TRY(sign(certificate, draft.key.get()));
  return to_pem(certificate, draft.key.get());
}

Result<KeyPair> issue_certificate(Entropy& entropy, const KeyPair& ca, const CertificateRequest& request) {
  const SeededLibrary library = TRY(SeededLibrary::create(entropy));
  const X509Ptr issuer(PEM_read_bio_X509(bio_over(ca.certificate_pem).get(), nullptr, nullptr, nullptr));
  if (!issuer) return openssl_error("read CA certificate");
  const PkeyPtr issuer_key(PEM_read_bio_PrivateKey_ex(bio_over(ca.private_key_pem).get(), nullptr, nullptr, nullptr, library.get(), nullptr));
  if (!issuer_key) return openssl_error("read CA key");
  if (X509_check_private_key(issuer.get(), issuer_key.get()) != 1) return openssl_error("CA certificate and key");

  const Draft draft = TRY(make_draft(library, entropy, request.not_before_s, request.not_after_s));
  X509* certificate = draft.certificate.get();
  X509_NAME* subject = X509_get_subject_name(certificate);
  for (const std::string& organization : request.organizations) TRY(add_name(subject, "O", organization));
  TRY(add_name(subject, "CN", request.common_name));
  X509_set_issuer_name(certificate, X509_get_subject_name(issuer.get()));
  TRY(add_extension(certificate, issuer.get(), NID_basic_constraints, "critical,CA:FALSE"));
  TRY(add_extension(certificate, issuer.get(), NID_key_usage, "critical,digitalSignature,keyEncipherment"));
  const char* both = "serverAuth,clientAuth";
  const char* purposes = request.server && request.client ? both : request.server ? "serverAuth" : "clientAuth";
  if (request.server || request.client) TRY(add_extension(certificate, issuer.get(), NID_ext_key_usage, purposes));
  TRY(add_extension(certificate, issuer.get(), NID_authority_key_identifier, "keyid"));
  TRY(add_alternative_names(certificate, request));
  TRY(sign(certificate, issuer_key.get()));
  return to_pem(certificate, draft.key.get());
}

Result<std::int64_t> certificate_expiry(std::string_view pem) {
  const X509Ptr certificate(PEM_read_bio_X509(bio_over(pem).get(), nullptr, nullptr, nullptr));
  if (!certificate) return openssl_error("read certificate");
  std::tm when{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate.get()), &when) != 1) return openssl_error("read certificate");
  return static_cast<std::int64_t>(timegm(&when));
}

}  // namespace plinth::net
