// Certificates that others ask for with a PKCS#10 request: what the request says, and signing it. OpenSSL is behind this
// header.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/world.h"
#include "net/tls.h"

namespace plinth::net {

struct RequestedNames {
  std::string common_name;                 // the last one of the subject; "" when there is none
  std::vector<std::string> organizations;  // in order
  std::size_t dns_names = 0, ip_addresses = 0, email_addresses = 0, uris = 0;  // alternative names of each kind
};
// BadRequest when the text is no request in PEM, or is not signed with its own key.
Result<RequestedNames> read_certificate_request(std::string_view pem);

struct SigningTerms {
  std::vector<std::string> usages;  // as the certificates API names them: "client auth", "digital signature", ...
  std::int64_t not_before_s = 0;    // seconds since the epoch
  std::int64_t not_after_s = 0;
};
// A certificate for the request's key, subject and alternative names (DNS, IP, e-mail, URI), in PEM. Nothing else that the
// request asks for is heard: it is no authority, and is good for `usages` alone.
Result<std::string> sign_certificate_request(Entropy& entropy, const KeyPair& ca, std::string_view request_pem,
                                             const SigningTerms& terms);

// BadRequest unless the text is one or more certificates in PEM, without headers and without anything else between BEGIN and
// END.
Result<void> check_certificates(std::string_view pem);

}  // namespace plinth::net
