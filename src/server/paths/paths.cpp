#include "server/paths/paths.h"

#include "base/json.h"
#include "server/discovery/discovery.h"
#include "server/openapi/openapi.h"
#include "server/paths/etag.h"
#include "server/paths/health.h"
#include "server/paths/process_memory.h"
#include "server/read/watch.h"
#include "server/status.h"

namespace plinth::server {
namespace {

SharedBytes shared(const std::shared_ptr<const std::string>& text) { return SharedBytes(text, *text); }

// A document that clients keep: ETag, and 304 when they have it already.
void reply_cached(Exchange& exchange, const ServedDocuments::Entry& entry, std::string content_type) {
  net::HttpResponse response = exchange.head(200, std::move(content_type));
  response.headers.add("etag", entry.etag);
  response.headers.add("vary", "Accept");
  response.headers.set("cache-control", "public");
  if (exchange.request.headers.get("if-none-match") == entry.etag)
    response.status = 304;
  else
    response.body.push_back(shared(entry.body));
  exchange.responder->send(std::move(response));
}

void serve_api_root(PathServer& server, Exchange& exchange, bool core) {
  auto form = negotiate_discovery(exchange.request.headers.get("accept"));
  if (!form.ok()) return exchange.fail(form.error());
  if (*form == DiscoveryForm::kPlain) {
    return exchange.reply(200, {SharedBytes(core ? api_versions_json(server.advertised_address)
                                                 : api_group_list_json(*server.context.registry->table()))});
  }
  const std::string name = std::string(core ? "/api" : "/apis") + (*form == DiscoveryForm::kAggregatedV2 ? "#v2" : "#v2beta1");
  auto entry =
      server.documents.get(name, [&](const KindTable& table) { return aggregated_discovery_json(table, core, *form); });
  reply_cached(exchange, entry, aggregated_content_type(*form));
}

void serve_root(PathServer& server, Exchange& exchange) {
  std::string out = R"({"paths":["/api","/api/v1","/apis")";
  const KindTablePtr table = server.context.registry->table();
  for (std::string_view group : table->groups()) {
    if (group.empty()) continue;
    out += ",\"/apis/" + std::string(group) + "\"";
    for (std::string_view version : table->versions(group))
      out += ",\"/apis/" + std::string(group) + "/" + std::string(version) + "\"";
  }
  out += R"(,"/healthz","/livez","/metrics","/metrics/slis","/openapi/v2","/openapi/v3","/readyz","/version"]})";
  exchange.reply(200, {SharedBytes(std::move(out))});
}

void serve_group_paths(PathServer& server, Exchange& exchange, std::string_view rest) {
  const KindTablePtr table = server.context.registry->table();
  const std::size_t slash = rest.find('/');
  std::string body = slash == std::string_view::npos
                         ? api_group_json(*table, rest)
                         : api_resource_list_json(*table, rest.substr(0, slash), rest.substr(slash + 1));
  if (body.empty()) return exchange.fail(unknown_path());
  exchange.reply(200, {SharedBytes(std::move(body))});
}

void serve_health(PathServer& server, Exchange& exchange) {
  const store::Store::Stats stats = server.context.store->stats();
  const std::string_view path = exchange.info.path;
  const std::string_view endpoint = path.substr(1, path.find('/', 1) - 1);
  const auto checks = health_checks(endpoint, server.phase, stats.read_only ? stats.read_only_reason : "");
  HealthAnswer answer = health_answer(path, exchange.info.query, checks, server.health);
  if (answer.status == 404) return exchange.fail(unknown_path());
  exchange.reply_text(answer.status, "text/plain; charset=utf-8", std::move(answer.text));
}

bool is_health_path(std::string_view path) {
  for (std::string_view endpoint : {"/healthz", "/livez", "/readyz"}) {
    if (path.starts_with(endpoint) && (path.size() == endpoint.size() || path[endpoint.size()] == '/')) return true;
  }
  return false;
}

void serve_metrics(PathServer& server, Exchange& exchange) {
  const store::SnapshotPtr snapshot = server.context.store->snapshot();
  const store::Store::Stats stats = server.context.store->stats();
  Metrics::Gauges gauges;
  gauges.objects = snapshot->object_count();
  gauges.object_bytes = snapshot->object_bytes();
  gauges.revision = snapshot->revision();
  gauges.watchers = server.context.watches->size();
  gauges.commits = stats.commits;
  gauges.groups = stats.groups;
  gauges.log_bytes = stats.log_bytes;
  gauges.history_bytes = stats.history_bytes;
  gauges.sync_seconds_total = static_cast<double>(stats.sync_ns_total) / 1e9;
  gauges.resident_bytes = resident_bytes();
  exchange.reply_text(200, "text/plain; version=0.0.4", server.metrics.text(gauges) + server.flow.metrics_text(*snapshot));
}

void serve_openapi_v2(PathServer& server, const ExchangePtr& exchange) {
  auto form = negotiate_openapi(exchange->request.headers.get("accept"));
  if (!form.ok()) return exchange->fail(form.error());
  const bool json = *form == OpenApiForm::kJson;
  server.documents.get_swagger(
      exchange->loop(), *server.context.clock, json ? SwaggerBuilder::Form::kJson : SwaggerBuilder::Form::kProtobuf,
      [exchange, json](const ServedDocuments::Entry& entry) {
        reply_cached(*exchange, entry,
                     json ? "application/json" : "application/com.github.proto-openapi.spec.v2.v1.0+protobuf");
      });
}

void serve_openapi_v3(PathServer& server, Exchange& exchange, std::string_view rest) {
  if (rest.empty()) return reply_cached(exchange, server.documents.get("/openapi/v3", openapi_v3_index), "application/json");
  rest.remove_prefix(1);
  std::string group;
  std::string version;
  if (rest.substr(0, 4) == "api/") {
    version = rest.substr(4);
  } else if (rest.substr(0, 5) == "apis/") {
    const std::size_t slash = rest.find('/', 5);
    if (slash != std::string_view::npos) {
      group = rest.substr(5, slash - 5);
      version = rest.substr(slash + 1);
    }
  }
  const KindTablePtr table = server.context.registry->table();
  const std::string hash = openapi_v3_hash(*table, group, version);
  auto entry = server.documents.get("/openapi/v3/" + std::string(rest),
                                    [&](const KindTable& t) { return openapi_v3_document(t, group, version); });
  if (entry.body->empty()) return exchange.fail(unknown_path());
  auto asked = query_value(exchange.info.query, "hash");
  if (asked && *asked != hash) {
    net::HttpResponse response = exchange.head(301, "application/json");
    response.headers.add("location", "/openapi/v3/" + std::string(rest) + "?hash=" + hash);
    return exchange.responder->send(std::move(response));
  }
  net::HttpResponse response = exchange.head(200, "application/json");
  response.headers.add("etag", "\"" + hash + "\"");
  response.headers.add("vary", "Accept");
  if (asked) response.headers.set("cache-control", "public, immutable, max-age=31536000");
  response.body.push_back(shared(entry.body));
  exchange.responder->send(std::move(response));
}

bool starts_with(std::string_view text, std::string_view start) { return text.substr(0, start.size()) == start; }

}  // namespace

ServedDocuments::Entry ServedDocuments::get(const std::string& name, const std::function<std::string(const KindTable&)>& make) {
  const KindTablePtr table = registry_.table();
  {
    std::lock_guard lock(mutex_);
    if (generation_ != table->generation()) {
      entries_.clear();
      generation_ = table->generation();
    }
    if (auto it = entries_.find(name); it != entries_.end()) return it->second;
  }
  Entry entry;
  entry.body = std::make_shared<const std::string>(make(*table));
  entry.etag = etag_of(*entry.body);
  std::lock_guard lock(mutex_);
  constexpr std::size_t kDocumentsMax = 512;
  if (generation_ == table->generation() && entries_.size() < kDocumentsMax) entries_[name] = entry;
  return entry;
}

void serve_path(PathServer& server, ExchangePtr exchange) {
  const std::string_view path = exchange->info.path;
  if (exchange->info.method != "GET" && exchange->info.method != "HEAD") {
    return exchange->fail(Error(Reason::kMethodNotAllowed, "the server does not allow this method on the requested resource"));
  }
  if (path == "/") return serve_root(server, *exchange);
  if (path == "/version") return exchange->reply(200, {SharedBytes(version_json())});
  if (is_health_path(path)) return serve_health(server, *exchange);
  if (path == "/metrics") return serve_metrics(server, *exchange);
  if (path == "/metrics/slis") {
    return exchange->reply_text(200, "text/plain; version=0.0.4",
                                server.health.text(static_cast<double>(server.started_ns) / 1e9));
  }
  if (path == "/api") return serve_api_root(server, *exchange, true);
  if (path == "/apis") return serve_api_root(server, *exchange, false);
  if (path == "/api/v1") {
    return exchange->reply(200, {SharedBytes(api_resource_list_json(*server.context.registry->table(), "", "v1"))});
  }
  if (starts_with(path, "/apis/")) return serve_group_paths(server, *exchange, path.substr(6));
  if (path == "/openapi/v2") return serve_openapi_v2(server, exchange);
  if (path == "/openapi/v3" || starts_with(path, "/openapi/v3/")) return serve_openapi_v3(server, *exchange, path.substr(11));
  if (path == "/openid/v1/jwks")
    return exchange->reply_text(200, "application/jwk-set+json", server.auth.signing_keys().jwks_json());
  if (path == "/.well-known/openid-configuration") {
    const std::string& issuer = server.auth.account_tokens().options().issuer;
    return exchange->reply(
        200,
        {SharedBytes(auth::openid_configuration_json(issuer, "https://" + server.advertised_address + "/openid/v1/jwks"))});
  }
  exchange->fail(unknown_path());
}

}  // namespace plinth::server
