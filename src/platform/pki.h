// The certificates of a platform: a CA made at the first start, a serving certificate, and one for the administrator.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/world.h"
#include "net/tls.h"
#include "server/auth/secret_files.h"

namespace plinth::platform {

struct Pki {
  net::KeyPair ca;
  net::KeyPair server;
  net::KeyPair front_proxy_ca;  // of proxies that name the users whose requests they pass on; it has signed nothing
  net::KeyPair admin;           // CN kubernetes-admin, O system:masters
};

// Reads what is kept and makes what is missing or ends within kRenewBefore. `hosts` are the names and addresses that the
// serving certificate must be for; a kept one that lacks any is made again.
inline constexpr std::int64_t kCaSeconds = 10LL * 365 * 24 * 3600;
inline constexpr std::int64_t kCertificateSeconds = 365LL * 24 * 3600;
inline constexpr std::int64_t kRenewBefore = 90LL * 24 * 3600;
Result<Pki> load_or_make_pki(server::auth::SecretFiles& files, Clock& clock, Entropy& entropy,
                             const std::vector<std::string>& hosts);

}  // namespace plinth::platform
