#include "node/pod/service_variables.h"

#include <cctype>

#include "base/text.h"

namespace plinth::node {
namespace {

// Remembered; those that are gone are among them until then.
constexpr std::size_t kServicesMax = 20'000, kNamespacesMax = 1'000;
constexpr std::string_view kApiNamespace = "default", kApiService = "kubernetes";  // every pod has its variables

std::string variable_name(std::string_view text) {
  std::string out;
  for (const char c : text) out += c == '-' || c == '.' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return out;
}

std::vector<KeyValue> variables_of(const client::Object& service) {
  std::vector<KeyValue> out;
  const std::string ip(service["spec"]["clusterIP"].as_string());
  const Value ports = service["spec"]["ports"];
  if (ip.empty() || ip == "None" || service["spec"]["type"].as_string() == "ExternalName" || ports.size() == 0) return out;
  const std::string name = variable_name(service.name);
  const auto number = [](const Value& port) { return std::to_string(port["port"].as_int()); };
  const auto protocol = [](const Value& port) {
    const std::string_view given = port["protocol"].as_string();
    return std::string(given.empty() ? "TCP" : given);
  };
  const std::string host = ip.find(':') != std::string::npos ? "[" + ip + "]" : ip;
  const auto url = [&](const Value& port) { return to_lower(protocol(port)) + "://" + host + ":" + number(port); };
  out.push_back({name + "_SERVICE_HOST", ip});
  out.push_back({name + "_SERVICE_PORT", number(ports.items()[0])});
  for (const Value& port : ports.items()) {
    const std::string_view port_name = port["name"].as_string();
    if (!port_name.empty()) out.push_back({name + "_SERVICE_PORT_" + variable_name(port_name), number(port)});
  }
  out.push_back({name + "_PORT", url(ports.items()[0])});
  for (const Value& port : ports.items()) {
    const std::string base = name + "_PORT_" + number(port) + "_" + protocol(port);
    out.push_back({base, url(port)});
    out.push_back({base + "_PROTO", to_lower(protocol(port))});
    out.push_back({base + "_PORT", number(port)});
    out.push_back({base + "_ADDR", ip});
  }
  return out;
}

}  // namespace

ServiceLinks::ServiceLinks(std::vector<KeyValue> variables) {
  variables_.reserve(variables.size());  // places_ has views of what is in it
  places_.reserve(variables.size());
  for (KeyValue& variable : variables) {
    if (places_.count(variable.key) > 0) continue;
    variables_.push_back(std::move(variable));
    places_.emplace(variables_.back().key, variables_.size() - 1);
  }
}

const std::string* ServiceLinks::find(std::string_view name) const {
  const auto place = places_.find(name);
  return place == places_.end() ? nullptr : &variables_[place->second].value;
}

void ServiceVariables::changed(std::string_view name_space) {
  if (name_space == kApiNamespace) return forget();
  if (const auto found = namespaces_.find(name_space); found != namespaces_.end()) namespaces_.erase(found);
}

void ServiceVariables::forget() { namespaces_.clear(); }

ServiceLinksPtr ServiceVariables::of_pod(const client::View& view, const std::string& name_space, bool links,
                                         std::size_t variables_max) {
  if (namespaces_.size() > kNamespacesMax) namespaces_.clear();
  OfNamespace& known = namespaces_[name_space];
  ServiceLinksPtr& wanted = links ? known.with_links : known.without;
  if (wanted == nullptr) wanted = std::make_shared<const ServiceLinks>(collect(view, name_space, links, variables_max));
  return wanted;
}

const std::vector<KeyValue>& ServiceVariables::of_service(const client::Object& service) {
  Known& known = known_[service.uid];
  if (known.revision != service.revision) known = {service.revision, variables_of(service)};
  return known.variables;
}

std::vector<KeyValue> ServiceVariables::collect(const client::View& view, const std::string& name_space, bool links,
                                                std::size_t variables_max) {
  std::vector<KeyValue> out;
  const auto resource = view.find_resource("", "services");
  if (!resource) return out;
  if (known_.size() > kServicesMax) known_.clear();
  const auto add = [&](const client::Object& service) {
    const std::vector<KeyValue>& variables = of_service(service);
    out.insert(out.end(), variables.begin(), variables.end());
  };
  if (const auto api = view.get(*resource, kApiNamespace, kApiService)) add(*api);
  if (!links) return out;
  view.list(*resource, name_space, [&](const client::Object& service) {
    if (service.name != kApiService || service.name_space != kApiNamespace) add(service);
    return out.size() < variables_max;
  });
  return out;
}

}  // namespace plinth::node
