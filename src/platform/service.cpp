#include "platform/service.h"

#include <algorithm>
#include <thread>

#include "control/certificates/certificate_controller.h"
#include "net/tls_network.h"
#include "network/balancer/balancer_controller.h"
#include "network/dns/dns_service.h"
#include "platform/certificate_authority.h"
#include "platform/certificate_renewal.h"
#include "platform/direct_cluster.h"
#include "platform/kubeconfig.h"
#include "platform/pod_network.h"
#include "platform/signals.h"
#include "server/resources/proxy.h"
#include "server/status.h"
#include "world_real/epoll_loop.h"
#include "world_real/real_clock.h"
#include "world_real/real_disk.h"
#include "world_real/real_network.h"
#include "world_real/thread_pool.h"

namespace plinth::platform {
namespace {

constexpr Duration kDrainGrace = std::chrono::seconds(2);

std::string host_of(const std::string& address) {
  std::string host = address.substr(0, address.rfind(':'));
  if (host.size() > 2 && host.front() == '[') host = host.substr(1, host.size() - 2);
  return host;
}
bool is_on_loopback(const std::string& address) {
  const std::string host = host_of(address);
  return host.starts_with("127.") || host == "::1" || host == "localhost";
}

std::vector<std::string> certificate_hosts(const std::string& address, const api::AddressRange& services,
                                           const std::string& pod_gateway) {
  std::vector<std::string> hosts = {"127.0.0.1",
                                    "::1",
                                    "localhost",
                                    "kubernetes",
                                    "kubernetes.default",
                                    "kubernetes.default.svc",
                                    "kubernetes.default.svc.cluster.local",
                                    services.at(0).text()};
  for (const std::string& host : {host_of(address), pod_gateway}) {
    if (!host.empty() && std::find(hosts.begin(), hosts.end(), host) == hosts.end()) hosts.push_back(host);
  }
  return hosts;
}

}  // namespace

// One I/O loop with its HTTP server, on a thread of its own.
struct IoLoop {
  std::unique_ptr<world_real::EpollLoop> loop;
  std::unique_ptr<net::HttpServer> http;
  std::thread thread;
};

// To the server of the loop that the stream came to.
AcceptHandler accept_on(std::vector<std::unique_ptr<IoLoop>>& all) {
  return [&all](std::unique_ptr<Stream> stream) {
    for (auto& io : all) {
      if (io->loop.get() == &stream->loop()) return io->http->serve(std::move(stream));
    }
  };
}

struct Service::Parts {
  ServiceOptions options;
  world_real::RealClock clock;
  DescriptorLogSink log_sink;
  world_real::RealEntropy entropy;
  world_real::RealDisk disk;
  std::unique_ptr<world_real::EpollLoop> control_loop;  // controllers and signals; run()'s thread
  std::vector<std::unique_ptr<IoLoop>> io;
  std::unique_ptr<world_real::ThreadPool> resolver;
  std::unique_ptr<world_real::ThreadPool> workers;  // what would hold a loop for too long
  std::unique_ptr<world_real::RealNetwork> tcp;
  std::unique_ptr<Network> network;
  std::unique_ptr<ControlPlane> control;
  std::unique_ptr<Listener> listener;
  std::unique_ptr<Listener> pod_listener;  // of the first I/O loop
  std::unique_ptr<IngressHost> ingress;
  std::shared_ptr<TlsServerContext> tls;
  std::unique_ptr<CertificateRenewal> renewal;
  UniqueFunction<void()> renewed;
  std::unique_ptr<EndSignals> signals;
  std::size_t draining = 0;
};

Service::Service(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Service::~Service() {
  Parts& p = *parts_;
  for (auto& io : p.io) {
    if (io->thread.joinable()) {
      io->loop->stop();
      io->thread.join();
    }
  }
  p.workers.reset();  // before what its tasks work with
  p.listener.reset();
  p.pod_listener.reset();
  p.renewal.reset();
  p.ingress.reset();
  if (p.control) p.control->close();
  for (auto& io : p.io) io->http.reset();
  p.control.reset();
  p.network.reset();
  p.tcp.reset();
  p.resolver.reset();
  p.io.clear();
  p.signals.reset();
}

const std::string& Service::api_address() const { return parts_->options.api_address; }
std::string Service::kubeconfig() const {
  return admin_kubeconfig(parts_->renewal->current(), "https://" + parts_->options.api_address);
}

network::IngressPlace Service::ingress_place() const {
  return parts_->ingress ? parts_->ingress->place() : network::IngressPlace();
}

void Service::on_certificates_renewed(UniqueFunction<void()> renewed) { parts_->renewed = std::move(renewed); }

namespace {

// Serves with renewed certificates from the next connection on. Clients that trust the CA notice nothing.
CertificateRenewal::Renewed use_renewed(std::shared_ptr<TlsServerContext> tls, const std::unique_ptr<IngressHost>& ingress,
                                        Logger log, UniqueFunction<void()>& told) {
  return [tls = std::move(tls), &ingress, log, &told](const Pki& pki) {
    if (ingress) (void)ingress->renew_identity(pki.server);  // fails as the next one does
    if (auto used = net::renew_identity(*tls, pki.server); !used.ok())
      log.error("the renewed certificate is not usable", {{"error", used.error()}});
    if (told) told();
  };
}

}  // namespace

Result<void> Service::open_ingress(Parts& p, const std::vector<Loop*>& loops, const Logger& log) {
  if (!p.options.ingress.enabled()) return {};
  IngressParts parts{loops, p.network.get(), &p.clock, p.renewal->current().server, log.named("ingress")};
  p.ingress = TRY(IngressHost::open(std::move(parts), p.options.ingress));
  p.control->add_controller(network::make_ingress_class(p.ingress->place()));
  p.control->add_controller(network::make_ingress_status(p.ingress->place()));
  return {};
}

// Pods reach this machine by the address of their bridge, which is there only once the node has made it.
ServeApi Service::serve_api_to_pods(Parts& p) {
  return [&p](UniqueFunction<void(Result<void>)> done) {
    p.io.front()->loop->post([&p, done = std::move(done)]() mutable {
      std::vector<Loop*> loops;
      for (const auto& io : p.io) loops.push_back(io->loop.get());
      const std::string address = p.options.pod_gateway + p.options.api_address.substr(p.options.api_address.rfind(':'));
      auto listener = p.network->listen_shared(loops, address, p.tls, accept_on(p.io));
      Result<void> outcome;
      if (listener.ok())
        p.pod_listener = std::move(*listener);
      else
        outcome = Error(listener.error().reason(),
                        "the API cannot listen on " + address + " for pods: " + listener.error().message());
      p.control_loop->post([outcome = std::move(outcome), done = std::move(done)]() mutable { done(std::move(outcome)); });
    });
  };
}

void Service::add_network_controllers(Parts& p) {
  const api::AddressRange& services = p.options.allocation.service_range;
  p.control->add_controller(network::dns::make_dns_service({cluster_dns_address(services), p.options.pod_gateway}));
  network::BalancerOptions balancer;
  const auto take = [&](const std::string& address, const char* whose) {
    if (!address.empty() && !is_on_loopback(address)) balancer.taken["TCP/" + address.substr(address.rfind(':') + 1)] = whose;
  };
  take(p.options.api_address, "the API");
  if (p.ingress) {
    take(p.ingress->place().http, "the ingress router");
    take(p.ingress->place().https, "the ingress router");
  }
  p.control->add_controller(network::make_balancer_controller(std::move(balancer)));
}

Result<std::unique_ptr<Service>> Service::open(ServiceOptions options) {
  auto parts = std::make_unique<Parts>();
  Parts& p = *parts;
  p.options = std::move(options);
  p.signals = TRY(EndSignals::open());
  p.control_loop = TRY(world_real::EpollLoop::create());
  const std::size_t loops = p.options.io_loops != 0 ? p.options.io_loops : std::max(1u, std::thread::hardware_concurrency());
  std::vector<Loop*> io_loops;
  for (std::size_t i = 0; i < loops; ++i) {
    auto io = std::make_unique<IoLoop>();
    io->loop = TRY(world_real::EpollLoop::create());
    io_loops.push_back(io->loop.get());
    p.io.push_back(std::move(io));
  }
  constexpr std::size_t kResolverThreads = 2, kResolverQueue = 256;
  p.resolver = std::make_unique<world_real::ThreadPool>(kResolverThreads, kResolverQueue);
  constexpr std::size_t kWorkerThreads = 2, kWorkerQueue = 256;
  p.workers = std::make_unique<world_real::ThreadPool>(kWorkerThreads, kWorkerQueue);
  p.tcp = std::make_unique<world_real::RealNetwork>(*p.resolver);
  p.network = net::make_tls_network(*p.tcp);

  World world;
  world.clock = &p.clock;
  world.entropy = &p.entropy;
  world.disk = &p.disk;
  world.network = p.network.get();
  ControlPlaneOptions control;
  control.data_dir = p.options.data_dir;
  control.advertised_address = p.options.api_address;
  control.store_bytes_max = p.options.store_bytes_max;
  control.compression = p.options.compression;
  control.workloads = p.options.workloads;
  control.definitions = p.options.definitions;
  control.make_node = p.options.make_node;
  control.pod_gateway = p.options.pod_gateway;
  if (!p.options.pod_gateway.empty() && is_on_loopback(p.options.api_address)) control.serve_api = serve_api_to_pods(p);
  control.compose = p.options.compose;
  control.allocation = p.options.allocation;
  control.left_out = p.options.left_out;
  control.pool = p.workers.get();
  control.log = Logger(&p.log_sink, &p.clock, "plinth");
  p.control = TRY(ControlPlane::open(world, control, nullptr));
  const std::vector<std::string> hosts =
      certificate_hosts(p.options.api_address, p.options.allocation.service_range, p.options.pod_gateway);
  Pki pki = TRY(load_or_make_pki(p.control->secret_files(), p.clock, p.entropy, hosts));
  p.control->set_ca(pki.ca.certificate_pem);
  p.control->add_controller(control::make_certificate_controller(TRY(make_certificate_authority(pki.ca, p.entropy))));
  p.control->set_front_proxy_ca(pki.front_proxy_ca.certificate_pem);
  p.tls = TRY(net::make_server_context(pki.server, pki.ca.certificate_pem));
  CertificateRenewalParts renewal{p.control_loop.get(), &p.clock, &p.entropy, &p.control->secret_files(), hosts, control.log};
  p.renewal = std::make_unique<CertificateRenewal>(std::move(renewal), std::move(pki),
                                                   use_renewed(p.tls, p.ingress, control.log, p.renewed));

  server::ApiServer& api = p.control->api();
  for (auto& io : p.io) {
    io->http = net::make_mixed_http_server(
        *io->loop, p.clock, net::HttpLimits(), server::is_proxied,
        [&api](net::HttpRequest request, std::shared_ptr<net::IncomingBody> body, std::shared_ptr<net::Responder> responder) {
          api.handle(std::move(request), std::move(body), std::move(responder));
        },
        [&api](net::HttpRequest request, std::shared_ptr<net::Responder> responder) {
          api.handle(std::move(request), std::move(responder));
        },
        [](const Error& error) { return server::status_json(error); });
  }
  auto listener = p.network->listen_shared(io_loops, p.options.api_address, p.tls, accept_on(p.io));
  if (!listener.ok()) {
    return Error(listener.error().reason(), "the API cannot listen on " + p.options.api_address + ": " +
                                                listener.error().message() +
                                                "; stop what uses it or choose another --api (port 0 picks a free one)");
  }
  p.listener = std::move(*listener);
  p.options.api_address = p.listener->address();
  p.control->set_api_address(p.options.api_address);
  TRY(open_ingress(p, io_loops, control.log));
  if (!p.options.pod_gateway.empty()) add_network_controllers(p);
  return std::unique_ptr<Service>(new Service(std::move(parts)));
}

Result<void> Service::run(UniqueFunction<void()> ready) {
  Parts& p = *parts_;
  for (auto& io : p.io) io->thread = std::thread([loop = io->loop.get()] { loop->run(); });

  Result<void> outcome;
  bool ending = false;
  auto end = [&] {
    if (ending) return;
    ending = true;
    std::vector<IngressHost::Served> also;
    if (p.ingress) {
      also = p.ingress->servers();
      p.ingress->stop_following();
      p.io.front()->loop->post([&p] { p.ingress->stop_listening(); });
    }
    p.io.front()->loop->post([&p] {  // the first loop accepts for all
      p.listener->close();
      if (p.pod_listener) p.pod_listener->close();
    });
    p.control->stop_controllers();
    p.control->api().reach(server::StartPhase::kEnding);
    p.control->api().end_watches();
    for (auto& io : p.io) also.push_back({io->loop.get(), io->http.get()});
    p.draining = also.size();
    for (const IngressHost::Served& one : also) {
      one.loop->post([&p, http = one.server] {
        http->drain(kDrainGrace, [&p] {
          p.control_loop->post([&p] {
            if (--p.draining == 0) p.control_loop->stop();
          });
        });
      });
    }
  };
  p.renewal->start();
  TRY(p.signals->watch(*p.control_loop, end));
  p.control->start(*p.control_loop, [&](Result<void> started) {
    if (started.ok()) {
      if (p.ingress)
        p.ingress->follow(std::make_unique<DirectCluster>(p.control->api(), p.control->store(), *p.control_loop),
                          *p.control_loop);
      return ready();
    }
    outcome = std::move(started);
    end();
  });
  p.control_loop->run();
  p.signals->unwatch();
  return outcome;
}

}  // namespace plinth::platform
