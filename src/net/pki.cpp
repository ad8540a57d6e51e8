// The platform's own certificates: ECDSA P-256, signed with SHA-256.
#include <ctime>

#include <arpa/inet.h>
#include <fmt/core.h>
#include <openssl/pem.h>

#include "net/certificate_parts.h"
#include "net/tls.h"

namespace plinth::net {
namespace {

Result<void> add_name(X509_NAME* name, const char* field, const std::string& value) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(value.data());
  if (X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8, bytes, static_cast<int>(value.size()), -1, 0) != 1) {
    return openssl_error(fmt::format("certificate subject {}={}", field, value));
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
    if (inet_pton(AF_INET, ip.c_str(), bytes) == 1)
      add(GEN_IPADD, {bytes, 4});
    else if (inet_pton(AF_INET6, ip.c_str(), bytes) == 1)
      add(GEN_IPADD, {bytes, 16});
    else
      return bad_request(fmt::format("\"{}\" is not an IP address", ip));
  }
  if (X509_add1_ext_i2d(certificate, NID_subject_alt_name, names.get(), 0, 0) != 1) return openssl_error("certificate names");
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
  TRY(sign_certificate(certificate, draft.key.get()));
  return to_pem(certificate, draft.key.get());
}

Result<KeyPair> issue_certificate(Entropy& entropy, const KeyPair& ca, const CertificateRequest& request) {
  const SeededLibrary library = TRY(SeededLibrary::create(entropy));
  const Issuer authority = TRY(read_issuer(library, ca));
  X509* issuer = authority.certificate.get();

  const Draft draft = TRY(make_draft(library, entropy, request.not_before_s, request.not_after_s));
  X509* certificate = draft.certificate.get();
  X509_NAME* subject = X509_get_subject_name(certificate);
  for (const std::string& organization : request.organizations) TRY(add_name(subject, "O", organization));
  TRY(add_name(subject, "CN", request.common_name));
  X509_set_issuer_name(certificate, X509_get_subject_name(issuer));
  TRY(add_extension(certificate, issuer, NID_basic_constraints, "critical,CA:FALSE"));
  TRY(add_extension(certificate, issuer, NID_key_usage, "critical,digitalSignature,keyEncipherment"));
  const char* both = "serverAuth,clientAuth";
  const char* purposes = request.server && request.client ? both : request.server ? "serverAuth" : "clientAuth";
  if (request.server || request.client) TRY(add_extension(certificate, issuer, NID_ext_key_usage, purposes));
  TRY(add_extension(certificate, issuer, NID_authority_key_identifier, "keyid"));
  TRY(add_alternative_names(certificate, request));
  TRY(sign_certificate(certificate, authority.key.get()));
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
