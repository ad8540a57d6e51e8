// TLS contexts and the platform's own PKI. OpenSSL is behind this header.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/world.h"

namespace plinth::net {

struct KeyPair {
  std::string certificate_pem;
  std::string private_key_pem;
};

struct CertificateRequest {
  std::string common_name;
  std::vector<std::string> organizations;
  std::vector<std::string> dns_names;
  std::vector<std::string> ip_addresses;
  bool server = false;
  bool client = false;
  std::int64_t not_before_s = 0;  // seconds since the epoch
  std::int64_t not_after_s = 0;
};

// ECDSA P-256 throughout.
Result<KeyPair> make_ca(Entropy& entropy, const std::string& common_name, std::int64_t not_before_s, std::int64_t not_after_s);
Result<KeyPair> issue_certificate(Entropy& entropy, const KeyPair& ca, const CertificateRequest& request);
// Seconds since the epoch at which the first certificate of `pem` ends.
Result<std::int64_t> certificate_expiry(std::string_view pem);

// ALPN offers h2 and http/1.1. Client certificates are asked for and verified against `client_ca_pem`; a connection without
// one is accepted (PeerCertificate.present = false), and so is one whose certificate does not verify or has expired: it counts
// as absent, so that the client is told 401 and not only that the handshake failed. No client is asked when the CA is empty.
Result<std::shared_ptr<TlsServerContext>> make_server_context(const KeyPair& identity, const std::string& client_ca_pem);
// Swaps the identity for new connections; from any thread (certificates renew without a restart).
Result<void> renew_identity(TlsServerContext& context, const KeyPair& identity);
// Other identities, by the names that clients ask for (SNI): "example.com", or "*.example.com" for one label in front.
struct NamedIdentity {
  std::vector<std::string> names;  // lower case
  KeyPair identity;
};
// Replaces all of them, for new connections; from any thread. Clients that ask for no name, or for another one, get the
// context's own. Those that are not usable are left out; what is wrong with them is returned, with their first name.
std::vector<Error> set_named_identities(TlsServerContext& context, const std::vector<NamedIdentity>& identities);

// Trusts `ca_pem` (system roots when empty); `identity` may be empty. ALPN offers `protocols`. What connects with it must
// name the server it expects (the host of the address unless told otherwise).
Result<std::shared_ptr<TlsClientContext>> make_client_context(const std::string& ca_pem, const KeyPair& identity,
                                                              bool insecure_skip_verify,
                                                              const std::vector<std::string>& protocols = {"http/1.1"});

}  // namespace plinth::net
