#include "network/services/service_table.h"

namespace plinth::network {
namespace {

constexpr std::string_view kServiceLabel = "kubernetes.io/service-name";
constexpr std::int64_t kAffinitySecondsDefault = 10800;

std::vector<std::string> texts(const Value& list) {
  std::vector<std::string> out;
  for (const Value& item : list.items()) out.emplace_back(item.as_string());
  return out;
}

Service read_service(const client::Object& object) {
  Service out;
  out.name_space = object.name_space;
  out.name = object.name;
  const Value spec = object["spec"];
  out.type = spec["type"].as_string();
  out.external_name = spec["externalName"].as_string();
  if (out.type != "ExternalName" && spec["clusterIP"].as_string() != "None") {
    out.cluster_ips = texts(spec["clusterIPs"]);
    if (out.cluster_ips.empty() && !spec["clusterIP"].as_string().empty())
      out.cluster_ips.emplace_back(spec["clusterIP"].as_string());
  }
  out.external_ips = texts(spec["externalIPs"]);
  for (const Value& ingress : object["status"]["loadBalancer"]["ingress"].items()) {
    if (!ingress["ip"].as_string().empty()) out.balancer_ips.emplace_back(ingress["ip"].as_string());
  }
  out.balancer_sources = texts(spec["loadBalancerSourceRanges"]);
  out.publish_not_ready = spec["publishNotReadyAddresses"].as_bool();
  if (spec["sessionAffinity"].as_string() == "ClientIP") {
    const Value* seconds = spec.find_path({"sessionAffinityConfig", "clientIP", "timeoutSeconds"});
    out.affinity_seconds = seconds != nullptr ? seconds->as_int() : kAffinitySecondsDefault;
  }
  out.internal_local = spec["internalTrafficPolicy"].as_string() == "Local";
  out.external_local = spec["externalTrafficPolicy"].as_string() == "Local";
  out.health_check_node_port = spec["healthCheckNodePort"].as_int();
  for (const Value& port : spec["ports"].items()) {
    ServicePort one;
    one.name = port["name"].as_string();
    if (!port["protocol"].as_string().empty()) one.protocol = port["protocol"].as_string();
    one.port = port["port"].as_int();
    one.node_port = port["nodePort"].as_int();
    out.ports.push_back(std::move(one));
  }
  return out;
}

Endpoint read_endpoint(const Value& value) {
  Endpoint out;
  out.name = value["hostname"].as_string();
  out.node = value["nodeName"].as_string();
  const Value conditions = value["conditions"];
  // What is not said counts as said: yes, yes, no.
  const Value ready = conditions["ready"], serving = conditions["serving"];
  out.ready = ready.is_null() || ready.as_bool();
  out.serving = serving.is_null() ? out.ready : serving.as_bool();
  out.terminating = conditions["terminating"].as_bool();
  return out;
}

void add_slice(const client::Object& slice, Service& service) {
  if (slice["addressType"].as_string() == "FQDN") return;
  for (const Value& slice_port : slice["ports"].items()) {
    for (ServicePort& port : service.ports) {
      const std::string_view protocol = slice_port["protocol"].as_string();
      if (slice_port["name"].as_string() != port.name || (!protocol.empty() && protocol != port.protocol)) continue;
      for (const Value& value : slice["endpoints"].items()) {
        Endpoint endpoint = read_endpoint(value);
        if (value["addresses"].size() == 0) continue;
        endpoint.address = value["addresses"].items()[0].as_string();
        port.endpoints.push_back({std::move(endpoint), slice_port["port"].as_int()});
      }
    }
  }
}

}  // namespace

std::vector<const PortEndpoint*> ServicePort::usable() const {
  std::vector<const PortEndpoint*> ready, ending;
  for (const PortEndpoint& one : endpoints) {
    if (one.endpoint.ready)
      ready.push_back(&one);
    else if (one.endpoint.serving && one.endpoint.terminating)
      ending.push_back(&one);
  }
  return ready.empty() ? ending : ready;
}

ServiceTable read_services(const client::View& view) {
  ServiceTable out;
  const auto services = view.find_resource("", "services");
  const auto slices = view.find_resource("discovery.k8s.io", "endpointslices");
  if (!services || !slices) return out;
  view.list(*services, "", [&](const client::Object& object) {
    out.emplace(object.name_space + "/" + object.name, read_service(object));
    return true;
  });
  view.list(*slices, "", [&](const client::Object& slice) {
    const auto found = out.find(slice.name_space + "/" + std::string(slice.label(kServiceLabel)));
    if (found != out.end()) add_slice(slice, found->second);
    return true;
  });
  return out;
}

std::string host_and_port(const std::string& address, std::int64_t port) {
  const bool v6 = address.find(':') != std::string::npos;
  return (v6 ? "[" + address + "]" : address) + ":" + std::to_string(port);
}

}  // namespace plinth::network
