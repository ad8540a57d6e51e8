// Certificate requests that others made (openssl req), and what becomes of them.
#include "net/signing.h"

#include <doctest/doctest.h>
#include <openssl/pem.h>

#include "net/openssl_ptr.h"

namespace plinth::net {
namespace {

// /O=team/CN=jane with an alternative name of every kind; it would like to be an authority, too.
constexpr const char* kJane = R"(-----BEGIN CERTIFICATE REQUEST-----
MIIBWzCCAQECAQAwHjENMAsGA1UECgwEdGVhbTENMAsGA1UEAwwEamFuZTBZMBMG
ByqGSM49AgEGCCqGSM49AwEHA0IABLGjExRGLEb7at/R5Hi5Lj2emH62xVtEGeSp
85LrkHBMjqX5kp00xEEkeYXSk+CXKkzUHBoTmUDCUdkkSxQ/2GOggYAwfgYJKoZI
hvcNAQkOMXEwbzAPBgNVHRMBAf8EBTADAQH/MAsGA1UdDwQEAwICBDBPBgNVHREE
SDBGgg1hLmV4YW1wbGUuY29tgg1iLmV4YW1wbGUuY29thwQKAAABgQ1qQGV4YW1w
bGUuY29thgxzcGlmZmU6Ly94L3mIAyoDBDAKBggqhkjOPQQDAgNIADBFAiBCjCcl
08cEhVWmIxHZNdw0CjtIsrmGAUjxW5ZzZC+XIQIhAPWKgOEfXOdQBRCxi6hPzF2/
CFbsgxh5NB4B/Xt5Uwza
-----END CERTIFICATE REQUEST-----
)";

struct CountingEntropy final : Entropy {
  void fill(std::span<unsigned char> out) override {
    for (unsigned char& byte : out)
      byte = static_cast<unsigned char>((state = state * 6364136223846793005u + 1442695040888963407u) >> 33);
  }
  std::uint64_t state = 7;
};

std::string replaced(std::string text, std::string_view what, std::string_view with) {
  const std::size_t at = text.find(what);
  REQUIRE(at != std::string::npos);
  return text.replace(at, what.size(), with);
}

// "Name[ critical]: value" of every extension but those that name keys.
std::string extensions_of(X509* certificate) {
  std::string out;
  for (int i = 0; i < X509_get_ext_count(certificate); ++i) {
    X509_EXTENSION* extension = X509_get_ext(certificate, i);
    const int id = OBJ_obj2nid(X509_EXTENSION_get_object(extension));
    if (id == NID_authority_key_identifier) continue;
    const BioPtr bio(BIO_new(BIO_s_mem()));
    X509V3_EXT_print(bio.get(), extension, 0, 0);
    out += std::string(OBJ_nid2sn(id)) + (X509_EXTENSION_get_critical(extension) != 0 ? " critical" : "") + ": " +
           bio_text(bio.get()) + "\n";
  }
  return out;
}

TEST_CASE("a certificate request says who asks") {
  const RequestedNames names = read_certificate_request(kJane).value();
  CHECK(names.common_name == "jane");
  CHECK(names.organizations == std::vector<std::string>{"team"});
  CHECK(names.dns_names == 2);
  CHECK(names.ip_addresses == 1);
  CHECK(names.email_addresses == 1);
  CHECK(names.uris == 1);
}

TEST_CASE("what is no certificate request, or not signed by its key, is refused") {
  const std::pair<std::string, std::string> rows[] = {
      {"", "PEM block type must be CERTIFICATE REQUEST"},
      {"no", "PEM block type must be CERTIFICATE REQUEST"},
      {replaced(replaced(kJane, "BEGIN CERTIFICATE REQUEST", "BEGIN NEW CERTIFICATE REQUEST"), "END CERTIFICATE REQUEST",
                "END NEW CERTIFICATE REQUEST"),
       "PEM block type must be CERTIFICATE REQUEST"},
      {"-----BEGIN CERTIFICATE REQUEST-----\nbm8=\n-----END CERTIFICATE REQUEST-----\n", "malformed"},
      {replaced(kJane, "MAsGA1UEAwwEamFuZTBZ", "MAsGA1UEAwwEamFuYTBZ"), "not signed with its own key"},  // jana
  };
  CountingEntropy entropy;
  const KeyPair ca = make_ca(entropy, "ca", 1000, 5000).value();
  for (const auto& [pem, message] : rows) {
    const auto& shown = pem;
    CAPTURE(shown);
    const auto read = read_certificate_request(pem);
    REQUIRE_FALSE(read.ok());
    CHECK(read.error().reason() == Reason::kBadRequest);
    CHECK(read.error().message().find(message) != std::string::npos);
    CHECK_FALSE(sign_certificate_request(entropy, ca, pem, {{"client auth"}, 1000, 2000}).ok());
  }
}

TEST_CASE("a signed request is a certificate for its key and names, and for what was granted alone") {
  CountingEntropy entropy;
  const KeyPair ca = make_ca(entropy, "ca", 1000, 5000).value();
  const std::string pem =
      sign_certificate_request(entropy, ca, kJane,
                               {{"client auth", "digital signature", "signing", "key encipherment"}, 1500, 2500})
          .value();
  CHECK(certificate_expiry(pem).value() == 2500);
  CHECK(check_certificates(pem).ok());
  const X509Ptr made(PEM_read_bio_X509(bio_over(pem).get(), nullptr, nullptr, nullptr));
  const X509Ptr issuer(PEM_read_bio_X509(bio_over(ca.certificate_pem).get(), nullptr, nullptr, nullptr));
  REQUIRE(made);
  CHECK(X509_verify(made.get(), X509_get0_pubkey(issuer.get())) == 1);
  CHECK(X509_check_issued(issuer.get(), made.get()) == X509_V_OK);
  CHECK(X509_get_ext_by_NID(made.get(), NID_authority_key_identifier, -1) >= 0);
  CHECK(extensions_of(made.get()) ==
        "keyUsage critical: Digital Signature, Key Encipherment\n"
        "extendedKeyUsage: TLS Web Client Authentication\n"
        "basicConstraints critical: CA:FALSE\n"
        "subjectAltName: DNS:a.example.com, DNS:b.example.com, IP Address:10.0.0.1, email:j@example.com, URI:spiffe://x/y\n");
  char subject[64] = {};
  X509_NAME_oneline(X509_get_subject_name(made.get()), subject, sizeof subject);
  CHECK(std::string(subject) == "/O=team/CN=jane");
  const std::string again = sign_certificate_request(entropy, ca, kJane, {{"client auth"}, 1500, 2500}).value();
  const X509Ptr second(PEM_read_bio_X509(bio_over(again).get(), nullptr, nullptr, nullptr));
  CHECK(ASN1_INTEGER_cmp(X509_get0_serialNumber(made.get()), X509_get0_serialNumber(second.get())) != 0);
  CHECK(sign_certificate_request(entropy, ca, kJane, {{"tea"}, 1500, 2500}).error().message() == "unrecognized usage \"tea\"");
}

TEST_CASE("only certificates count as certificates") {
  CountingEntropy entropy;
  const std::string one = make_ca(entropy, "ca", 1000, 5000).value().certificate_pem;
  const std::pair<std::string, std::string> rows[] = {
      {one, ""},
      {one + one, ""},
      {"text before\n" + one, ""},
      {"", "must contain at least one CERTIFICATE PEM block"},
      {"eA==", "must contain at least one CERTIFICATE PEM block"},
      {one + kJane, "only CERTIFICATE PEM blocks are allowed, found \"CERTIFICATE REQUEST\""},
      {replaced(one, "CERTIFICATE-----\n", "CERTIFICATE-----\nA: b\n\n"), "no PEM block headers are permitted"},
      {"-----BEGIN CERTIFICATE-----\nbm8=\n-----END CERTIFICATE-----\n", "a certificate is malformed"},
  };
  for (const auto& [pem, message] : rows) {
    const auto& shown = pem;
    CAPTURE(shown);
    const auto checked = check_certificates(pem);
    CHECK(checked.ok() == message.empty());
    if (!checked.ok()) CHECK(checked.error().message().find(message) != std::string::npos);
  }
}

}  // namespace
}  // namespace plinth::net
