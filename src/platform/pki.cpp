#include "platform/pki.h"

#include <algorithm>
#include <optional>

#include "base/text.h"

namespace plinth::platform {
namespace {

constexpr std::int64_t kBackdate = 3600;  // clocks of clients may be behind

bool is_address(const std::string& host) {
  return host.find(':') != std::string::npos || host.find_first_not_of("0123456789.") == std::string::npos;
}

Result<std::optional<net::KeyPair>> read_pair(server::auth::SecretFiles& files, const std::string& name) {
  auto certificate = TRY(files.read(name + ".crt"));
  auto key = TRY(files.read(name + ".key"));
  if (!certificate || !key) return std::optional<net::KeyPair>();
  return std::optional<net::KeyPair>(net::KeyPair{std::move(*certificate), std::move(*key)});
}

Result<void> write_pair(server::auth::SecretFiles& files, const std::string& name, const net::KeyPair& pair) {
  TRY(files.write(name + ".key", pair.private_key_pem));
  return files.write(name + ".crt", pair.certificate_pem);
}

bool ends_soon(const net::KeyPair& pair, std::int64_t now) {
  auto expiry = net::certificate_expiry(pair.certificate_pem);
  return !expiry.ok() || *expiry - now < kRenewBefore;
}

}  // namespace

Result<Pki> load_or_make_pki(server::auth::SecretFiles& files, Clock& clock, Entropy& entropy,
                             const std::vector<std::string>& hosts) {
  const std::int64_t now = clock.wall_ns() / 1'000'000'000;
  Pki pki;
  bool new_ca = false;
  if (auto kept = TRY(read_pair(files, "ca"))) {
    pki.ca = std::move(*kept);
  } else {
    pki.ca = TRY(net::make_ca(entropy, "plinth-ca", now - kBackdate, now + kCaSeconds));
    TRY(write_pair(files, "ca", pki.ca));
    new_ca = true;
  }

  net::CertificateRequest request;
  request.not_before_s = now - kBackdate;
  request.not_after_s = now + kCertificateSeconds;
  std::vector<std::string> names = hosts;
  std::sort(names.begin(), names.end());
  const std::string wanted_names = join(names, ",");
  auto server = TRY(read_pair(files, "apiserver"));
  auto kept_names = TRY(files.read("apiserver.names"));
  if (!new_ca && server && !ends_soon(*server, now) && kept_names == wanted_names) {
    pki.server = std::move(*server);
  } else {
    request.common_name = "plinth-apiserver";
    request.server = true;
    for (const std::string& host : names) (is_address(host) ? request.ip_addresses : request.dns_names).push_back(host);
    pki.server = TRY(net::issue_certificate(entropy, pki.ca, request));
    TRY(write_pair(files, "apiserver", pki.server));
    TRY(files.write("apiserver.names", wanted_names));
  }

  if (auto kept = TRY(read_pair(files, "front-proxy-ca"))) {
    pki.front_proxy_ca = std::move(*kept);
  } else {
    pki.front_proxy_ca = TRY(net::make_ca(entropy, "plinth-front-proxy-ca", now - kBackdate, now + kCaSeconds));
    TRY(write_pair(files, "front-proxy-ca", pki.front_proxy_ca));
  }

  auto admin = TRY(read_pair(files, "admin"));
  if (!new_ca && admin && !ends_soon(*admin, now)) {
    pki.admin = std::move(*admin);
  } else {
    request = net::CertificateRequest();
    request.not_before_s = now - kBackdate;
    request.not_after_s = now + kCertificateSeconds;
    request.common_name = "kubernetes-admin";
    request.organizations = {"system:masters"};
    request.client = true;
    pki.admin = TRY(net::issue_certificate(entropy, pki.ca, request));
    TRY(write_pair(files, "admin", pki.admin));
  }
  return pki;
}

}  // namespace plinth::platform
