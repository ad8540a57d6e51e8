#include "server/resources/proxy.h"

#include <fmt/format.h>

#include "base/quoted.h"
#include "net/tls.h"
#include "server/object_codec.h"
#include "server/status.h"

namespace plinth::server {
namespace {

// What a request of in-process callers came with: it is there already.
class WholeBody final : public net::IncomingBody, public std::enable_shared_from_this<WholeBody> {
 public:
  WholeBody(Loop& loop, std::string bytes) : loop_(loop), bytes_(std::move(bytes)) {}
  bool expected() const override { return !bytes_.empty(); }
  void start(UniqueFunction<void(std::string_view)> chunk, Task end) override {
    loop_.post([self = shared_from_this(), chunk = std::move(chunk), end = std::move(end)] {
      if (!self->bytes_.empty()) chunk(self->bytes_);
      end();
    });
  }
  void pause(bool) override {}

 private:
  Loop& loop_;
  std::string bytes_;
};

Result<Document> read(ServerContext& context, std::string_view plural, const std::string& name_space, const std::string& name) {
  const ResolvedKind kind = context.registry->table()->find("", "v1", plural);
  const store::RecordPtr record = context.store->snapshot()->get(object_key(*kind.row, name_space, name));
  if (record == nullptr) return not_found("", std::string(plural), name);
  return decode_record(*record, "", false);
}

std::size_t random_below(ServerContext& context, std::size_t bound) {
  unsigned char bytes[4];
  context.entropy->fill(bytes);
  return (bytes[0] | bytes[1] << 8 | bytes[2] << 16) % bound;
}

std::string host_and_port(std::string_view host, std::string_view port) {
  return host.find(':') == std::string_view::npos ? fmt::format("{}:{}", host, port) : fmt::format("[{}]:{}", host, port);
}

// The first port that a container declares, where none is asked for.
Result<std::string> pod_address(const Document& pod, std::string port) {
  for (const Value& container : pod["spec"]["containers"].items()) {
    const Value ports = container["ports"];
    if (port.empty() && ports.size() > 0) port = std::to_string(ports.items()[0]["containerPort"].as_int());
  }
  const std::string_view ip = pod["status"]["podIP"].as_string();
  // As upstream: nobody is led to this machine's own services, or to those of its link.
  if (ip.empty() || ip.starts_with("127.") || ip == "::1" || ip.starts_with("169.254.") || ip.starts_with("fe80:"))
    return bad_request("address not allowed");
  return host_and_port(ip, port.empty() ? "80" : port);
}

// Ports of a Service are asked for by number or name; endpoints have the name.
Result<std::string> service_port_name(const Document& service, const std::string& name, const std::string& port) {
  const auto number = parse_integer<std::int64_t>(port);
  if (!number) return port;
  for (const Value& one : service["spec"]["ports"].items()) {
    if (one["port"].as_int() == *number) return std::string(one["name"].as_string());
  }
  return Error(Reason::kServiceUnavailable, fmt::format("no service port {} found for service {}", *number, quoted(name)));
}

Result<std::string> service_address(ServerContext& context, const std::string& name_space, const ProxyTarget& target) {
  const Document service = TRY(read(context, "services", name_space, target.name));
  const std::string port = TRY(service_port_name(service, target.name, target.port));
  const auto endpoints = read(context, "endpoints", name_space, target.name);
  const auto subsets = endpoints.ok() ? (*endpoints)["subsets"].items() : std::span<const Value>();
  const std::size_t first = subsets.empty() ? 0 : random_below(context, subsets.size());
  for (std::size_t i = 0; i < subsets.size(); ++i) {
    const Value& subset = subsets[(first + i) % subsets.size()];
    const auto addresses = subset["addresses"].items();
    for (const Value& one : subset["ports"].items()) {
      if (addresses.empty() || one["name"].as_string() != port) continue;
      const Value& address = addresses[random_below(context, addresses.size())];
      return host_and_port(address["ip"].as_string(), std::to_string(one["port"].as_int()));
    }
  }
  return Error(Reason::kServiceUnavailable, fmt::format("no endpoints available for service {}", quoted(target.name)));
}

bool is_of_caller(std::string_view name) {
  return name == "authorization" || name.starts_with("impersonate-") || name.starts_with("x-remote-") ||
         name.starts_with("x-forwarded-");
}

net::HttpRequest passed_on(Exchange& exchange, std::string target) {
  net::HttpRequest out;
  out.method = exchange.request.method;
  out.host = exchange.request.host;
  out.version = exchange.request.version;
  out.peer = exchange.request.peer;
  for (const auto& [name, value] : exchange.request.headers.entries()) {
    if (!is_of_caller(name)) out.headers.add(name, value);
  }
  const std::string_view sent = exchange.request.target;
  out.headers.add("x-forwarded-uri", std::string(sent.substr(0, sent.find('?'))));
  out.headers.add("x-forwarded-host", out.host);
  out.headers.add("x-forwarded-proto", "https");
  const std::string& from = out.peer.address;
  if (!from.empty()) out.headers.add("x-forwarded-for", from.substr(0, from.rfind(':')));
  out.target = std::move(target);
  return out;
}

// A page's relative links need the slash.
bool redirects(Exchange& exchange, const std::string& target) {
  const bool reads = exchange.request.method == "GET" || exchange.request.method == "HEAD";
  if (!reads || exchange.request.headers.has("upgrade") || target.starts_with('/')) return false;
  const std::string_view sent = exchange.request.target;
  net::HttpResponse moved = exchange.head(301, "text/html; charset=utf-8");
  moved.headers.add("location", std::string(sent.substr(0, sent.find('?'))) + "/" + target);
  exchange.responder->send(std::move(moved));
  return true;
}

}  // namespace

net::Forwarder& ProxyForwarders::on(Loop& loop) {
  std::lock_guard lock(mutex_);
  auto& forwarder = forwarders_[&loop];
  if (forwarder == nullptr) forwarder = net::make_forwarder(loop, network_, clock_, net::ForwarderLimits());
  return *forwarder;
}

Result<std::shared_ptr<TlsClientContext>> ProxyForwarders::any_certificate() {
  std::lock_guard lock(mutex_);
  if (!any_certificate_) any_certificate_ = TRY(net::make_client_context("", net::KeyPair(), /*insecure_skip_verify=*/true));
  return any_certificate_;
}

bool asks_for_proxy(const RequestInfo& info) {
  return info.is_resource && info.group.empty() && info.version == "v1" && info.subresource == "proxy" &&
         (info.resource == "pods" || info.resource == "services") && !info.name_space.empty();
}

bool is_proxied(std::string_view method, std::string_view target) {
  if (target.find("/proxy") == std::string_view::npos) return false;
  const auto info = parse_request_info(method, target);
  return info.ok() && asks_for_proxy(*info);
}

Result<ProxyTarget> parse_proxy_target(std::string_view text) {
  const auto parts = split(text, ':');
  ProxyTarget out;
  if (parts.size() > 3 || (parts.size() == 3 && !parts[0].empty() && parts[0] != "http" && parts[0] != "https"))
    return bad_request(fmt::format(
        "invalid request {}: NAME, NAME:PORT or SCHEME:NAME:PORT is needed, the scheme http or https", quoted(text)));
  out.https = parts.size() == 3 && parts[0] == "https";
  out.name = parts[parts.size() == 3 ? 1 : 0];
  if (parts.size() > 1) out.port = parts.back();
  if (out.name.empty()) return bad_request(fmt::format("invalid request {}: a name is needed", quoted(text)));
  return out;
}

std::string proxied_target(std::string_view target, int segments) {
  const std::size_t end = std::min(target.find('?'), target.size());
  std::size_t at = 0;
  for (; segments > 0; --segments) {
    while (at < end && target[at] == '/') ++at;
    while (at < end && target[at] != '/') ++at;
  }
  return std::string(target.substr(at));
}

void serve_proxy(ServerContext& context, ProxyForwarders& forwarders, ExchangePtr exchange) {
  const RequestInfo& info = exchange->info;
  const auto target = parse_proxy_target(info.name);
  if (!target.ok()) return exchange->fail(target.error());
  Result<std::string> address = bad_request("");
  if (info.resource == "services") {
    address = service_address(context, info.name_space, *target);
  } else {
    const auto pod = read(context, "pods", info.name_space, target->name);
    if (!pod.ok()) return exchange->fail(pod.error());
    address = pod_address(*pod, target->port);
  }
  if (!address.ok()) return exchange->fail(address.error());
  std::string rest = proxied_target(exchange->request.target);
  if (redirects(*exchange, rest)) return;
  if (!rest.starts_with('/')) rest.insert(0, "/");
  std::shared_ptr<TlsClientContext> tls;
  if (target->https) {
    auto any = forwarders.any_certificate();
    if (!any.ok()) return exchange->fail(any.error());
    tls = std::move(*any);
  }
  auto body =
      exchange->body ? exchange->body : std::make_shared<WholeBody>(exchange->loop(), std::move(exchange->request.body));
  forwarders.on(exchange->loop())
      .forward({std::move(*address)}, std::move(tls), passed_on(*exchange, std::move(rest)), std::move(body),
               exchange->responder, [exchange](Error error) {
                 exchange->fail(Error(Reason::kServiceUnavailable, "error trying to reach service: " + error.message()));
               });
}

}  // namespace plinth::server
