#include "sim/sim_platform.h"

#include "client/remote_cluster.h"
#include "server/status.h"
#include "sim/lagging_cluster.h"
#include "store/core_store.h"

namespace plinth::sim {
namespace {

server::auth::UserPtr administrator() {
  auto user = std::make_shared<server::auth::UserInfo>();
  user->name = "kubernetes-admin";
  user->groups = {std::string(server::auth::kPrivilegedGroup), std::string(server::auth::kAuthenticatedGroup)};
  return user;
}

}  // namespace

SimPlatform::SimPlatform(std::uint64_t seed, SimPlatformOptions options)
    : options_(options), world_(seed), loop_(world_.new_loop("control")), io_loop_(world_.new_loop("io")) {}

SimPlatform::~SimPlatform() { stop(); }

Result<void> SimPlatform::open() {
  platform::ControlPlaneOptions options;
  options.data_dir = "/data";
  options.advertised_address = "127.0.0.1:6443";
  options.store_segment_bytes = options_.segment_bytes;
  options.store_history_bytes_max = options_.history_bytes_max;
  options.workloads = options_.workloads;
  options.pool = &world_.pool();
  if (options_.verbose) options.log = Logger(&log_sink_, &world_.clock(), "plinth", LogLevel::kDebug);
  options.open_store = [sabotage = options_.sabotage](const store::StoreOptions& given, const World& world,
                                                      const store::StoreWiring& wiring) {
    return store::make_store_for_test(given, world, wiring, sabotage);
  };
  if (options_.client != ClientKind::kDirect) {
    options.make_cluster = [this](server::ApiServer& api, store::Store& store, Loop& loop) {
      return make_cluster(api, store, loop);
    };
  }
  control_ = TRY(platform::ControlPlane::open(world_.world(), options, &loop_));
  return {};
}

std::unique_ptr<client::Cluster> SimPlatform::make_cluster(server::ApiServer& api, store::Store& store, Loop& loop) {
  if (options_.client == ClientKind::kLagging)
    return std::make_unique<LaggingCluster>(api, store, loop, world_.random().next());
  client::RemoteConfig config;
  config.address = kAddress;
  config.tls = false;  // the simulated network says who connects
  network_ = network_of_administrator();
  auto server = client::RemoteServer::make(std::move(config), loop, *network_, world_.clock());
  client::RemoteClusterOptions options;
  options.accounts_namespace = "kube-system";
  Logger log;
  if (options_.verbose) log = Logger(&log_sink_, &world_.clock(), "plinth", LogLevel::kDebug);
  return std::make_unique<client::RemoteCluster>(std::move(*server), std::move(options), std::move(log));
}

std::unique_ptr<Network> SimPlatform::network_of_administrator() {
  PeerInfo identity;
  identity.certificate.present = true;
  identity.certificate.common_name = "kubernetes-admin";
  identity.certificate.organizations = {"system:masters"};
  identity.alpn = "http/1.1";
  return world_.network().as(identity);
}

void SimPlatform::serve() {
  server::ApiServer& api = control_->api();
  http_ = net::make_http_server(
      io_loop_, world_.clock(), net::HttpLimits(),
      [&api](net::HttpRequest request, std::shared_ptr<net::Responder> responder) {
        api.handle(std::move(request), std::move(responder));
      },
      [](const Error& error) { return server::status_json(error); });
  auto listener = world_.network().listen(io_loop_, kAddress, nullptr,
                                          [this](std::unique_ptr<Stream> stream) { http_->serve(std::move(stream)); });
  if (listener.ok()) listener_ = std::move(*listener);
}

Result<void> SimPlatform::boot() {
  TRY(open());
  if (options_.client == ClientKind::kRemote) serve();
  auto started = std::make_shared<std::optional<Result<void>>>();
  control_->start(loop_, [started](Result<void> outcome) { *started = std::move(outcome); });
  world_.run_until([&] { return started->has_value() || world_.disk().crashed(); }, std::chrono::seconds(60));
  if (!*started) return internal_error("the platform did not start within a minute");
  return std::move(**started);
}

void SimPlatform::stop() {
  if (!control_) return;
  control_->stop_controllers();
  control_->close();
  world_.scheduler().discard();
  listener_.reset();
  http_.reset();
  world_.scheduler().discard();
  control_.reset();
  network_.reset();
}

void SimPlatform::crash(world_sim::CrashPolicy policy) {
  world_.disk().set_crash_policy(policy);
  world_.crash();
  stop();
  world_.restart();
}

void SimPlatform::kill(bool clean) {
  if (clean) return stop();
  crash(world_sim::CrashPolicy::kKeepAll);
}

void SimPlatform::send(const std::string& method, const std::string& target, const std::string& body,
                       const std::string& content_type, UniqueFunction<void(server::LocalAnswer)> done) {
  net::HttpRequest request;
  request.method = method;
  request.target = target;
  request.body = body;
  if (!content_type.empty())
    request.headers.add("content-type", content_type);
  else if (method == "PATCH")
    request.headers.add("content-type", "application/merge-patch+json");
  control_->api().dispatch(std::move(request), administrator(), server::collect_answer(loop_, std::move(done)));
}

void SimPlatform::stream(const std::string& target, std::shared_ptr<net::Responder> responder) {
  net::HttpRequest request;
  request.method = "GET";
  request.target = target;
  control_->api().dispatch(std::move(request), administrator(), std::move(responder));
}

server::LocalAnswer SimPlatform::call(const std::string& method, const std::string& target, const std::string& body,
                                      const std::string& content_type) {
  auto answer = std::make_shared<std::optional<server::LocalAnswer>>();
  send(method, target, body, content_type, [answer](server::LocalAnswer given) { *answer = std::move(given); });
  world_.run_until([&] { return answer->has_value() || world_.disk().crashed(); }, std::chrono::seconds(60));
  return answer->value_or(server::LocalAnswer());
}

}  // namespace plinth::sim
