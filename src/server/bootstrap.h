// What every cluster has from its first start on: namespaces, default roles, priority classes, and what the server tells others
// of itself in kube-system.
#pragma once

#include <string>

#include "base/function.h"
#include "base/result.h"
#include "base/world.h"

namespace plinth::server {

class ApiServer;

// Told to whoever serves requests of this cluster's users (kube-system/extension-apiserver-authentication). "": not told.
struct SeedOptions {
  std::string client_ca_pem;       // of client certificates
  std::string front_proxy_ca_pem;  // of proxies, which name the user in headers
};

// Through the pipeline, as a member of system:masters; only what is missing or incomplete is written, so that a later start
// writes nothing. Runs `done` on `loop`.
void seed_cluster(ApiServer& server, SeedOptions options, Loop& loop, UniqueFunction<void(Result<void>)> done);

}  // namespace plinth::server
