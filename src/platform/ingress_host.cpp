#include "platform/ingress_host.h"

#include <algorithm>

namespace plinth::platform {
namespace {

// Changes that come close together are one: routes are made again this often at most.
constexpr Duration kRebuildDelay = std::chrono::milliseconds(20);
constexpr std::string_view kAuto = "auto", kNone = "none";

bool concerns_routes(const client::Object& object) {
  const client::Resource& r = object.resource;
  return r.is("", "services") || r.is("discovery.k8s.io", "endpointslices") || r.is("networking.k8s.io", "ingresses") ||
         r.is("networking.k8s.io", "ingressclasses") ||
         (r.is("", "secrets") && object["type"].as_string() == "kubernetes.io/tls");
}

}  // namespace

Result<std::unique_ptr<IngressHost>> IngressHost::open(IngressParts parts, const IngressOptions& options) {
  auto host = std::unique_ptr<IngressHost>(new IngressHost(std::move(parts)));
  IngressHost& self = *host;
  self.place_.classes = options.classes;
  self.tls_ = TRY(net::make_server_context(self.parts_.identity, ""));
  for (Loop* loop : self.parts_.loops) {
    PerLoop one;
    one.forwarder = net::make_forwarder(*loop, *self.parts_.network, *self.parts_.clock, {});
    one.http = network::make_router_server(*loop, *self.parts_.clock, self.table_, *one.forwarder, "http");
    one.https = network::make_router_server(*loop, *self.parts_.clock, self.table_, *one.forwarder, "https");
    self.per_loop_.push_back(std::move(one));
  }
  TRY(self.listen(options.http, "127.0.0.1:80", false, self.place_.http));
  TRY(self.listen(options.https, "127.0.0.1:443", true, self.place_.https));
  return host;
}

// The forwarders go first: what is under way is cut off while its connections still exist.
IngressHost::~IngressHost() {
  stop_following();
  listeners_.clear();
  for (PerLoop& one : per_loop_) one.forwarder.reset();
}

Result<void> IngressHost::renew_identity(const net::KeyPair& identity) { return net::renew_identity(*tls_, identity); }

Result<void> IngressHost::listen(const std::string& asked, const char* usual, bool tls, std::string& place) {
  if (asked == kNone) return {};
  auto made = try_listen(asked == kAuto ? usual : asked, tls);
  if (!made.ok() && asked == kAuto) made = try_listen("127.0.0.1:0", tls);
  if (!made.ok()) {
    return Error(made.error().reason(), "the ingress router cannot listen on " + asked + ": " + made.error().message() +
                                            "; choose another --ingress-http and --ingress-https (port 0 picks a free one)");
  }
  place = (*made)->address();
  listeners_.push_back(std::move(*made));
  return {};
}

Result<std::unique_ptr<Listener>> IngressHost::try_listen(const std::string& address, bool tls) {
  return parts_.network->listen_shared(parts_.loops, address, tls ? tls_ : nullptr,
                                       [this, tls](std::unique_ptr<Stream> stream) { serve(std::move(stream), tls); });
}

void IngressHost::serve(std::unique_ptr<Stream> stream, bool tls) {
  const auto found = std::find(parts_.loops.begin(), parts_.loops.end(), &stream->loop());
  if (found == parts_.loops.end()) return;
  PerLoop& one = per_loop_[static_cast<std::size_t>(found - parts_.loops.begin())];
  (tls ? one.https : one.http)->serve(std::move(stream));
}

void IngressHost::follow(std::unique_ptr<client::Cluster> cluster, Loop& loop) {
  cluster_ = std::move(cluster);
  loop_ = &loop;
  cluster_->start(*this, [this](Result<void> started) {
    if (!started.ok()) parts_.log.error("the ingress router does not see the cluster", {{"error", started.error()}});
    rebuild();
  });
}

void IngressHost::stop_following() {
  if (loop_ != nullptr && timer_ != 0) loop_->cancel(timer_);
  timer_ = 0;
  if (cluster_) cluster_->stop();
  cluster_.reset();
}

void IngressHost::stop_listening() {
  for (const auto& listener : listeners_) listener->close();
}

std::vector<IngressHost::Served> IngressHost::servers() const {
  std::vector<Served> out;
  for (std::size_t i = 0; i < per_loop_.size(); ++i) {
    out.push_back({parts_.loops[i], per_loop_[i].http.get()});
    out.push_back({parts_.loops[i], per_loop_[i].https.get()});
  }
  return out;
}

void IngressHost::on_change(const client::Change& change, const client::View&) {
  if (concerns_routes(change.object)) schedule();
}

void IngressHost::schedule() {
  if (timer_ != 0) return;
  timer_ = loop_->after(kRebuildDelay, [this] {
    timer_ = 0;
    rebuild();
  });
}

void IngressHost::rebuild() {
  if (!cluster_) return;
  const auto view = cluster_->view();
  auto routes = network::read_routes(*view, place_.classes);
  std::string seen;
  for (const net::NamedIdentity& one : routes->identities) {
    for (const std::string& name : one.names) seen += name + ' ';
    seen += one.identity.certificate_pem + one.identity.private_key_pem;
  }
  if (seen != identities_seen_) {
    identities_seen_ = std::move(seen);
    for (const Error& wrong : net::set_named_identities(*tls_, routes->identities))
      parts_.log.warning("a certificate of an Ingress is not usable", {{"error", wrong}});
  }
  table_.set(std::move(routes));
}

}  // namespace plinth::platform
