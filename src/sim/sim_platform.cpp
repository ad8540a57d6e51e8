#include "sim/sim_platform.h"

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
    : options_(options), world_(seed), loop_(world_.new_loop("control")) {}

SimPlatform::~SimPlatform() { stop(); }

Result<void> SimPlatform::open() {
  platform::ControlPlaneOptions options;
  options.data_dir = "/data";
  options.advertised_address = "127.0.0.1:6443";
  options.store_segment_bytes = options_.segment_bytes;
  options.store_history_bytes_max = options_.history_bytes_max;
  if (options_.verbose) options.log = Logger(&log_sink_, &world_.clock(), "plinth", LogLevel::kDebug);
  options.open_store = [sabotage = options_.sabotage](const store::StoreOptions& given, const World& world,
                                                      const store::StoreWiring& wiring) {
    return store::make_store_for_test(given, world, wiring, sabotage);
  };
  if (options_.client == ClientKind::kLagging) {
    options.make_cluster = [this](server::ApiServer& api, store::Store& store, Loop& loop) {
      return std::make_unique<LaggingCluster>(api, store, loop, world_.random().next());
    };
  }
  control_ = TRY(platform::ControlPlane::open(world_.world(), options, &loop_));
  return {};
}

Result<void> SimPlatform::boot() {
  TRY(open());
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
  control_.reset();
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
