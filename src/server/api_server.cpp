#include "server/api_server.h"

#include "base/ids.h"
#include "net/websocket.h"
#include "server/admission/admission.h"
#include "server/admission/admission_book.h"
#include "server/admission/quota_ledger.h"
#include "server/admission/webhook_call.h"
#include "server/bootstrap.h"
#include "server/compressed_responder.h"
#include "server/exchange.h"
#include "server/flow/flow_control.h"
#include "server/paths/paths.h"
#include "server/read/current_forms.h"
#include "server/read/decoded_objects.h"
#include "server/read/list.h"
#include "server/read/watch.h"
#include "server/read/websocket_watch.h"
#include "server/resources/node_proxy.h"
#include "server/resources/pod_log.h"
#include "server/resources/proxy.h"
#include "server/resources/resource_metrics.h"
#include "server/resources/routes.h"
#include "server/status.h"
#include "server/streams/pod_streams.h"
#include "server/write/allocation.h"

namespace plinth::server {

struct ApiServer::Parts {
  explicit Parts(const ApiServerParts& given, const ApiServerOptions& options)
      : forms(options.forms_cache_bytes),
        decoded(options.decoded_cache_bytes),
        pins(*given.world.clock, options.pinned_snapshot_age_max, options.pinned_snapshots_max),
        admission(default_admission_plugins()),
        webhook_clients(*given.world.network, *given.world.clock),
        proxies(*given.world.network, *given.world.clock),
        flow(options.requests_max, options.request_wait_max),
        documents(registry) {}

  KindRegistry registry;
  CurrentForms forms;
  DecodedObjects decoded;
  PinnedSnapshots pins;
  WatchBook watches;
  AdmissionChain admission;
  AdmissionBook admission_book;
  WebhookClients webhook_clients;
  ProxyForwarders proxies;
  FlowControl flow;
  Metrics metrics;
  HealthRecord health;
  ServedDocuments documents;
  ServerContext context;
};

ApiServer::ApiServer(ApiServerParts given, ApiServerOptions options)
    : given_(given),
      options_(std::move(options)),
      parts_(std::make_unique<Parts>(given_, options_)),
      started_ns_(given_.world.clock->wall_ns()) {
  ServerContext& context = parts_->context;
  context.clock = given_.world.clock;
  context.entropy = given_.world.entropy;
  context.network = given_.world.network;
  context.store = given_.store;
  context.registry = &parts_->registry;
  context.forms = &parts_->forms;
  context.decoded = &parts_->decoded;
  context.pins = &parts_->pins;
  context.watches = &parts_->watches;
  context.admission = &parts_->admission;
  context.admission_book = &parts_->admission_book;
  context.webhook_clients = &parts_->webhook_clients;
  context.auth = given_.auth;
  context.pool = given_.pool;
  context.limits = options_.limits;
  context.allocation = options_.allocation;
  parts_->registry.sync(*given_.store->snapshot());
  parts_->registry.on_change(
      [watches = &parts_->watches](const std::vector<std::string>& kinds) { watches->end_kinds(kinds); });
}

ApiServer::~ApiServer() = default;

void ApiServer::set_node(NodeSlots* node) {
  node_ = node;
  registry().serve_measured(node != nullptr);
}

KindRegistry& ApiServer::registry() { return parts_->registry; }
ServerContext& ApiServer::context() { return parts_->context; }
void ApiServer::end_watches() { parts_->watches.end_all(); }
std::string ApiServer::make_audit_id() { return new_uuid(*given_.world.entropy); }

void ApiServer::bootstrap(SeedOptions options, Loop& loop, UniqueFunction<void(Result<void>)> done) {
  auto seeded = std::make_shared<UniqueFunction<void(Result<void>)>>(std::move(done));
  repair_claims(parts_->context, loop, [this, &loop, seeded, options = std::move(options)](Result<void> repaired) mutable {
    if (!repaired.ok()) return (*seeded)(std::move(repaired));
    repair_quotas(parts_->context, loop, [this, &loop, seeded, options = std::move(options)](Result<void> counted) mutable {
      if (!counted.ok()) return (*seeded)(std::move(counted));
      reach(StartPhase::kRepaired);
      seed_cluster(*this, std::move(options), loop, [this, seeded](Result<void> outcome) {
        if (outcome.ok()) reach(StartPhase::kSeeded);
        (*seeded)(std::move(outcome));
      });
    });
  });
}

void ApiServer::handle(net::HttpRequest request, std::shared_ptr<net::IncomingBody> body,
                       std::shared_ptr<net::Responder> responder) {
  auto snapshot = given_.store->snapshot();
  auto user = given_.auth->authenticate(request, *snapshot, given_.world.clock->wall_ns());
  if (!user.ok()) {
    parts_->metrics.count_request("", "", user.error().code());
    Exchange refused(std::move(request), RequestInfo(), nullptr, std::move(responder), make_audit_id());
    return refused.fail(user.error());
  }
  dispatch(std::move(request), std::move(body), std::move(*user), std::move(responder));
}

void ApiServer::dispatch(net::HttpRequest request, std::shared_ptr<net::IncomingBody> body, auth::UserPtr user,
                         std::shared_ptr<net::Responder> responder) {
  auto info = parse_request_info(request.method, request.target);
  if (!info.ok()) {
    Exchange refused(std::move(request), RequestInfo(), std::move(user), std::move(responder), make_audit_id());
    return refused.fail(info.error());
  }
  auto exchange =
      std::make_shared<Exchange>(std::move(request), std::move(*info), std::move(user), std::move(responder), make_audit_id());
  exchange->body = std::move(body);
  exchange->metrics = &parts_->metrics;
  exchange->clock = given_.world.clock;
  exchange->started_ns = given_.world.clock->monotonic_ns();
  // What is passed on is not made here.
  if (!exchange->info.is_watch && !asks_for_proxy(exchange->info)) {
    exchange->responder = compressed_responder(std::move(exchange->responder), exchange->request, options_.compression);
  }
  parts_->flow.enter(std::move(exchange), *given_.store->snapshot(),
                     [this](ExchangePtr admitted) { admit(std::move(admitted)); });
}

void ApiServer::admit(ExchangePtr exchange) {
  auto timely = check_request_timeout(exchange->info);
  if (!timely.ok()) return exchange->fail(timely.error());
  auto allowed = authorize(*exchange);
  if (!allowed.ok()) return exchange->fail(allowed.error());
  if (exchange->info.is_watch && net::wants_websocket(exchange->request)) {
    auto messages = websocket_watch(exchange->responder, exchange->request);
    if (!messages.ok()) return exchange->fail(messages.error());
    exchange->responder = std::move(*messages);
  }
  route(std::move(exchange));
}

Result<void> ApiServer::authorize(const Exchange& exchange) {
  const RequestInfo& info = exchange.info;
  if (!info.is_resource && auth::is_public_path(info.path)) return {};
  auth::Attributes attributes;
  attributes.user = exchange.user;
  attributes.verb = info.verb;
  attributes.is_resource_request = info.is_resource;
  attributes.path = info.path;
  if (info.is_resource) {
    attributes.group = info.group;
    attributes.version = info.version;
    attributes.resource = info.resource;
    attributes.subresource = info.subresource;
    attributes.name_space = info.name_space;
    attributes.name = info.name;
    if (auto selector = query_value(info.query, "fieldSelector"); selector && info.name.empty() && info.verb != "create") {
      attributes.field_selector = *selector;
      attributes.name = auth::name_of_field_selector(*selector);
    }
    if (auto selector = query_value(info.query, "labelSelector")) attributes.label_selector = *selector;
  }
  return given_.auth->rbac().require(attributes, *given_.store->snapshot());
}

void ApiServer::route(ExchangePtr exchange) {
  if (exchange->info.is_resource) return route_resource(std::move(exchange));
  route_path(std::move(exchange));
}

void ApiServer::route_path(ExchangePtr exchange) {
  PathServer server{parts_->context, parts_->documents,           parts_->metrics, *given_.auth, parts_->flow,
                    parts_->health,  options_.advertised_address, phase_.load(),   started_ns_};
  serve_path(server, std::move(exchange));
}

void ApiServer::route_resource(ExchangePtr exchange) {
  if (asks_for_proxy(exchange->info)) return serve_proxy(parts_->context, parts_->proxies, std::move(exchange));
  if (asks_for_node_proxy(exchange->info)) return serve_node_proxy(parts_->context, node_, std::move(exchange));
  if (asks_for_pod_log(exchange->info)) return serve_pod_log(parts_->context, node_, std::move(exchange));
  if (asks_for_pod_stream(exchange->info)) return serve_pod_stream(parts_->context, node_, std::move(exchange));
  if (NodeSlots* node = node_; node != nullptr && exchange->info.group == kMetricsGroup)
    return serve_resource_metrics(parts_->context, *node, std::move(exchange));
  serve_resource(parts_->context, std::move(exchange));
}

}  // namespace plinth::server
