// Paths that are no resources: discovery, OpenAPI, health, version, metrics, the service account issuer's documents.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "server/auth/auth.h"
#include "server/context.h"
#include "server/exchange.h"
#include "server/metrics.h"

namespace plinth::server {

// Documents that are made once per state of the registry. Any thread.
class ServedDocuments {
 public:
  explicit ServedDocuments(KindRegistry& registry) : registry_(registry) {}
  struct Entry {
    std::shared_ptr<const std::string> body;
    std::string etag;  // quoted upper-case hex SHA-512
  };
  // `name` identifies the document; `make` is called when it has not been made for the current table.
  Entry get(const std::string& name, const std::function<std::string(const KindTable&)>& make);

 private:
  KindRegistry& registry_;
  std::mutex mutex_;
  std::uint64_t generation_ = ~0ull;
  std::map<std::string, Entry> entries_;
};

struct PathServer {
  ServerContext& context;
  ServedDocuments& documents;
  Metrics& metrics;
  auth::Auth& auth;
  const std::string& advertised_address;
  bool ready;
};

void serve_path(PathServer& server, ExchangePtr exchange);

}  // namespace plinth::server
