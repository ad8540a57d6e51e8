// What tls.h leaves opaque. For .cpp files of net only.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "net/openssl_ptr.h"
#include "net/tls.h"

namespace plinth {

struct TlsServerContext {
  std::mutex mutex;
  net::SslContextPtr context;  // guarded by mutex
  std::string client_ca_pem;
  std::map<std::string, std::shared_ptr<net::SslContextPtr>, std::less<>> named;  // guarded by mutex

  // For one connection; keeps the context it was made from, whatever is renewed later.
  net::SslPtr new_connection();
};

struct TlsClientContext {
  net::SslContextPtr context;
  bool verify = true;

  // `server_name` (a DNS name or an IP address) is what the certificate must be for.
  Result<net::SslPtr> new_connection(const std::string& server_name);
};

}  // namespace plinth
