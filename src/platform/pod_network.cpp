#include "platform/pod_network.h"

#include "network/dns/server.h"
#include "network/services/health_checks.h"
#include "network/services/service_proxy.h"
#include "world_real/real_datagrams.h"
#include "world_real/real_flow_table.h"

namespace plinth::platform {
namespace {

constexpr const char* kDomain = "cluster.local";
constexpr std::uint64_t kDnsPosition = 9;  // behind the API's, which is the first

network::ServiceProxyOptions proxy_options(const PodNetworkOptions& options, const std::string& gateway) {
  network::ServiceProxyOptions out;
  out.rules.node = options.node;
  out.rules.pod_range = options.pod_range;
  out.rules.bridge = options.bridge;
  out.rules.gateway = gateway;
  out.rules.table = options.table;
  out.gateway = gateway + options.pod_range.substr(options.pod_range.find('/'));
  out.nft = options.nft;
  out.ip = options.ip;
  return out;
}

class OwnPodNetwork final : public PodNetwork {
 public:
  OwnPodNetwork(PodNetworkParts parts, PodNetworkOptions options)
      : loop_(*parts.loop), serve_api_(std::move(parts.serve_api)), options_(std::move(options)) {
    gateway_ = options_.gateway.empty() ? pod_gateway(options_.pod_range).value() : options_.gateway;
    dns_ = {&loop_, parts.clock, parts.entropy, &datagrams_, parts.network};
    network::HealthCheckParts checks;
    checks.loop = &loop_;
    checks.clock = parts.clock;
    checks.network = parts.network;
    checks.log = parts.log;
    checks.node = options_.node;
    health_checks_ = std::make_unique<network::HealthChecks>(std::move(checks));
    network::ServiceProxyParts proxy;
    proxy.loop = &loop_;
    proxy.processes = parts.processes;
    proxy.pool = parts.pool;
    proxy.flows = std::make_shared<world_real::RealFlowTable>();
    proxy.cluster = std::move(parts.cluster);
    proxy.told = [this](const network::ServiceTable& services) { take(services); };
    proxy.log = parts.log;
    proxy_ = std::make_unique<network::ServiceProxy>(std::move(proxy), proxy_options(options_, gateway_));
  }
  ~OwnPodNetwork() override { *alive_ = false; }

  void start(UniqueFunction<void(Result<void>)> done) override {
    proxy_->start([this, done = std::move(done)](Result<void> ruled) mutable {
      if (!ruled.ok()) return done(std::move(ruled));
      if (!serve_api_) return done(open_dns());
      serve_api_([this, alive = alive_, done = std::move(done)](Result<void> served) mutable {
        if (*alive) done(served.ok() ? open_dns() : std::move(served));
      });
    });
  }

  void stop() override { proxy_->stop(); }

 private:
  void take(const network::ServiceTable& services) {
    zone_ = std::make_shared<const network::dns::Zone>(services, kDomain);
    if (server_) server_->set_zone(zone_);
    health_checks_->set(services);
  }

  Result<void> open_dns() {
    auto opened = network::dns::Server::open(dns_, gateway_ + ":53", options_.forward_to);
    if (!opened.ok())
      return Error(opened.error().reason(),
                   "the cluster's DNS cannot listen on " + gateway_ + ":53: " + opened.error().message());
    server_ = std::move(*opened);
    server_->set_zone(zone_);
    return {};
  }

  Loop& loop_;
  std::function<void(UniqueFunction<void(Result<void>)>)> serve_api_;
  PodNetworkOptions options_;
  std::string gateway_;
  world_real::RealDatagrams datagrams_;
  network::dns::ServerParts dns_;
  std::shared_ptr<const network::dns::Zone> zone_;
  std::unique_ptr<network::dns::Server> server_;
  std::unique_ptr<network::HealthChecks> health_checks_;
  std::unique_ptr<network::ServiceProxy> proxy_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace

std::unique_ptr<PodNetwork> make_pod_network(PodNetworkParts parts, PodNetworkOptions options) {
  return std::make_unique<OwnPodNetwork>(std::move(parts), std::move(options));
}

std::vector<std::string> pod_network_removal(const PodNetworkOptions& options) {
  return network::service_removal(proxy_options(options, ""));
}

Result<std::string> pod_gateway(const std::string& pod_range) {
  const api::AddressRange range = TRY(api::AddressRange::parse(pod_range));
  return range.at(0).text();
}

std::string cluster_dns_address(const api::AddressRange& services) { return services.at(kDnsPosition).text(); }

Result<void> check_service_range(const api::AddressRange& services) {
  if (services.v6()) return bad_request(services.text() + ": an IPv4 range is needed where pods run in containers");
  if (services.size() <= kDnsPosition)
    return bad_request(services.text() + ": the tenth address is that of the cluster's DNS, and this range has less");
  return {};
}

}  // namespace plinth::platform
