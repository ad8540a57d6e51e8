// Services, endpoints, ingresses, network policies and the service address objects.
#include <cctype>
#include <set>
#include <vector>

#include <fmt/core.h>

#include "api/printers/cells.h"
#include "api/printers/printer_tables.h"

namespace plinth::api {
namespace {

constexpr std::size_t kListedMax = 3;  // hosts, ports and endpoints that a cell names before it counts the rest

// The first few of a list and how many more there are.
class ShortList {
 public:
  void add(std::string_view text) {
    if (count_++ >= kListedMax) return;
    if (count_ > 1) text_ += ',';
    text_ += text;
  }
  std::string finish(std::string_view empty) && {
    if (count_ > kListedMax) return fmt::format("{} + {} more...", text_, count_ - kListedMax);
    return text_.empty() ? std::string(empty) : std::move(text_);
  }

 private:
  std::string text_;
  std::size_t count_ = 0;
};

constexpr Column kServiceColumns[] = {
    kNameColumn,
    text_column("Type", "How the service is exposed."),
    text_column("Cluster-IP", "Virtual address inside the cluster."),
    text_column("External-IP", "Addresses that reach it from outside."),
    text_column("Port(s)", "Ports, with node ports after a colon."),
    kAgeColumn,
    wide_column("Selector", "Labels of the pods that it routes to."),
};

std::vector<std::string_view> load_balancer_addresses(const Value& load_balancer) {
  std::set<std::string_view> sorted;
  const Value ingress = load_balancer["ingress"];
  for (const Value& entry : ingress.items()) {
    const std::string_view address = or_else(entry["ip"].as_string(), entry["hostname"].as_string());
    if (!address.empty()) sorted.insert(address);
  }
  return {sorted.begin(), sorted.end()};
}

std::string join(const std::vector<std::string_view>& parts) {
  std::string out;
  for (const std::string_view part : parts) {
    if (!out.empty()) out += ',';
    out += part;
  }
  return out;
}

std::string external_ip(const Value& object) {
  const Value spec = object["spec"];
  const std::string_view type = spec["type"].as_string();
  const Value external = spec["externalIPs"];
  if (type == "ClusterIP" || type == "NodePort") return external.size() == 0 ? "<none>" : join_strings(external, ",");
  if (type == "ExternalName") return std::string(spec["externalName"].as_string());
  if (type != "LoadBalancer") return "<unknown>";
  std::vector<std::string_view> addresses = load_balancer_addresses(object["status"]["loadBalancer"]);
  for (const Value& ip : external.items()) addresses.push_back(ip.as_string());
  return addresses.empty() ? "<pending>" : join(addresses);
}

std::string service_ports(const Value& ports) {
  std::string out;
  for (const Value& port : ports.items()) {
    if (!out.empty()) out += ',';
    out += std::to_string(port["port"].as_int());
    if (port["nodePort"].as_int() > 0) out += fmt::format(":{}", port["nodePort"].as_int());
    out.append("/").append(port["protocol"].as_string());
  }
  return out.empty() ? "<none>" : out;
}

void print_service(const Value& object, std::int64_t now_s, CellWriter& cells) {
  const Value spec = object["spec"];
  const Value ips = spec["clusterIPs"];
  const std::string_view cluster_ip = ips.size() == 0 ? spec["clusterIP"].as_string() : ips.items()[0].as_string();
  name_cell(object, cells);
  cells.text(spec["type"].as_string());
  cells.text(or_else(cluster_ip, "<none>"));
  cells.text(external_ip(object));
  cells.text(service_ports(spec["ports"]));
  age_cell(object, now_s, cells);
  cells.text(labels_text(spec["selector"]));
}

constexpr Column kEndpointsColumns[] = {kNameColumn, text_column("Endpoints", "Addresses and ports of the pods."), kAgeColumn};

// IPv6 addresses go into brackets before a port.
std::string host_port(std::string_view host, std::int64_t port) {
  const bool v6 = host.find(':') != std::string_view::npos;
  return v6 ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

std::string endpoints_text(const Value& subsets) {
  if (subsets.size() == 0) return "<none>";
  ShortList list;
  for (const Value& subset : subsets.items()) {
    const Value ports = subset["ports"];
    const Value addresses = subset["addresses"];
    if (ports.size() == 0) {
      for (const Value& address : addresses.items()) list.add(address["ip"].as_string());
    }
    for (const Value& port : ports.items()) {
      for (const Value& address : addresses.items()) list.add(host_port(address["ip"].as_string(), port["port"].as_int()));
    }
  }
  return std::move(list).finish("");
}

void print_endpoints(const Value& object, std::int64_t now_s, CellWriter& cells) {
  name_cell(object, cells);
  cells.text(endpoints_text(object["subsets"]));
  age_cell(object, now_s, cells);
}

constexpr Column kEndpointSliceColumns[] = {
    kNameColumn,
    text_column("AddressType", "Kind of address of all endpoints."),
    text_column("Ports", "Ports of all endpoints."),
    text_column("Endpoints", "Addresses of the endpoints."),
    kAgeColumn,
};

void print_endpoint_slice(const Value& object, std::int64_t now_s, CellWriter& cells) {
  ShortList ports, addresses;
  const Value port_list = object["ports"];
  for (const Value& port : port_list.items()) {
    if (port["port"].is_int()) {
      ports.add(std::to_string(port["port"].as_int()));
    } else {
      ports.add(port["name"].is_string() ? port["name"].as_string() : "*");
    }
  }
  const Value endpoints = object["endpoints"];
  for (const Value& endpoint : endpoints.items()) {
    const Value list = endpoint["addresses"];
    for (const Value& address : list.items()) addresses.add(address.as_string());
  }
  name_cell(object, cells);
  cells.text(object["addressType"].as_string());
  cells.text(std::move(ports).finish("<unset>"));
  cells.text(std::move(addresses).finish("<unset>"));
  age_cell(object, now_s, cells);
}

constexpr Column kIngressColumns[] = {
    kNameColumn,
    text_column("Class", "Ingress class that serves it."),
    text_column("Hosts", "Host names that are routed."),
    text_column("Address", "Where the load balancer listens."),
    text_column("Ports", "80, and 443 when there is TLS."),
    kAgeColumn,
};

std::string hosts_text(const Value& rules) {
  std::string out;
  std::size_t listed = 0;
  bool more = false;
  for (const Value& rule : rules.items()) {
    const std::string_view host = rule["host"].as_string();
    more = more || listed == kListedMax;
    if (more || host.empty()) continue;
    if (listed++ > 0) out += ',';
    out += host;
  }
  if (listed == 0) return "*";
  return more ? fmt::format("{} + {} more...", out, rules.size() - kListedMax) : out;
}

void print_ingress(const Value& object, std::int64_t now_s, CellWriter& cells) {
  const Value spec = object["spec"];
  name_cell(object, cells);
  cells.text(spec["ingressClassName"].is_null() ? "<none>" : spec["ingressClassName"].as_string());
  cells.text(hosts_text(spec["rules"]));
  cells.text(join(load_balancer_addresses(object["status"]["loadBalancer"])));
  cells.text(spec["tls"].size() != 0 ? "80, 443" : "80");
  age_cell(object, now_s, cells);
}

constexpr Column kIngressClassColumns[] = {
    kNameColumn,
    text_column("Controller", "Controller that serves ingresses of the class."),
    text_column("Parameters", "Object with the controller's parameters."),
    kAgeColumn,
};

void print_ingress_class(const Value& object, std::int64_t now_s, CellWriter& cells) {
  const Value parameters = object["spec"]["parameters"];
  const Value annotations = object["metadata"]["annotations"];
  std::string name(object_name(object));
  if (annotations["ingressclass.kubernetes.io/is-default-class"].as_string() == "true") name += " (default)";
  std::string text = "<none>";
  if (parameters.is_object()) {
    text = parameters["kind"].as_string();
    if (parameters["apiGroup"].is_string()) text.append(".").append(parameters["apiGroup"].as_string());
    text.append("/").append(parameters["name"].as_string());
  }
  cells.text(name);
  cells.text(object["spec"]["controller"].as_string());
  cells.text(text);
  age_cell(object, now_s, cells);
}

constexpr Column kNetworkPolicyColumns[] = {
    kNameColumn, text_column("Pod-Selector", "Labels of the pods that the policy is for."), kAgeColumn};

void print_network_policy(const Value& object, std::int64_t now_s, CellWriter& cells) {
  name_cell(object, cells);
  cells.text(selector_cell(object["spec"]["podSelector"]));
  age_cell(object, now_s, cells);
}

constexpr Column kServiceCidrColumns[] = {kNameColumn, text_column("CIDRs", "Ranges that service addresses come from."),
                                          kAgeColumn};

void print_service_cidr(const Value& object, std::int64_t now_s, CellWriter& cells) {
  name_cell(object, cells);
  cells.text(join_strings(object["spec"]["cidrs"], ","));
  age_cell(object, now_s, cells);
}

constexpr Column kIpAddressColumns[] = {kNameColumn, text_column("ParentRef", "Object that the address is allotted to.")};

void print_ip_address(const Value& object, std::int64_t /*now_s*/, CellWriter& cells) {
  const Value parent = object["spec"]["parentRef"];
  std::string text = "<none>";
  if (parent.is_object()) {
    text = parent["resource"].as_string();
    if (!parent["group"].as_string().empty()) text.append(".").append(parent["group"].as_string());
    for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    if (!parent["namespace"].as_string().empty()) text.append("/").append(parent["namespace"].as_string());
    text.append("/").append(parent["name"].as_string());
  }
  name_cell(object, cells);
  cells.text(text);
}

constexpr Printer kPrinters[] = {
    {"", "Service", kServiceColumns, print_service},
    {"", "Endpoints", kEndpointsColumns, print_endpoints},
    {"discovery.k8s.io", "EndpointSlice", kEndpointSliceColumns, print_endpoint_slice},
    {"networking.k8s.io", "Ingress", kIngressColumns, print_ingress},
    {"networking.k8s.io", "IngressClass", kIngressClassColumns, print_ingress_class},
    {"networking.k8s.io", "NetworkPolicy", kNetworkPolicyColumns, print_network_policy},
    {"networking.k8s.io", "ServiceCIDR", kServiceCidrColumns, print_service_cidr},
    {"networking.k8s.io", "IPAddress", kIpAddressColumns, print_ip_address},
};

}  // namespace

std::span<const Printer> network_printers() { return kPrinters; }

}  // namespace plinth::api
