#include "network/services/health_checks.h"

#include <set>

#include <fmt/format.h>

#include "net/http.h"

namespace plinth::network {

struct HealthChecks::Port {
  std::string name_space, name;
  std::size_t endpoints = 0;
  std::unique_ptr<net::HttpServer> http;
  std::unique_ptr<Listener> listener;

  net::HttpResponse answer() const {
    net::HttpResponse out;
    out.status = endpoints > 0 ? 200 : 503;
    out.headers.add("content-type", "application/json");
    out.headers.add("x-content-type-options", "nosniff");
    out.headers.add("x-load-balancing-endpoint-weight", std::to_string(endpoints));
    // Names of Services need no escapes.
    out.body = {SharedBytes(fmt::format(
        "{{\"service\":{{\"namespace\":\"{}\",\"name\":\"{}\"}},\"localEndpoints\":{},\"serviceProxyHealthy\":true}}",
        name_space, name, endpoints))};
    return out;
  }
};

HealthChecks::HealthChecks(HealthCheckParts parts) : parts_(std::move(parts)) {}
HealthChecks::~HealthChecks() = default;

void HealthChecks::set(const ServiceTable& services) {
  std::set<std::int64_t> wanted;
  for (const auto& [key, service] : services) {
    const std::int64_t number = service.health_check_node_port;
    if (number == 0 || !wanted.insert(number).second) continue;
    auto& port = ports_[number];
    if (!port) port = std::make_unique<Port>();
    port->name_space = service.name_space;
    port->name = service.name;
    port->endpoints = local_endpoints(service, parts_.node);
    if (port->listener) continue;
    port->http = net::make_http_server(
        *parts_.loop, *parts_.clock, net::HttpLimits(),
        [one = port.get()](net::HttpRequest, std::shared_ptr<net::Responder> responder) { responder->send(one->answer()); },
        [](const Error& error) { return error.message(); });
    auto listener =
        parts_.network->listen(*parts_.loop, fmt::format("0.0.0.0:{}", number), nullptr,
                               [http = port->http.get()](std::unique_ptr<Stream> stream) { http->serve(std::move(stream)); });
    if (listener.ok())
      port->listener = std::move(*listener);
    else
      parts_.log.warning("a health check of a Service cannot be answered", {{"service", key}, {"error", listener.error()}});
  }
  std::erase_if(ports_, [&](const auto& entry) { return wanted.count(entry.first) == 0; });
}

std::size_t local_endpoints(const Service& service, const std::string& node) {
  std::set<std::string> addresses;
  for (const ServicePort& port : service.ports) {
    for (const PortEndpoint& one : port.endpoints) {
      if (one.endpoint.ready && (one.endpoint.node.empty() || one.endpoint.node == node))
        addresses.insert(one.endpoint.address);
    }
  }
  return addresses.size();
}

}  // namespace plinth::network
