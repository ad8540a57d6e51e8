#include "net/signing.h"

#include <algorithm>

#include <fmt/core.h>
#include <openssl/pem.h>

#include "base/quoted.h"
#include "net/certificate_parts.h"

namespace plinth::net {
namespace {

using RequestPtr = std::unique_ptr<X509_REQ, OpensslFree<X509_REQ_free>>;
using NamesPtr = std::unique_ptr<GENERAL_NAMES, OpensslFree<GENERAL_NAMES_free>>;

struct FreeExtensions {
  void operator()(STACK_OF(X509_EXTENSION) * extensions) const { sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free); }
};

struct Usage {
  std::string_view name;
  const char* key_usage;  // in OpenSSL's words; null where it is an extended one
  const char* extended;
};

// The names of the certificates API (k8s.io/api/certificates/v1 KeyUsage); two of them have a second one.
constexpr Usage kUsages[] = {
    {"signing", "digitalSignature", nullptr},
    {"digital signature", "digitalSignature", nullptr},
    {"content commitment", "nonRepudiation", nullptr},
    {"key encipherment", "keyEncipherment", nullptr},
    {"key agreement", "keyAgreement", nullptr},
    {"data encipherment", "dataEncipherment", nullptr},
    {"cert sign", "keyCertSign", nullptr},
    {"crl sign", "cRLSign", nullptr},
    {"encipher only", "encipherOnly", nullptr},
    {"decipher only", "decipherOnly", nullptr},
    {"any", nullptr, "anyExtendedKeyUsage"},
    {"server auth", nullptr, "serverAuth"},
    {"client auth", nullptr, "clientAuth"},
    {"code signing", nullptr, "codeSigning"},
    {"email protection", nullptr, "emailProtection"},
    {"s/mime", nullptr, "emailProtection"},
    {"ipsec end system", nullptr, "ipsecEndSystem"},
    {"ipsec tunnel", nullptr, "ipsecTunnel"},
    {"ipsec user", nullptr, "ipsecUser"},
    {"timestamping", nullptr, "timeStamping"},
    {"ocsp signing", nullptr, "OCSPSigning"},
    {"microsoft sgc", nullptr, "msSGC"},
    {"netscape sgc", nullptr, "nsSGC"},
};

// One block of PEM text.
struct PemBlock {
  std::string label, headers, content;
};

// The next block of `bio`; nothing at the end of the text.
std::optional<PemBlock> next_block(BIO* bio) {
  char *label = nullptr, *headers = nullptr;
  unsigned char* content = nullptr;
  long size = 0;
  if (PEM_read_bio(bio, &label, &headers, &content, &size) != 1) {
    ERR_clear_error();
    return std::nullopt;
  }
  PemBlock block{label, headers, std::string(reinterpret_cast<const char*>(content), static_cast<std::size_t>(size))};
  OPENSSL_free(label);
  OPENSSL_free(headers);
  OPENSSL_free(content);
  return block;
}

Result<RequestPtr> parse_request(std::string_view pem) {
  const auto block = next_block(bio_over(pem).get());
  if (!block || block->label != "CERTIFICATE REQUEST") return bad_request("PEM block type must be CERTIFICATE REQUEST");
  const auto* at = reinterpret_cast<const unsigned char*>(block->content.data());
  RequestPtr request(d2i_X509_REQ(nullptr, &at, static_cast<long>(block->content.size())));
  if (!request) return bad_request(openssl_error("the certificate request is malformed").message());
  EVP_PKEY* key = X509_REQ_get0_pubkey(request.get());
  if (key == nullptr) return bad_request(openssl_error("the key of the certificate request is not usable").message());
  if (X509_REQ_verify(request.get(), key) != 1) {
    ERR_clear_error();
    return bad_request("the certificate request is not signed with its own key");
  }
  return request;
}

std::vector<std::string> subject_parts(const X509_REQ* request, int id) {
  std::vector<std::string> out;
  X509_NAME* subject = X509_REQ_get_subject_name(request);
  for (int at = -1; (at = X509_NAME_get_index_by_NID(subject, id, at)) >= 0;) {
    unsigned char* text = nullptr;
    const int size = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
    if (size < 0) continue;
    out.emplace_back(reinterpret_cast<const char*>(text), static_cast<std::size_t>(size));
    OPENSSL_free(text);
  }
  return out;
}

// Those kinds of alternative names that a certificate takes over; null when the request has none.
NamesPtr alternative_names(X509_REQ* request) {
  const std::unique_ptr<STACK_OF(X509_EXTENSION), FreeExtensions> extensions(X509_REQ_get_extensions(request));
  if (!extensions) return nullptr;
  const NamesPtr all(static_cast<GENERAL_NAMES*>(X509V3_get_d2i(extensions.get(), NID_subject_alt_name, nullptr, nullptr)));
  if (!all) {
    ERR_clear_error();
    return nullptr;
  }
  NamesPtr kept(GENERAL_NAMES_new());
  for (int i = 0; i < sk_GENERAL_NAME_num(all.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(all.get(), i);
    const bool taken = name->type == GEN_DNS || name->type == GEN_EMAIL || name->type == GEN_URI || name->type == GEN_IPADD;
    if (taken) sk_GENERAL_NAME_push(kept.get(), GENERAL_NAME_dup(name));
  }
  if (sk_GENERAL_NAME_num(kept.get()) == 0) return nullptr;
  return kept;
}

void add_once(std::string& list, std::string_view word) {
  if (("," + list + ",").find("," + std::string(word) + ",") != std::string::npos) return;
  list += (list.empty() ? "" : ",") + std::string(word);
}

Result<void> add_usages(X509* certificate, X509* issuer, const std::vector<std::string>& usages) {
  std::string key_usage = "critical", extended;
  for (const std::string& name : usages) {
    const auto* usage = std::find_if(std::begin(kUsages), std::end(kUsages), [&](const Usage& u) { return u.name == name; });
    if (usage == std::end(kUsages)) return bad_request("unrecognized usage " + quoted(name));
    if (usage->key_usage != nullptr)
      add_once(key_usage, usage->key_usage);
    else
      add_once(extended, usage->extended);
  }
  if (key_usage != "critical") TRY(add_extension(certificate, issuer, NID_key_usage, key_usage));
  if (!extended.empty()) TRY(add_extension(certificate, issuer, NID_ext_key_usage, extended));
  return {};
}

Result<void> add_names(X509* certificate, X509_REQ* request) {
  X509_NAME* subject = X509_REQ_get_subject_name(request);
  if (X509_set_subject_name(certificate, subject) != 1) return openssl_error("certificate subject");
  const NamesPtr names = alternative_names(request);
  if (!names) return {};
  const int critical = X509_NAME_entry_count(subject) == 0 ? 1 : 0;  // RFC 5280, section 4.2.1.6
  if (X509_add1_ext_i2d(certificate, NID_subject_alt_name, names.get(), critical, 0) != 1)
    return openssl_error("certificate names");
  return {};
}

}  // namespace

Result<RequestedNames> read_certificate_request(std::string_view pem) {
  const RequestPtr request = TRY(parse_request(pem));
  RequestedNames out;
  std::vector<std::string> names = subject_parts(request.get(), NID_commonName);
  if (!names.empty()) out.common_name = std::move(names.back());
  out.organizations = subject_parts(request.get(), NID_organizationName);
  const NamesPtr alternatives = alternative_names(request.get());
  for (int i = 0; alternatives && i < sk_GENERAL_NAME_num(alternatives.get()); ++i) {
    switch (sk_GENERAL_NAME_value(alternatives.get(), i)->type) {
      case GEN_DNS:
        ++out.dns_names;
        break;
      case GEN_IPADD:
        ++out.ip_addresses;
        break;
      case GEN_EMAIL:
        ++out.email_addresses;
        break;
      default:
        ++out.uris;
        break;
    }
  }
  return out;
}

Result<std::string> sign_certificate_request(Entropy& entropy, const KeyPair& ca, std::string_view request_pem,
                                             const SigningTerms& terms) {
  const RequestPtr request = TRY(parse_request(request_pem));
  const SeededLibrary library = TRY(SeededLibrary::create(entropy));
  const Issuer issuer = TRY(read_issuer(library, ca));
  const X509Ptr certificate(X509_new_ex(library.get(), nullptr));
  if (!certificate) return openssl_error("make certificate");
  X509* made = certificate.get();
  X509_set_version(made, X509_VERSION_3);
  X509_set_pubkey(made, X509_REQ_get0_pubkey(request.get()));
  TRY(set_serial(made, entropy));
  TRY(set_times(made, terms.not_before_s, terms.not_after_s));
  X509_set_issuer_name(made, X509_get_subject_name(issuer.certificate.get()));
  TRY(add_usages(made, issuer.certificate.get(), terms.usages));
  TRY(add_extension(made, issuer.certificate.get(), NID_basic_constraints, "critical,CA:FALSE"));
  TRY(add_extension(made, issuer.certificate.get(), NID_authority_key_identifier, "keyid"));
  TRY(add_names(made, request.get()));
  TRY(sign_certificate(made, issuer.key.get()));
  const BioPtr out(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_X509(out.get(), made) != 1) return openssl_error("write certificate");
  return bio_text(out.get());
}

Result<void> check_certificates(std::string_view pem) {
  const BioPtr bio = bio_over(pem);
  std::size_t blocks = 0;
  while (const auto block = next_block(bio.get())) {
    if (block->label != "CERTIFICATE") {
      return bad_request(fmt::format("only CERTIFICATE PEM blocks are allowed, found {}", quoted(block->label)));
    }
    if (!block->headers.empty()) return bad_request("no PEM block headers are permitted");
    const auto* at = reinterpret_cast<const unsigned char*>(block->content.data());
    const X509Ptr certificate(d2i_X509(nullptr, &at, static_cast<long>(block->content.size())));
    if (!certificate) return bad_request(openssl_error("a certificate is malformed").message());
    ++blocks;
  }
  if (blocks == 0) return bad_request("must contain at least one CERTIFICATE PEM block");
  return {};
}

}  // namespace plinth::net
