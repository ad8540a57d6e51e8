#include "network/ingress/router.h"

#include "base/text.h"

namespace plinth::network {
namespace {

// Endpoints that are tried for one request before it is answered 503.
constexpr std::size_t kAttemptsMax = 3;
constexpr std::size_t kStreamsPerConnectionMax = 128;

struct Authority {
  std::string host;  // lower case, without port and final dot
  std::string port;  // "" when it is the scheme's own
};

Authority read_authority(std::string_view text) {
  Authority out;
  const std::size_t colon = text.rfind(':');
  if (colon != std::string_view::npos && text.find(']', colon) == std::string_view::npos) {
    out.port = text.substr(colon + 1);
    text = text.substr(0, colon);
  }
  if (text.ends_with('.')) text.remove_suffix(1);
  out.host = to_lower(text);
  return out;
}

std::string address_of(const std::string& peer) {
  std::string host = peer.substr(0, peer.rfind(':'));
  if (host.size() > 2 && host.front() == '[') host = host.substr(1, host.size() - 2);
  return host;
}

void answer(net::Responder& responder, int status, std::string text) {
  net::HttpResponse response;
  response.status = status;
  response.headers.add("content-type", "text/plain; charset=utf-8");
  if (status == 503) response.headers.add("retry-after", "1");
  response.body.push_back(SharedBytes(std::move(text) + "\n"));
  responder.send(std::move(response));
}

// What a client says of these cannot be believed: nothing stands in front of this router.
void set_forwarded(net::HttpRequest& request, const Authority& authority, const std::string& scheme) {
  const std::string client = address_of(request.peer.address);
  const std::string own_port = scheme == "https" ? "443" : "80";
  request.headers.set("x-forwarded-for", client);
  request.headers.set("x-real-ip", client);
  request.headers.set("x-forwarded-host", request.host);
  request.headers.set("x-forwarded-port", authority.port.empty() ? own_port : authority.port);
  request.headers.set("x-forwarded-proto", scheme);
}

int status_of(const Error& error) {
  if (error.reason() == Reason::kTimeout) return 504;
  return error.reason() == Reason::kServiceUnavailable ? 503 : 502;
}

}  // namespace

void RouterTable::set(std::shared_ptr<const Routes> routes) {
  const std::lock_guard lock(mutex_);
  routes_.swap(routes);
}

std::shared_ptr<const Routes> RouterTable::get() const {
  const std::lock_guard lock(mutex_);
  return routes_;
}

std::unique_ptr<net::HttpServer> make_router_server(Loop& loop, Clock& clock, const RouterTable& table,
                                                    net::Forwarder& forwarder, std::string scheme) {
  net::HttpLimits limits;
  limits.body_bytes_max = SIZE_MAX;  // they pass through
  limits.streams_per_connection_max = kStreamsPerConnectionMax;
  auto handle = [&table, &forwarder, scheme = std::move(scheme)](net::HttpRequest request,
                                                                 std::shared_ptr<net::IncomingBody> body,
                                                                 std::shared_ptr<net::Responder> responder) {
    const std::shared_ptr<const Routes> routes = table.get();
    const Authority authority = read_authority(request.host);
    const std::string_view path = std::string_view(request.target).substr(0, request.target.find('?'));
    const Backend* backend = routes->find(authority.host, path);
    if (backend == nullptr)
      return answer(*responder, 404, "no Ingress has a rule for host \"" + authority.host + "\" and path " + std::string(path));
    if (backend->addresses.empty()) return answer(*responder, 503, backend->trouble);
    set_forwarded(request, authority, scheme);
    std::vector<std::string> addresses = backend->choose(kAttemptsMax);
    auto failed = [responder, service = backend->service](Error error) {
      const int status = status_of(error);
      const std::string what = status == 503   ? " cannot be reached: "
                               : status == 504 ? " does not answer: "
                                               : " answers badly: ";
      answer(*responder, status, "Service " + service + what + error.message());
    };
    forwarder.forward(std::move(addresses), nullptr, std::move(request), std::move(body), std::move(responder),
                      std::move(failed));
  };
  return net::make_proxy_http_server(loop, clock, limits, std::move(handle), nullptr);
}

}  // namespace plinth::network
