#include "control/kubernetes_service.h"

namespace plinth::control {
namespace {

using client::Change;
using client::Object;
using client::Plan;
using client::View;

constexpr std::string_view kName = "kubernetes-service-controller";
constexpr std::string_view kObject = "kubernetes";
constexpr std::string_view kNetworking = "networking.k8s.io";
constexpr std::string_view kDiscovery = "discovery.k8s.io";
constexpr std::int64_t kHttps = 443;

class KubernetesService final : public client::Controller {
 public:
  explicit KubernetesService(KubernetesServiceOptions options) : options_(std::move(options)) {}
  std::string_view name() const override { return kName; }

  // Keys are resources: there is one object of each.
  void keys_of(const Change& change, const View&, std::vector<std::string>& keys) const override {
    const Object& object = change.object;
    if (object.name != kObject) return;
    if (object.resource.is(kNetworking, "servicecidrs")) keys.emplace_back("servicecidrs");
    if (object.name_space != "default") return;
    if (object.resource.is("", "services")) keys.emplace_back("services");
    if (object.resource.is("", "endpoints")) keys.emplace_back("endpoints");
    if (object.resource.is(kDiscovery, "endpointslices")) keys.emplace_back("endpointslices");
  }
  void initial_keys(const View&, std::vector<std::string>& keys) const override {
    for (const char* key : {"services", "servicecidrs", "endpoints", "endpointslices"}) keys.emplace_back(key);
  }

  Plan step(const View& view, const std::string& key, const client::StepContext&) const override {
    if (key == "services") return service_step(view);
    if (key == "servicecidrs") return range_step(view);
    return key == "endpoints" ? endpoints_step(view, "", key, {"subsets"}, wanted_endpoints())
                              : endpoints_step(view, kDiscovery, key, {"endpoints", "ports"}, wanted_slice());
  }

 private:
  Plan service_step(const View& view) const {
    Plan plan;
    const client::Resource services = *view.find_resource("", "services");
    const auto in = view.get(*view.find_resource("", "namespaces"), "", "default");
    if (!in || in->deleting()) return plan;
    const auto service = view.get(services, "default", kObject);
    if (!service) {
      plan.requests.push_back(client::create_request(services, "default", wanted_service().root(), kName));
    } else if (service->deleting()) {
      return plan;
    } else if ((*service)["spec"]["clusterIP"].as_string() != options_.cluster_ip) {
      plan.requests.push_back(client::delete_request(*service, "", /*same_revision=*/true));
    } else if (const Draft wanted = wanted_service(); !has_ports(*service, wanted.root()["spec"]["ports"])) {
      Draft next(service->document);
      next.member(next.member(next.root(), "spec"), "ports") = next.clone(wanted.root()["spec"]["ports"]);
      plan.requests.push_back(client::update_request(*service, "", next.root(), kName));
    }
    return plan;
  }

  static bool has_ports(const Object& service, const Value& wanted) { return equal(service["spec"]["ports"], wanted); }

  Draft wanted_service() const {
    Draft draft;
    Value& root = draft.root() = draft.object();
    draft.set(root, "apiVersion", "v1");
    draft.set(root, "kind", "Service");
    Value& metadata = draft.member_path(root, {"metadata"});
    draft.set(metadata, "name", kObject);
    Value& labels = draft.member_path(metadata, {"labels"});
    draft.set(labels, "component", "apiserver");
    draft.set(labels, "provider", "kubernetes");
    Value& spec = draft.member_path(root, {"spec"});
    draft.set(spec, "type", "ClusterIP");
    draft.set(spec, "clusterIP", options_.cluster_ip);
    Value families = draft.array();
    draft.push(families, draft.text(options_.family));
    draft.set(spec, "ipFamilies", families);
    draft.set(spec, "ipFamilyPolicy", "SingleStack");
    draft.set(spec, "sessionAffinity", "None");
    Value port = draft.object();
    draft.set(port, "name", "https");
    draft.set(port, "port", Value::of(kHttps));
    draft.set(port, "protocol", "TCP");
    draft.set(port, "targetPort", Value::of(options_.api_port));
    Value ports = draft.array();
    draft.push(ports, port);
    draft.set(spec, "ports", ports);
    return draft;
  }

  // `parts` are the members that are mended.
  Plan endpoints_step(const View& view, std::string_view group, std::string_view plural,
                      std::initializer_list<std::string_view> parts, const Draft& wanted) const {
    Plan plan;
    const auto resource = view.find_resource(group, plural);
    const auto in = view.get(*view.find_resource("", "namespaces"), "", "default");
    if (options_.api_address.empty() || !resource || !in || in->deleting()) return plan;
    const auto there = view.get(*resource, "default", kObject);
    if (!there) {
      plan.requests.push_back(client::create_request(*resource, "default", wanted.root(), kName));
      return plan;
    }
    if (there->deleting()) return plan;
    Draft next(there->document);
    bool changed = false;
    for (std::string_view part : parts) {
      if (equal((*there)[part], wanted.root()[part])) continue;
      next.member(next.root(), part) = next.clone(wanted.root()[part]);
      changed = true;
    }
    if (changed) plan.requests.push_back(client::update_request(*there, "", next.root(), kName));
    return plan;
  }

  Draft endpoints_object(std::string_view api_version, std::string_view kind, std::string_view label,
                         std::string_view value) const {
    Draft draft;
    Value& root = draft.root() = draft.object();
    draft.set(root, "apiVersion", api_version);
    draft.set(root, "kind", kind);
    draft.set(draft.member_path(root, {"metadata"}), "name", kObject);
    draft.set(draft.member_path(root, {"metadata", "labels"}), label, value);
    return draft;
  }

  Value one_port(Draft& draft) const {
    Value port = draft.object();
    draft.set(port, "name", "https");
    draft.set(port, "port", Value::of(options_.api_port));
    draft.set(port, "protocol", "TCP");
    Value ports = draft.array();
    draft.push(ports, port);
    return ports;
  }

  // Whoever mirrors Endpoints into slices leaves these alone.
  Draft wanted_endpoints() const {
    Draft draft = endpoints_object("v1", "Endpoints", "endpointslice.kubernetes.io/skip-mirror", "true");
    Value address = draft.object();
    draft.set(address, "ip", options_.api_address);
    Value addresses = draft.array();
    draft.push(addresses, address);
    Value subset = draft.object();
    draft.set(subset, "addresses", addresses);
    draft.set(subset, "ports", one_port(draft));
    Value subsets = draft.array();
    draft.push(subsets, subset);
    draft.set(draft.root(), "subsets", subsets);
    return draft;
  }

  Draft wanted_slice() const {
    Draft draft = endpoints_object("discovery.k8s.io/v1", "EndpointSlice", "kubernetes.io/service-name", kObject);
    draft.set(draft.root(), "addressType", options_.api_address.find(':') == std::string::npos ? "IPv4" : "IPv6");
    Value addresses = draft.array();
    draft.push(addresses, draft.text(options_.api_address));
    Value endpoint = draft.object();
    draft.set(endpoint, "addresses", addresses);
    draft.set(draft.member(endpoint, "conditions"), "ready", Value::of(true));
    Value endpoints = draft.array();
    draft.push(endpoints, endpoint);
    draft.set(draft.root(), "endpoints", endpoints);
    draft.set(draft.root(), "ports", one_port(draft));
    return draft;
  }

  Plan range_step(const View& view) const {
    Plan plan;
    const auto ranges = view.find_resource(kNetworking, "servicecidrs");
    if (!ranges) return plan;
    const auto range = view.get(*ranges, "", kObject);
    if (range && range->deleting()) return plan;
    if (range && !names_our_range(*range)) {
      plan.requests.push_back(client::delete_request(*range, "", /*same_revision=*/true));
    } else if (!range) {
      plan.requests.push_back(client::create_request(*ranges, "", wanted_range().root(), kName));
    }
    return plan;
  }

  bool names_our_range(const Object& range) const {
    const Value cidrs = range["spec"]["cidrs"];
    return cidrs.size() == 1 && cidrs.items()[0].as_string() == options_.service_cidr;
  }

  Draft wanted_range() const {
    Draft draft;
    Value& root = draft.root() = draft.object();
    draft.set(root, "apiVersion", "networking.k8s.io/v1");
    draft.set(root, "kind", "ServiceCIDR");
    draft.set(draft.member_path(root, {"metadata"}), "name", kObject);
    Value cidrs = draft.array();
    draft.push(cidrs, draft.text(options_.service_cidr));
    draft.set(draft.member_path(root, {"spec"}), "cidrs", cidrs);
    return draft;
  }

  const KubernetesServiceOptions options_;
};

}  // namespace

std::unique_ptr<client::Controller> make_kubernetes_service(KubernetesServiceOptions options) {
  return std::make_unique<KubernetesService>(std::move(options));
}

}  // namespace plinth::control
