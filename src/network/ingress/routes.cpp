#include "network/ingress/routes.h"

#include <algorithm>
#include <tuple>

#include "base/base64.h"
#include "base/text.h"

namespace plinth::network {
namespace {

constexpr std::string_view kNetworking = "networking.k8s.io";
constexpr std::string_view kClassAnnotation = "kubernetes.io/ingress.class";

std::string port_text(const Value& port) {
  return port["name"].as_string().empty() ? std::to_string(port["number"].as_int()) : std::string(port["name"].as_string());
}

const ServicePort* find_port(const Service& service, const Value& port) {
  const std::string_view name = port["name"].as_string();
  for (const ServicePort& one : service.ports) {
    if (name.empty() ? one.port == port["number"].as_int() : one.name == name) return &one;
  }
  return nullptr;
}

void add_addresses(const Service& service, const ServicePort& port, Backend& out) {
  if (service.type == "ExternalName") {
    out.addresses.push_back(host_and_port(service.external_name, port.port));
    return;
  }
  for (const PortEndpoint* one : port.usable()) out.addresses.push_back(host_and_port(one->endpoint.address, one->port));
  if (out.addresses.empty()) {
    out.trouble = "Service " + service.name_space + "/" + service.name + " has no endpoint that is ready on its port " +
                  (port.name.empty() ? std::to_string(port.port) : port.name);
  }
}

}  // namespace

std::vector<std::string> Backend::choose(std::size_t count) const {
  std::vector<std::string> out;
  if (addresses.empty()) return out;
  const std::uint32_t first = next.fetch_add(1, std::memory_order_relaxed);
  for (std::size_t i = 0; i < std::min(count, addresses.size()); ++i) out.push_back(addresses[(first + i) % addresses.size()]);
  return out;
}

bool PathRoute::matches(std::string_view asked) const {
  if (exact) return asked == path;
  std::string_view prefix = path;
  if (prefix.ends_with('/')) prefix.remove_suffix(1);
  if (!asked.starts_with(prefix)) return false;
  return asked.size() == prefix.size() || asked[prefix.size()] == '/';
}

const Backend* Routes::find(std::string_view host, std::string_view path) const {
  const auto match = [&](const PathRoutes& routes) -> const Backend* {
    const auto found = std::find_if(routes.begin(), routes.end(), [&](const PathRoute& route) { return route.matches(path); });
    return found == routes.end() ? nullptr : found->backend.get();
  };
  if (const auto exact = hosts_.find(host); !host.empty() && exact != hosts_.end()) {
    if (const Backend* found = match(exact->second)) return found;
  }
  if (const std::size_t dot = host.find('.'); dot != std::string_view::npos && dot > 0) {
    const auto wildcard = wildcards_.find(host.substr(dot + 1));
    if (wildcard != wildcards_.end()) {
      if (const Backend* found = match(wildcard->second)) return found;
    }
  }
  if (const auto every = hosts_.find(""); every != hosts_.end()) {
    if (const Backend* found = match(every->second)) return found;
  }
  return fallback_.get();
}

class RoutesBuilder {
 public:
  enum class Identities : bool { kTaken, kChecked };  // checked: what is wrong with them is a trouble
  RoutesBuilder(const client::View& view, Routes& out, Identities identities)
      : view_(view), out_(out), services_(read_services(view)), identities_(identities) {}

  void add(const client::Object& ingress) {
    ++out_.ingresses;
    ingress_ = &ingress;
    const Value spec = ingress["spec"];
    if (spec.find("defaultBackend") != nullptr && !out_.fallback_) out_.fallback_ = backend(spec["defaultBackend"]);
    for (const Value& rule : spec["rules"].items()) add_rule(rule, spec["defaultBackend"]);
    for (const Value& tls : spec["tls"].items()) add_identity(tls, spec["rules"]);
  }

  // The first that is there wins among equal ones: older Ingresses are added before.
  void finish() {
    for (auto* table : {&out_.hosts_, &out_.wildcards_}) {
      for (auto& [host, routes] : *table) {
        std::stable_sort(routes.begin(), routes.end(), [](const PathRoute& a, const PathRoute& b) {
          return a.path.size() != b.path.size() ? a.path.size() > b.path.size() : a.exact && !b.exact;
        });
      }
    }
  }

 private:
  void add_rule(const Value& rule, const Value& default_backend) {
    std::string host = to_lower(rule["host"].as_string());
    auto& routes = host.starts_with("*.") ? out_.wildcards_[host.substr(2)] : out_.hosts_[host];
    const Value paths = rule["http"]["paths"];
    // A host alone stands for its Ingress's default backend.
    if (paths.size() == 0 && !default_backend.is_null()) routes.push_back({false, "/", backend(default_backend)});
    for (const Value& path : paths.items()) {
      std::string text(path["path"].as_string());
      if (text.empty()) text = "/";
      routes.push_back({path["pathType"].as_string() == "Exact", std::move(text), backend(path["backend"])});
    }
  }

  BackendPtr backend(const Value& value) {
    const Value reference = value["service"];
    auto made = std::make_shared<Backend>();
    if (reference.is_null()) {
      made->service =
          std::string(value["resource"]["kind"].as_string()) + " " + std::string(value["resource"]["name"].as_string());
      made->trouble = "backends other than Services are not followed (" + made->service + ")";
      return note(std::move(made));
    }
    const std::string name = ingress_->name_space + "/" + std::string(reference["name"].as_string());
    made->service = name + ":" + port_text(reference["port"]);
    const auto known = backends_.find(made->service);
    if (known != backends_.end()) return known->second;
    const auto service = services_.find(name);
    if (service == services_.end()) {
      made->trouble = "Service " + name + " does not exist";
    } else if (const ServicePort* port = find_port(service->second, reference["port"])) {
      add_addresses(service->second, *port, *made);
    } else if (service->second.type == "ExternalName" && reference["port"]["number"].as_int() > 0) {
      made->addresses.push_back(host_and_port(service->second.external_name, reference["port"]["number"].as_int()));
    } else {
      made->trouble = "Service " + name + " has no port " + port_text(reference["port"]);
    }
    backends_.emplace(made->service, made);
    return note(std::move(made));
  }

  BackendPtr note(std::shared_ptr<Backend> made) {
    if (!made->trouble.empty()) out_.troubles.emplace(ingress_->name_space + "/" + ingress_->name, made->trouble);
    return made;
  }

  void add_identity(const Value& tls, const Value& rules) {
    const std::string secret_name(tls["secretName"].as_string());
    if (secret_name.empty()) return;  // the router's own certificate
    net::NamedIdentity out;
    for (const Value& host : tls["hosts"].items()) out.names.push_back(to_lower(host.as_string()));
    // Without hosts it is meant for those of the rules.
    if (out.names.empty()) {
      for (const Value& rule : rules.items()) {
        if (!rule["host"].as_string().empty()) out.names.push_back(to_lower(rule["host"].as_string()));
      }
    }
    const auto secrets = view_.find_resource("", "secrets");
    const auto secret = secrets ? view_.get(*secrets, ingress_->name_space, secret_name) : std::nullopt;
    const auto trouble = [&](const std::string& why) {
      out_.troubles.emplace(ingress_->name_space + "/" + ingress_->name,
                            "Secret " + ingress_->name_space + "/" + secret_name + " " + why);
    };
    if (!secret) return trouble("does not exist: the router's own certificate is used");
    const auto certificate = base64_decode((*secret)["data"]["tls.crt"].as_string());
    const auto key = base64_decode((*secret)["data"]["tls.key"].as_string());
    if (!certificate || !key || certificate->empty() || key->empty())
      return trouble("has no tls.crt and tls.key: the router's own certificate is used");
    out.identity = {*certificate, *key};
    if (identities_ == Identities::kChecked) {
      if (const auto usable = net::make_server_context(out.identity, ""); !usable.ok())
        return trouble("is not usable: " + usable.error().message());
    }
    out_.identities.push_back(std::move(out));
  }

  const client::View& view_;
  Routes& out_;
  const ServiceTable services_;
  const Identities identities_;
  const client::Object* ingress_ = nullptr;
  std::map<std::string, BackendPtr> backends_;  // by `service`
};

bool follows_ingress(const client::View& view, const client::Object& ingress, const std::set<std::string>& classes) {
  std::string name(ingress["spec"]["ingressClassName"].as_string());
  if (name.empty()) name = ingress.metadata()["annotations"][kClassAnnotation].as_string();
  if (name.empty() || name == kIngressClass || classes.count(name) > 0) return true;
  const auto resource = view.find_resource(kNetworking, "ingressclasses");
  const auto object = resource ? view.get(*resource, "", name) : std::nullopt;
  return object && (*object)["spec"]["controller"].as_string() == kIngressController;
}

std::vector<std::string> ingress_troubles(const client::View& view, const client::Object& ingress) {
  Routes routes;
  RoutesBuilder(view, routes, RoutesBuilder::Identities::kChecked).add(ingress);
  std::vector<std::string> out;
  for (const auto& [key, text] : routes.troubles) out.push_back(text);
  return out;
}

std::shared_ptr<const Routes> read_routes(const client::View& view, const std::set<std::string>& classes) {
  auto out = std::make_shared<Routes>();
  const auto resource = view.find_resource(kNetworking, "ingresses");
  if (!resource) return out;
  std::vector<client::Object> all;
  view.list(*resource, "", [&](const client::Object& ingress) {
    if (!ingress.deleting() && follows_ingress(view, ingress, classes)) all.push_back(ingress);
    return true;
  });
  if (all.empty()) return out;
  std::stable_sort(all.begin(), all.end(), [](const client::Object& a, const client::Object& b) {
    const auto key = [](const client::Object& o) {
      return std::tuple(o.metadata()["creationTimestamp"].as_string(), std::string_view(o.name_space),
                        std::string_view(o.name));
    };
    return key(a) < key(b);
  });
  RoutesBuilder builder(view, *out, RoutesBuilder::Identities::kTaken);
  for (const client::Object& ingress : all) builder.add(ingress);
  builder.finish();
  return out;
}

}  // namespace plinth::network
