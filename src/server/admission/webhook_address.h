// Where a webhook's clientConfig points.
#pragma once

#include <string>

#include "base/result.h"
#include "base/value.h"
#include "store/store.h"

namespace plinth::server {

struct WebhookAddress {
  std::string dial;         // "host:port"
  std::string server_name;  // what the certificate must be for
  std::string path;
  std::string ca_pem;
};

// A service is found through its Endpoints: the first address that is ready, at the port that the service's port leads to.
Result<WebhookAddress> webhook_address(const Value& client_config, const store::Snapshot& snapshot);

}  // namespace plinth::server
