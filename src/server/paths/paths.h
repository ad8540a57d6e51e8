// Paths that are no resources: discovery, OpenAPI, health, version, metrics, the service account issuer's documents.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "server/auth/auth.h"
#include "server/context.h"
#include "server/exchange.h"
#include "server/flow/flow_control.h"
#include "server/metrics.h"
#include "server/openapi/openapi.h"
#include "server/paths/health.h"

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
  // The swagger document, made in slices of `loop`'s time by the first who asks; others wait for it. `done` runs on `loop`.
  void get_swagger(Loop& loop, Clock& clock, SwaggerBuilder::Form form, UniqueFunction<void(Entry)> done);

 private:
  class SwaggerJob;
  friend class SwaggerJob;
  KindRegistry& registry_;
  std::mutex mutex_;
  std::uint64_t generation_ = ~0ull;
  std::map<std::string, Entry> entries_;
  std::map<std::string, std::shared_ptr<SwaggerJob>> jobs_;  // under way
};

struct PathServer {
  ServerContext& context;
  ServedDocuments& documents;
  Metrics& metrics;
  auth::Auth& auth;
  FlowControl& flow;
  HealthRecord& health;
  const std::string& advertised_address;
  StartPhase phase;
  std::int64_t started_ns;  // wall time
};

void serve_path(PathServer& server, ExchangePtr exchange);

}  // namespace plinth::server
