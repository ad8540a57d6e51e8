// Where a cluster is and who we are to it, read from a kubeconfig.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/tls.h"

namespace plinth::client {

struct RemoteConfig {
  std::string address;      // "host:port"
  std::string path_prefix;  // of the server's URL, without a slash at the end
  bool tls = true;
  std::string server_name;  // that the certificate must be for; "": the host
  std::string ca_pem;       // "": the system's roots
  bool insecure = false;
  net::KeyPair identity;   // a client certificate, or empty
  std::string token;       // or a bearer token
  std::string token_file;  // where it was read, when it may change there (tokens of service accounts do)
};

// Reads a file that the kubeconfig names.
using ReadFile = std::function<Result<std::string>(const std::string& path)>;

// `context` "": the current one. BadRequest names what is missing, or a way of authenticating that is not supported (exec,
// auth-provider, user names with passwords, proxies).
Result<RemoteConfig> parse_kubeconfig(std::string_view text, std::string_view context, const ReadFile& read_file);

}  // namespace plinth::client
